using Gateway.EndToEndTests.Support;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>Users, pools and gateways of an explorer at the command line, against a real node.</summary>
public sealed class PhonebookTests
{
    [Fact]
    public async Task A_user_sees_and_changes_his_entry_and_what_he_does_not_name_stays()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        var bobby = await new CommandLineUser(node, work.Path, "bobby").RegisterAsync();
        await alice.MustAsync("user", "update", "--description", "who \u001b[31mI am");
        await alice.MustAsync("user", "update", "--email", "Alice@Example.org", "--host", "example.org");
        var own = await alice.MustAsync("user", "show");
        Assert.Equal(("1", "alice", "alice@example.org", "example.org"), (own["user"]!.ToString(), own["name"]!.ToString(), own["email"]!.ToString(), own["host"]!.ToString()));
        // Nothing that moves a cursor reaches a terminal.
        Assert.Equal("who  [31mI am", own["description"]!.ToString());
        foreach (var who in (string[])["1", "alice", "alice@example.org"]) Assert.Equal(own.ToJsonString(), (await bobby.MustAsync("user", "show", who)).ToJsonString());

        var taken = await bobby.RunAsync("user", "update", "--email", "alice@example.org");
        Assert.Equal(3, taken.Code);
        var unknown = await bobby.RunAsync("user", "show", "nobody");
        Assert.Equal((3, "gateway: The explorer knows no user 'nobody'.\n"), (unknown.Code, unknown.Error));
        Assert.Equal(2, (await bobby.RunAsync("user", "update")).Code);
    }

    [Fact]
    public async Task An_address_that_the_explorer_does_not_show_is_not_emptied_by_accident()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = new CommandLineUser(node, work.Path);
        await alice.MustAsync("identity", "new");
        await alice.MustAsync("user", "register", "--name", "alice", "--email", "");
        var ended = await alice.RunAsync("user", "update", "--host", "example.org");
        Assert.Equal(1, ended.Code);
        Assert.Contains("give it with --email", ended.Error, StringComparison.Ordinal);
        await alice.MustAsync("user", "update", "--host", "example.org", "--email", "alice@example.org");
    }

    [Fact]
    public async Task A_signature_is_validated_for_the_user_who_made_it_and_for_nobody_else()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await new CommandLineUser(node, work.Path, "bobby").RegisterAsync();
        Assert.True(SeedStore.TryLoad(work.File("bobby.seed"), out var seed, out var fault), fault);
        await File.WriteAllTextAsync(work.File("letter"), "dear all", TestContext.Current.CancellationToken);
        var signature = seed.Identity.SignHex("dear all"u8);
        Assert.True((bool)(await alice.MustAsync("user", "validate", "bobby", "--file", work.File("letter"), "--signature", signature))["valid"]!);
        var other = await alice.RunAsync("user", "validate", "alice", "--message", "dear all", "--signature", signature);
        Assert.Equal(3, other.Code);
        Assert.Contains("User 1 did not sign this message", other.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await alice.RunAsync("user", "validate", "alice", "--signature", signature)).Code);
    }

    [Fact]
    public async Task A_user_with_as_many_pools_as_he_may_have_gets_the_next_gateway_into_one_of_them()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"), "--explorer-pools-per-user", "1");
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        Assert.Contains("You have no pool yet", (await alice.RunAsync("pools")).Output, StringComparison.Ordinal);
        await alice.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");
        var first = (await alice.MustAsync("pools"))[0]!;
        Assert.Equal(("1", "1"), (first["pool"]!.ToString(), first["reservations"]![0]!.ToString()));

        var other = await RegisterGatewayAsync(node);
        await alice.MustAsync("reserve", "subdomain", "a.other.test", "--ip", "127.0.0.1", "--gateway", other, "--wait", "0");
        Assert.Equal([first["gateways"]![0]!.ToString(), other], (await alice.MustAsync("pools", "1"))[0]!["gateways"]!.AsArray().Select(it => it!.ToString()));
        Assert.Single((await alice.MustAsync("pools")).AsArray());
        Assert.Equal(other, Assert.Single((await alice.MustAsync("gateways", "--country", "Freedonia")).AsArray())!["gateway"]!.ToString());
        Assert.Empty((await alice.MustAsync("gateways", "--farm", "77", "--city", "Nowhere")).AsArray());
    }

    private static async Task<string> RegisterGatewayAsync(RunningNode node)
    {
        var identity = Identity.Create();
        using var http = ExplorerClient.CreateHttpClient();
        var entry = new GatewayNode { NodeId = identity.Id, PublicKeyHex = identity.PublicKey.Hex, FarmId = 77, OsVersion = "test", Location = new GatewayLocation { Country = "Freedonia" }, ManagedDomains = ["other.test"] };
        ReservingUser.Must(await new ExplorerClient(http, node.Explorer, ExplorerSigner.Gateway(identity)).RegisterGatewayAsync(entry, TestContext.Current.CancellationToken));
        return identity.Id;
    }
}

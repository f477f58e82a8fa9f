using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What a second try, another's things and a refusal come to at the command line: nothing is lost, and the cure is named.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task Registering_again_finds_the_user_and_keeps_what_he_holds()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await alice.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");
        var seed = await File.ReadAllTextAsync(work.File("alice.seed"), TestContext.Current.CancellationToken);
        var again = await alice.RunAsync("user", "register", "--name", "other", "--email", "other@example.test");
        Assert.Equal((0, "You are user 1 (alice) already.\n"), (again.Code, again.Output));
        Assert.Equal(seed, await File.ReadAllTextAsync(work.File("alice.seed"), TestContext.Current.CancellationToken));
        Assert.Single((await alice.MustAsync("reservations")).AsArray());
    }

    [Fact]
    public async Task An_identity_of_another_explorer_is_registered_when_its_id_is_free_and_refused_when_it_is_somebody_elses()
    {
        using var work = new TemporaryDirectory();
        await using var home = await RunningNode.StartAsync(work.File("home"));
        await using var away = await RunningNode.StartAsync(work.File("away"));
        await new CommandLineUser(home, work.Path).RegisterAsync();
        await new CommandLineUser(away, work.Path, "bobby").RegisterAsync();
        var stranger = await new CommandLineUser(away, work.Path).RunAsync("user", "register", "--name", "alice", "--email", "alice@example.test");
        Assert.Equal(3, stranger.Code);
        Assert.Contains("user 1, but with this explorer that is somebody else", stranger.Error, StringComparison.Ordinal);

        await using var empty = await RunningNode.StartAsync(work.File("empty"));
        var reserved = await new CommandLineUser(empty, work.Path).RunAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");
        Assert.Equal(3, reserved.Code);
        Assert.Contains("Register with 'gateway user register", reserved.Error, StringComparison.Ordinal);
        await new CommandLineUser(empty, work.Path).MustAsync("user", "register", "--name", "alice", "--email", "alice@example.test");
    }

    [Fact]
    public async Task Somebody_who_is_nobody_yet_sees_where_he_may_reserve()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var listed = Assert.Single((await new CommandLineUser(node, work.Path).MustAsync("gateways")).AsArray())!;
        Assert.Equal(("gw.test", "ns1.gw.test"), (listed["domains"]![0]!.ToString(), listed["nameservers"]![0]!.ToString()));
        Assert.Contains(listed["gateway"]!.ToString(), (await new CommandLineUser(node, work.Path).RunAsync("gateways")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_anothers_is_named_so()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        var bobby = await new CommandLineUser(node, work.Path, "bobby").RegisterAsync();
        var held = (await alice.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1"))["id"]!.ToString();
        var deleted = await bobby.RunAsync("delete", held);
        Assert.Equal(3, deleted.Code);
        Assert.StartsWith($"gateway: Reservation {held} belongs to another user", deleted.Error, StringComparison.Ordinal);

        var carol = new CommandLineUser(node, work.Path, "carol");
        await carol.MustAsync("identity", "new");
        var taken = await carol.RunAsync("user", "register", "--name", "alice", "--email", "carol@example.test");
        Assert.Equal(3, taken.Code);
        Assert.Contains("choose another --name or --email", taken.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_tunnel_leaves_no_secret_behind_and_a_file_that_was_there_stays()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        var bobby = await new CommandLineUser(node, work.Path, "bobby").RegisterAsync();
        await bobby.MustAsync("reserve", "tunnel", "taken.gw.test");
        var file = work.File("secret");
        for (var i = 0; i < 2; i++)
        {
            var refused = await alice.RunAsync("reserve", "tunnel", "taken.gw.test", "--secret-file", file);
            Assert.True(refused.Code == 3, refused.Output + refused.Error);
            Assert.False(File.Exists(file));
        }

        await alice.MustAsync("reserve", "tunnel", "a.gw.test", "--secret-file", file);
        var secret = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        var second = await alice.RunAsync("reserve", "tunnel", "b.gw.test", "--secret-file", file);
        Assert.Equal(1, second.Code);
        Assert.Contains("a seed or secret file is never overwritten", second.Error, StringComparison.Ordinal);
        Assert.Equal(secret, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_wrong_secret_is_told_as_one_and_never_as_connected()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        await File.WriteAllTextAsync(work.File("wrong"), "1:nobody-reserved-this", TestContext.Current.CancellationToken);
        await using var client = new CommandLineUser(node, work.Path).Expose("127.0.0.1:1", work.File("wrong"));
        await client.SaysAsync("no reservation at this gateway has this secret");
        Assert.DoesNotContain(": connected", client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_words_of_an_identity_are_there_for_programs_that_ask_for_them()
    {
        using var work = new TemporaryDirectory();
        var variables = new Dictionary<string, string> { ["GW_IDENTITY"] = work.File("seed") };
        await Programs.RunAsync(Programs.Gateway, ["identity", "new"], variables);
        var shown = await Programs.RunAsync(Programs.Gateway, ["identity", "show", "--words", "--json"], variables);
        Assert.Equal(24, JsonNode.Parse(shown.Output)!["words"]!.ToString().Split(' ').Length);
        var usual = await Programs.RunAsync(Programs.Gateway, ["identity", "show", "--json"], variables);
        Assert.Null(JsonNode.Parse(usual.Output)!["words"]);
    }

    [Fact]
    public async Task A_page_whose_port_is_taken_is_one_line()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var port = ((IPEndPoint)holder.LocalEndpoint).Port;
        var ended = await Programs.RunAsync(Programs.Gateway, ["hello", "--port", port.ToString(CultureInfo.InvariantCulture)]);
        Assert.Equal(1, ended.Code);
        Assert.Matches($"^gateway: TCP port {port} on 127.0.0.1 is taken.*\n$", ended.Error);
    }

    [Fact]
    public async Task The_line_to_paste_keeps_the_secret_out_of_the_process_list()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await alice.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");
        var reserved = await alice.MustAsync("reserve", "tunnel", "a.gw.test");
        Assert.Matches("^tls://.+:[0-9]+#sha256:[0-9a-f]{64}$", reserved["remote"]!.ToString());
        Assert.Equal($"TRC_SECRET={reserved["secret"]} gateway expose http://localhost:8000 --remote {reserved["remote"]}", reserved["expose"]!.ToString());
    }
}

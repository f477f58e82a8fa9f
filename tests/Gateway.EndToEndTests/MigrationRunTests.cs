using System.Globalization;
using System.Text;
using System.Text.Json;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>docs/migration.md step by step, with what a node of the old TFGateway left behind: its seed file, its Redis, its options.</summary>
public sealed class MigrationRunTests
{
    private const string Host = "a.gw.example.com";

    private const string Identity = "4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF";

    [Theory]
    [InlineData("seed_file_v1_0_0_hex")]
    [InlineData("seed_file_v1_1_0_text")]
    public async Task A_node_starts_from_the_old_seed_file_and_the_old_Redis_and_answers_as_before(string form)
    {
        using var work = new TemporaryDirectory();
        await using var redis = await RedisServer.StartAsync(work.File("redis"));
        await FillAsync(redis);
        await using var web = new ByteServer(1000, bytesPerSecond: 10_000_000);
        await RouteAsync(redis, Host, web.Address);
        var seed = work.File("identity.seed");
        await WriteSeedAsync(seed, form);
        var octets = await File.ReadAllBytesAsync(seed, TestContext.Current.CancellationToken);

        // Step 3: another state directory than the old one's, and the options of the old node.
        string[] options = ["--seed", seed, "--redis", redis.Url, "--domains", "gw.example.com", "--nameservers", "ns1.example.com"];
        var check = await Programs.RunAsync(Programs.Gatewayd, ["check-config", "--state", work.File("check"), .. options, "--roles", "dns,router,reconciler", "--reconciler-explorer", "https://explorer.example.org"]);
        Assert.True(check.Code == 0, check.Output + check.Error);

        await using var node = await RunningNode.StartAsync(work.File("state"), [.. options, "--router-allowed-networks", "127.0.0.0/8", "--reconciler-resync-interval", "1s", "--reconciler-poll-interval", "1s"]);
        var (_, status) = await node.AdminAsync("/statusz");
        Assert.Contains(Identity, status + node.Log, StringComparison.Ordinal);
        Assert.Equal(octets, await File.ReadAllBytesAsync(seed, TestContext.Current.CancellationToken));
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, Host) == (0, 1), "the old name is answered");
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, "www.user7.org") == (0, 1), "the name in the delegated domain is answered");
        Assert.Equal("1", (await redis.CommandAsync("EXISTS", "/tcprouter/service/www.user7.org")).Trim());

        // From now on nobody notices that everything is compared with what the new node knows, again and again.
        await using var load = new SteadyLoad(node, Host, "www.user7.org");
        var before = await ComparisonsAsync(node);
        await Programs.EventuallyAsync(async () => await ComparisonsAsync(node) >= before + 3, "everything is compared");
        Assert.True(load.Asked > 100, $"only {load.Asked} questions and visits");
        Assert.Equal(0, await load.EndAsync());
    }

    private static async Task<int> ComparisonsAsync(RunningNode node)
    {
        const string name = "gateway_reconciler_resyncs_total ";
        var line = (await node.AdminAsync("/metrics")).Body.Split('\n').FirstOrDefault(it => it.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }

    // In the old node's words.
    private static Task<string> RouteAsync(RedisServer redis, string host, string address)
    {
        var (key, at) = ("/tcprouter/service/" + host, address.Split(':'));
        var route = Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"addr":"{{at[0]}}","clientsecret":"","tlsport":443,"httpport":{{at[1]}},"user":"7"}"""));
        return redis.CommandAsync("SET", key, $$"""{"Key":"{{key}}","Value":"{{route}}"}""");
    }

    private static async Task FillAsync(RedisServer redis)
    {
        foreach (var key in Read("redis-zones.json").GetProperty("keys").EnumerateObject())
            foreach (var field in key.Value.EnumerateObject()) await redis.CommandAsync("HSET", key.Name, field.Name, field.Value.GetString()!);
        foreach (var service in Read("valkeyrie-service.json").GetProperty("written_by_tfgateway").EnumerateArray().Take(2))
            await redis.CommandAsync("SET", service.GetProperty("redis_key").GetString()!, service.GetProperty("value_utf8").GetString()!);
    }

    private static Task WriteSeedAsync(string file, string form)
    {
        var recorded = Read("identity.json").GetProperty("entries").EnumerateArray().Single(it => it.GetProperty("identity_base58").GetString() == Identity && it.TryGetProperty(form, out _)).GetProperty(form).GetString()!;
        return form.EndsWith("hex", StringComparison.Ordinal) ? File.WriteAllBytesAsync(file, Convert.FromHexString(recorded)) : File.WriteAllTextAsync(file, recorded);
    }

    private static JsonElement Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Programs.Root, "tests", "vectors", name)));
        return document.RootElement.Clone();
    }
}

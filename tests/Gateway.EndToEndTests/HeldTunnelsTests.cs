using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>Two nodes on one Redis: each tells its operator which of them holds which tunnel.</summary>
public sealed class HeldTunnelsTests : IDisposable
{
    private readonly TemporaryDirectory _work = new();

    public void Dispose() => _work.Dispose();

    [Fact]
    public async Task Status_shows_which_node_holds_which_tunnel_and_this_nodes_own_while_Redis_is_away()
    {
        await using var redis = await RedisServer.StartAsync(_work.File("redis"));
        await using var first = await RunningNode.StartAsync(_work.File("first"), "--redis", redis.Url);
        await using var second = await RunningNode.StartAsync(_work.File("second"), "--redis", redis.Url, "--roles", "router");
        var alice = await new CommandLineUser(first, _work.Path).RegisterAsync();
        var (here, there) = (await alice.ReserveTunnelAsync("here.gw.test"), await alice.ReserveTunnelAsync("there.gw.test"));
        await using var near = Expose(first, here, "near");
        await using var far = Expose(second, there, "far");
        // No node of ours wrote that, and nobody may move the operator's cursor.
        await redis.CommandAsync("SET", "gateway:tunnel:0b7e:other", """{"node":"other","sessions":[{"id":3,"name":"\u001b[2Jodd","load":1}]}""", "EX", "600");
        await redis.CommandAsync("SET", "gateway:tunnel:0b7f:other", "no holding", "EX", "600");
        await redis.CommandAsync("SADD", "gateway:tunnel:0b80:other", "no string");

        await Programs.EventuallyAsync(async () => Held(await JsonAsync(first)).Length == 3 && Held(await JsonAsync(second)).Length == 3, "both nodes list all three tunnels");
        var lines = Held(await JsonAsync(first)).ToDictionary(line => (string)line["name"]!);
        var (own, other) = (lines["near"], lines["far"]);
        Assert.Equal(("here.gw.test", true, null), ((string?)own["hosts"]![0], (bool)own["here"]!, own["until"]));
        Assert.Equal(("there.gw.test", false), ((string?)other["hosts"]![0], (bool)other["here"]!));
        Assert.NotEqual((string?)own["node"], (string?)other["node"]);
        Assert.Equal((string?)(await JsonAsync(first))["identity"], (string?)own["node"]);
        Assert.InRange(DateTimeOffset.Parse((string)other["until"]!, null), DateTimeOffset.UtcNow.AddSeconds(-5), DateTimeOffset.UtcNow.AddSeconds(65));

        var printed = await StatusAsync(first);
        Assert.Equal(0, printed.Code);
        Assert.Equal(3, Held(JsonNode.Parse((await StatusAsync(first, "--json")).Output)!).Length);
        Assert.Matches(@"HOST +NODE +CLIENT +SINCE +UNTIL", printed.Output);
        Assert.Matches(@$"here\.gw\.test +{own["node"]} +near 127\.0\.0\.1:\d+ +20.* UTC +here\n", printed.Output);
        Assert.Matches(@$"there\.gw\.test +{other["node"]} +far 127\.0\.0\.1:\d+ +20.* UTC +20.* UTC\n", printed.Output);
        Assert.Matches(@"tunnel 0b7e +other +\[2Jodd ", printed.Output);
        var everything = printed.Output + await JsonAsync(first) + await JsonAsync(second);
        foreach (var secret in new[] { here, there }) Assert.DoesNotContain((await File.ReadAllTextAsync(secret, TestContext.Current.CancellationToken)).Trim(), everything, StringComparison.Ordinal);

        await far.EndAsync("-TERM");
        await Programs.EventuallyAsync(async () => Held(await JsonAsync(first)).Length == 2, "the tunnel that is gone is listed no more");
        await redis.KillAsync();
        await Programs.EventuallyAsync(async () => (await NoteAsync(first)).Contains("Only this process's own are shown. Redis", StringComparison.Ordinal), "it says that Redis is away");
        Assert.Equal("near", (string)Assert.Single(Held(await JsonAsync(first)))["name"]!);
        Assert.Contains("Only this process's own are shown. Redis", (await StatusAsync(first)) is var away ? away.Output + away.Error : "", StringComparison.Ordinal);
    }

    private BackgroundProgram Expose(RunningNode node, string secret, string name) =>
        new(Programs.Gateway, ["expose", "http://127.0.0.1:1", "--remote", node.Tunnel.ToString(), "--secret-file", secret, "--name", name]);

    private static JsonNode[] Held(JsonNode status) => [.. status["held"]!["tunnels"]!.AsArray().Select(line => line!)];

    private static async Task<string> NoteAsync(RunningNode node) => (string)(await JsonAsync(node))["held"]!["note"]!;

    private static async Task<JsonNode> JsonAsync(RunningNode node) => JsonNode.Parse((await node.AdminAsync("/status")).Body)!;

    private static Task<Ended> StatusAsync(RunningNode node, params string[] more) => Programs.RunAsync(Programs.Gateway, ["status", "--admin", $"http://{node.Admin}", .. more]);
}

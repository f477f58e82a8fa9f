using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Recursors;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>A node and a tunnel client on two machines, and what can happen to the line between them.</summary>
public sealed class TunnelFaultTests : IAsyncLifetime
{
    private const string Host = "hello.gw.test";

    private readonly TemporaryDirectory _work = new();
    private PrivateNetwork? _near;
    private PrivateNetwork? _far;

    private PrivateNetwork Near => _near!;

    private PrivateNetwork Far => _far!;

    public async ValueTask InitializeAsync()
    {
        _near = await PrivateNetwork.CreateAsync();
        _far = await PrivateNetwork.CreateAsync();
        await Near.MustAsync("ip", "link", "add", "line", "type", "veth", "peer", "name", "line", "netns", Far.Name);
        await AddressAsync(Near, "add", "192.0.2.1/24");
        await AddressAsync(Far, "add", "192.0.2.2/24");
        foreach (var network in new[] { Near, Far }) await network.MustAsync("ip", "link", "set", "line", "up");
    }

    public async ValueTask DisposeAsync()
    {
        if (_far is not null) await _far.DisposeAsync();
        if (_near is not null) await _near.DisposeAsync();
        _work.Dispose();
    }

    [Fact, Trait("adv", "T1"), Trait("adv", "T10")]
    public async Task A_changed_address_and_a_line_that_went_dead_in_silence_are_noticed_and_overcome()
    {
        Near.Start(Programs.Gatewayd, "--state", _work.File("state"), "--domains", "gw.test", "--nameservers", "ns1.gw.test", "--router-tunnel-listen", "192.0.2.1:18000", "--dns-listen", "127.0.0.1:53");
        var remote = await ReserveAsync();
        Far.Start(Programs.Gateway, "hello", "--port", "8000");
        var client = Far.Start(Programs.Gateway, "expose", "http://127.0.0.1:8000", "--remote", remote, "--secret-file", _work.File("secret"));
        await ServedAsync("at first");

        await AddressAsync(Far, "del", "192.0.2.2/24");
        await client.SaysAsync("lost: ");
        await AddressAsync(Far, "add", "192.0.2.3/24");
        await ServedAsync("from another address");

        await Far.MustAsync("nft", "add table inet fault; add chain inet fault in { type filter hook input priority 0; }; add rule inet fault in ip saddr 192.0.2.1 drop");
        await client.SaysAsync("nothing came from the peer");
        await Far.MustAsync("nft", "delete table inet fault");
        await ServedAsync("after the line was dead");
    }

    private async Task<string> ReserveAsync()
    {
        var variables = new Dictionary<string, string> { ["GW_IDENTITY"] = _work.File("alice.seed") };
        await Programs.EventuallyAsync(async () => (await Near.RunAsync("curl", ["-s", "-f", "http://127.0.0.1:8091/readyz"])).Code == 0, $"the node is ready; it says {Near.Log}");
        await MustAsync(variables, "identity", "new");
        await MustAsync(variables, "user", "register", "--name", "alice", "--email", "alice@example.test");
        await MustAsync(variables, "reserve", "subdomain", Host, "--ip", "127.0.0.1");
        return (await MustAsync(variables, "reserve", "tunnel", Host, "--secret-file", _work.File("secret")))["remote"]!.ToString();
    }

    private async Task<JsonNode> MustAsync(Dictionary<string, string> variables, params string[] arguments)
    {
        var ended = await Near.RunAsync(Programs.Gateway, [.. arguments, "--json"], variables);
        Assert.True(ended.Code == 0, $"gateway {string.Join(' ', arguments)}: {ended.Output}{ended.Error}\n{Near.Log}");
        return JsonNode.Parse(ended.Output)!;
    }

    private Task ServedAsync(string when) => Programs.EventuallyAsync(
        async () => (await Near.RunAsync("curl", ["-s", "-f", "-m", "5", "-H", $"Host: {Host}", "http://127.0.0.1:8080/"])).Code == 0, $"a visitor is served {when}; the client said {Far.Log}");

    private static Task<string> AddressAsync(PrivateNetwork network, string what, string address) => network.MustAsync("ip", "addr", what, address, "dev", "line");
}

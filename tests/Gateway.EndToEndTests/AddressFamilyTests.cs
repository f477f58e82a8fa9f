using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Recursors;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>Hosts that have one family of addresses alone.</summary>
public sealed class AddressFamilyTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _work = new();
    private PrivateNetwork? _network;

    private PrivateNetwork Network => _network!;

    public async ValueTask InitializeAsync()
    {
        _network = await PrivateNetwork.CreateAsync();
        await Network.MustAsync("ip", "link", "add", "line", "type", "veth", "peer", "name", "end");
    }

    public async ValueTask DisposeAsync()
    {
        if (_network is not null) await _network.DisposeAsync();
        _work.Dispose();
    }

    [Fact, Trait("adv", "O6")]
    public async Task A_node_without_IPv4_answers_routes_and_holds_tunnels()
    {
        await Network.MustAsync("ip", "-6", "addr", "add", "2001:db8::1/64", "dev", "line", "nodad");
        await Network.MustAsync("ip", "link", "set", "line", "up");
        await Network.MustAsync("ip", "link", "set", "end", "up");
        // Loopback keeps its 127.0.0.1, where the node's own Redis is; it leads nowhere else.
        await ServesAsync("[2001:db8::1]", "2001:db8::1", "AAAA");
    }

    [Fact, Trait("adv", "O6")]
    public async Task A_node_without_IPv6_answers_routes_and_holds_tunnels()
    {
        await Network.MustAsync("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.lo.disable_ipv6=1");
        await Network.MustAsync("ip", "addr", "add", "203.0.113.1/24", "dev", "line");
        await Network.MustAsync("ip", "link", "set", "line", "up");
        await Network.MustAsync("ip", "link", "set", "end", "up");
        await ServesAsync("203.0.113.1", "203.0.113.1", "A");
    }

    private async Task ServesAsync(string host, string address, string type)
    {
        const string name = "hello.gw.test";
        Network.Start(
            Programs.Gatewayd, "--state", _work.File("state"), "--domains", "gw.test", "--nameservers", "ns1.gw.test", "--address", address,
            "--dns-listen", $"{host}:53", "--router-http-listen", $"{host}:80", "--router-tls-listen", $"{host}:443", "--router-tunnel-listen", $"{host}:18000", "--explorer-listen", $"{host}:8090", "--admin", $"{host}:8091");
        await Programs.EventuallyAsync(async () => (await Network.RunAsync("curl", ["-s", "-f", "-g", $"http://{host}:8091/readyz"])).Code == 0, $"the node is ready; it says {Network.Log}");
        var variables = new Dictionary<string, string> { ["GW_IDENTITY"] = _work.File("alice.seed"), ["GW_EXPLORER"] = $"http://{host}:8090" };
        await MustAsync(variables, "identity", "new");
        await MustAsync(variables, "user", "register", "--name", "alice", "--email", "alice@example.test");
        await MustAsync(variables, "reserve", "subdomain", name, "--ip", address);
        var remote = (await MustAsync(variables, "reserve", "tunnel", name, "--secret-file", _work.File("secret")))["remote"]!.ToString();
        Assert.StartsWith($"tls://{host}:18000", remote, StringComparison.Ordinal);
        foreach (var transport in new[] { "+notcp", "+tcp" })
            Assert.Equal(address, (await Network.MustAsync("dig", "+short", "+tries=1", transport, $"@{address}", name, type)).Trim());

        Network.Start(Programs.Gateway, "hello", "--port", "8000");
        Network.Start(Programs.Gateway, "expose", "http://localhost:8000", "--remote", remote, "--secret-file", _work.File("secret"));
        await Programs.EventuallyAsync(async () => (await Network.RunAsync("curl", ["-s", "-f", "-g", "-m", "5", "-H", $"Host: {name}", $"http://{host}/"])).Code == 0, $"a visitor is served; it says {Network.Log}");
    }

    private async Task<JsonNode> MustAsync(Dictionary<string, string> variables, params string[] arguments)
    {
        var ended = await Network.RunAsync(Programs.Gateway, [.. arguments, "--json"], variables);
        Assert.True(ended.Code == 0, $"gateway {string.Join(' ', arguments)}: {ended.Output}{ended.Error}\n{Network.Log}");
        return JsonNode.Parse(ended.Output)!;
    }
}

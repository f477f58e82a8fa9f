using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What <c>gateway reserve … --wait</c> says of routes that lead nowhere good: each reason from a real gateway.</summary>
public sealed class WaitReasonTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _work = new();
    private RedisServer _redis = null!;
    private RunningNode _node = null!;
    private CommandLineUser _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync(_work.File("redis"));
        _node = await RunningNode.StartAsync(_work.File("state"), "--redis", _redis.Url, "--router-allowed-networks", "127.0.0.0/8", "--router-http-timeout", "1s");
        _alice = await new CommandLineUser(_node, _work.Path).RegisterAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _redis.DisposeAsync();
        _work.Dispose();
    }

    [Fact]
    public async Task A_service_that_takes_visitors_and_says_nothing()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await _alice.MustAsync("reserve", "subdomain", "slow.gw.test", "--ip", "127.0.0.1");
        var told = await NotUpAsync("slow.gw.test", (IPEndPoint)silent.LocalEndpoint, seconds: 1);
        Assert.Equal("upstream_timeout", told["reason"]!.ToString());
        Assert.Contains("does not answer in time", told["error"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_that_comes_back_through_another_gateway()
    {
        await using var other = await RunningNode.StartAsync(_work.File("other"), "--router-allowed-networks", "127.0.0.0/8");
        var there = await new CommandLineUser(other, _work.Path, "alice-there").RegisterAsync();
        await there.MustAsync("reserve", "proxy", "loop.gw.test", "--to", "127.0.0.1", "--http-port", Port(_node.Http), "--tls-port", "0");
        await _alice.MustAsync("reserve", "subdomain", "loop.gw.test", "--ip", "127.0.0.1");
        Assert.Equal("loop_detected", (await NotUpAsync("loop.gw.test", other.Http, seconds: 1))["reason"]!.ToString());
    }

    [Fact, Trait("adv", "S3")]
    public async Task A_proxy_that_leads_to_the_gateway_itself()
    {
        foreach (var own in (IPEndPoint[])[_node.Http, _node.Admin, new IPEndPoint(IPAddress.Loopback, _redis.Port)])
        {
            var ended = await _alice.RunAsync("reserve", "proxy", "self.gw.test", "--to", "127.0.0.1", "--http-port", Port(own), "--tls-port", "0");
            Assert.Contains("is this gateway itself", ended.Output + ended.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_user_who_is_frozen_while_he_waits()
    {
        // An address that the operator wrote by hand stays when those of the user go.
        await _redis.CommandAsync("HSET", "gw.test.", "f", """{"a":[{"ip":"127.0.0.1","ttl":60}]}""");
        var waiting = NotUpAsync("f.gw.test", IPEndPoint.Parse("127.0.0.1:1"), seconds: 8);
        await Programs.EventuallyAsync(() => Task.FromResult(_node.Log.Contains("Proxy f.gw.test", StringComparison.Ordinal)), "it is served");
        var operates = new Dictionary<string, string> { ["GW_ADMIN"] = $"http://{_node.Admin}", ["GW_ADMIN_TOKEN_FILE"] = Path.Combine(_node.State, "admin.token") };
        var froze = await Programs.RunAsync(Programs.Gateway, ["node", "freeze", "1", "--reason", "ticket 4711"], operates);
        Assert.True(froze.Code == 0, froze.Output + froze.Error);
        Assert.Equal("frozen", (await waiting)["reason"]!.ToString());
    }

    private async Task<JsonNode> NotUpAsync(string host, IPEndPoint to, int seconds)
    {
        var ended = await _alice.RunAsync(
            "reserve", "proxy", host, "--to", to.Address.ToString(), "--http-port", Port(to), "--tls-port", "0", "--wait", seconds.ToString(CultureInfo.InvariantCulture),
            "--nameserver", _node.Dns.ToString(), "--tls-at", _node.Tls.ToString(), "--http-at", _node.Http.ToString(), "--json");
        Assert.True(ended.Code == 5, ended.Output + ended.Error + _node.Log);
        return JsonNode.Parse(ended.Output)!;
    }

    private static string Port(IPEndPoint at) => at.Port.ToString(CultureInfo.InvariantCulture);
}

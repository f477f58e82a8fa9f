using System.Globalization;
using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary><c>gateway reserve … --wait</c> ends when the world gets what was reserved, and says why when it does not.</summary>
public sealed class WaitTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _work = new();
    private RunningNode _node = null!;
    private CommandLineUser _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _node = await RunningNode.StartAsync(_work.File("state"), "--router-allowed-networks", "127.0.0.0/8");
        _alice = await new CommandLineUser(_node, _work.Path).RegisterAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _work.Dispose();
    }

    [Fact]
    public async Task A_name_is_waited_for_until_the_name_servers_answer_it()
    {
        Assert.Equal("active", (await UpAsync("subdomain", "a.gw.test", "--ip", "127.0.0.1"))["state"]!.ToString());
        Assert.Equal((0, 1), await Resolver.AskAsync(_node.Dns, "a.gw.test"));
        var silent = await NotUpAsync("127.0.0.1:1", "subdomain", "b.gw.test", "--ip", "127.0.0.1");
        Assert.Equal("name_server_silent", silent["reason"]!.ToString());
        // The directory names ns1.gw.test, which this machine cannot find.
        var unknown = await _alice.RunAsync("reserve", "subdomain", "c.gw.test", "--ip", "127.0.0.1", "--wait", "1", "--json");
        Assert.Equal((5, "name_server_unknown"), (unknown.Code, JsonNode.Parse(unknown.Output)!["reason"]!.ToString()));
    }

    [Fact]
    public async Task A_domain_is_waited_for_until_the_name_servers_answer_for_it()
    {
        await UpAsync("domain", "alice.test");
        await using var other = await RunningNode.StartAsync(_work.File("other"));
        Assert.Equal("name_refused", (await NotUpAsync(other.Dns.ToString(), "domain", "elsewhere.test"))["reason"]!.ToString());
    }

    [Fact]
    public async Task A_refused_reservation_ends_at_once_with_the_reason()
    {
        var refused = await _alice.RunAsync("reserve", "subdomain", "a.elsewhere.test", "--ip", "127.0.0.1", "--wait", "60", "--nameserver", _node.Dns.ToString());
        Assert.Equal(3, refused.Code);
        Assert.Contains("is not managed by this gateway", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_is_up_when_a_visitor_reaches_its_service()
    {
        await using var service = new EchoingTls();
        var port = service.Port.ToString(CultureInfo.InvariantCulture);
        Assert.Equal("name_missing", (await NotUpAsync(_node.Dns.ToString(), "proxy", "p.gw.test", "--to", "127.0.0.1", "--tls-port", port, "--http-port", "0"))["reason"]!.ToString());
        await UpAsync("subdomain", "p.gw.test", "--ip", "127.0.0.1");
        await UpAsync("proxy", "p.gw.test", "--to", "127.0.0.1", "--tls-port", port, "--http-port", "0");

        await UpAsync("subdomain", "q.gw.test", "--ip", "127.0.0.1");
        var refused = await NotUpAsync(_node.Dns.ToString(), "proxy", "q.gw.test", "--to", "127.0.0.1", "--tls-port", "1", "--http-port", "1");
        Assert.Equal("upstream_refused", refused["reason"]!.ToString());
        Assert.Contains("is the service running?", refused["error"]!.ToString(), StringComparison.Ordinal);
        var closed = await _alice.RunAsync("reserve", "proxy", "q.gw.test", "--to", "127.0.0.1", "--tls-port", port, "--http-port", "0", "--wait", "1", "--nameserver", _node.Dns.ToString(), "--tls-at", "127.0.0.1:1", "--json");
        Assert.Equal((5, "entrance_closed"), (closed.Code, JsonNode.Parse(closed.Output)!["reason"]!.ToString()));
    }

    [Fact]
    public async Task A_tunnel_is_up_when_its_client_is_there_and_its_line_is_shown_before_the_wait()
    {
        var secret = _work.File("secret");
        await UpAsync("subdomain", "t.gw.test", "--ip", "127.0.0.1");
        var lonely = await NotUpAsync(_node.Dns.ToString(), "tunnel", "t.gw.test", "--secret-file", secret);
        Assert.Equal("no_tunnel", lonely["reason"]!.ToString());
        Assert.Contains("gateway expose", lonely["error"]!.ToString(), StringComparison.Ordinal);
        Assert.True(File.Exists(secret));

        var again = _work.File("again");
        await using var service = new EchoingTls();
        var waiting = _alice.RunAsync(Words("60", _node.Dns.ToString(), "tunnel", "t.gw.test", "--secret-file", again));
        await Programs.EventuallyAsync(() => Task.FromResult(File.Exists(again)), "the secret is there");
        await using var client = _alice.Expose($"127.0.0.1:{service.Port}", again);
        var ended = await waiting;
        Assert.True(ended.Code == 0, ended.Output + ended.Error);
        Assert.Contains("expose", ended.Error, StringComparison.Ordinal);
        Assert.True((bool)JsonNode.Parse(ended.Output)!["up"]!);
    }

    private string[] Words(string seconds, string server, params string[] what) =>
        ["reserve", .. what, "--wait", seconds, "--nameserver", server, "--tls-at", _node.Tls.ToString(), "--http-at", _node.Http.ToString(), "--json"];

    private async Task<JsonNode> UpAsync(params string[] what)
    {
        var ended = await _alice.RunAsync(Words("60", _node.Dns.ToString(), what));
        Assert.True(ended.Code == 0, ended.Output + ended.Error + _node.Log);
        return JsonNode.Parse(ended.Output)!;
    }

    private async Task<JsonNode> NotUpAsync(string server, params string[] what)
    {
        var ended = await _alice.RunAsync(Words("1", server, what));
        Assert.True(ended.Code == 5, ended.Output + ended.Error + _node.Log);
        return JsonNode.Parse(ended.Output)!;
    }
}

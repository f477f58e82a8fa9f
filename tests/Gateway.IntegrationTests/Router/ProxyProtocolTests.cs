using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;
using Gateway.UnitTests.Router;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Router;

[Trait("adv", "H8")]
public sealed class ProxyProtocolTests
{
    private const string Name = "shop.example.org";
    private const string Request = $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n";
    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8")];
    private static readonly ProxyHeader Visitor = new(IPEndPoint.Parse("203.0.113.9:5555"), IPEndPoint.Parse("198.51.100.1:443"));

    [Theory]
    [InlineData(ProxyVersion.One)]
    [InlineData(ProxyVersion.Two)]
    public async Task A_trusted_proxy_speaks_for_its_visitor_and_the_upstream_hears_of_it(ProxyVersion version)
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.TlsProxies = Loopback);
        router.Put(Name, new Target.Dial("127.0.0.1", 0, upstream.EndPoint.Port), new RouteRules { ProxyProtocol = 2 });
        var hello = Hello.For(Name);
        var seen = await AskAsync(router.Tls, [.. Visitor.Write(version), .. hello]);
        VisitorHeader.TryRead(seen, out var header, out _);
        Assert.Matches("^[0-9A-F]{14}$", header.Id);
        Assert.Equal([.. Visitor.Write(ProxyVersion.Two, Name, header.Id), .. hello], seen);
        await router.LineAsync($"TLS {header.Id} 203.0.113.9:5555", Name, "Finished");
    }

    [Fact]
    public async Task A_header_in_pieces_is_read_and_one_that_knows_nobody_leaves_the_address()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.TlsProxies = Loopback);
        router.Dial(Name, upstream.EndPoint);
        var hello = Hello.For(Name);
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        foreach (var octet in default(ProxyHeader).Write(ProxyVersion.Two).Concat(hello)) await visitor.SendAllAsync(new[] { octet });
        Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        visitor.Shutdown(SocketShutdown.Send);
        await router.LineAsync("127.0.0.1:", Name, "Finished");
    }

    [Fact]
    public async Task A_trusted_proxy_without_a_header_and_a_stranger_with_one_are_closed()
    {
        await using var upstream = Upstream.Echo();
        await using var trusting = new RouterHarness(options => options.TlsProxies = options.HttpProxies = Loopback);
        trusting.Dial(Name, upstream.EndPoint);
        Assert.Empty(await AskAsync(trusting.Tls, Hello.For(Name)));
        Assert.Empty(await AskAsync(trusting.Tls, [.. Visitor.Write(ProxyVersion.Two), .. Visitor.Write(ProxyVersion.Two), .. Hello.For(Name)]));
        await trusting.LineAsync("TLS", "NoProxyHeader");
        Assert.Empty(await AskAsync(trusting.Http, Encoding.ASCII.GetBytes(Request)));
        await trusting.LineAsync("HTTP", "127.0.0.1:", "NoProxyHeader");
        await using var strict = new RouterHarness();
        strict.Dial(Name, upstream.EndPoint);
        Assert.Empty(await AskAsync(strict.Tls, [.. Visitor.Write(ProxyVersion.One), .. Hello.For(Name)]));
        Assert.Empty(await AskAsync(strict.Tls, [.. Visitor.Write(ProxyVersion.Two), .. Hello.For(Name)]));
        var http = await AskAsync(strict.Http, [.. Visitor.Write(ProxyVersion.One), .. Encoding.ASCII.GetBytes(Request)]);
        AssertRefused(http);
        Assert.Equal(0, upstream.Accepted);
    }

    [Fact]
    public async Task A_trusted_proxy_that_sends_no_header_in_time_has_a_line()
    {
        await using var router = new RouterHarness(options => (options.HttpProxies, options.HelloTimeout) = (Loopback, TimeSpan.FromMilliseconds(300)));
        using var slow = await RouterHarness.ConnectAsync(router.Http);
        await router.LineAsync("HTTP", "127.0.0.1:", "TooSlow");
    }

    [Fact]
    public async Task Over_HTTP_the_visitor_behind_the_proxy_is_the_one_that_is_forwarded()
    {
        await using var web = await WhoAsync();
        await using var router = new RouterHarness(options => options.HttpProxies = Loopback);
        router.Dial(Name, web.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var line = Encoding.ASCII.GetString(Visitor.Write(ProxyVersion.One));
        Assert.Contains("203.0.113.9", await RawHttp.AskAsync(visitor, line + Request), StringComparison.Ordinal);
        await router.LineAsync("HTTP", "203.0.113.9", Name);
    }

    [Theory]
    [InlineData(ProxyVersion.One)]
    [InlineData(ProxyVersion.Two)]
    public async Task Over_HTTP_a_header_in_pieces_is_read(ProxyVersion version)
    {
        await using var web = await WhoAsync();
        await using var router = new RouterHarness(options => options.HttpProxies = Loopback);
        router.Dial(Name, web.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        foreach (var octet in Visitor.Write(version)) await visitor.SendAllAsync(new[] { octet });
        Assert.Contains("203.0.113.9", await RawHttp.AskAsync(visitor, Request), StringComparison.Ordinal);
        Assert.Contains("203.0.113.9", await RawHttp.AskAsync(visitor, Request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyVersion.One)]
    [InlineData(ProxyVersion.Two)]
    public async Task Over_HTTP_a_header_that_is_not_whole_in_time_is_not_waited_for(ProxyVersion version)
    {
        await using var web = await WhoAsync();
        await using var router = new RouterHarness(options => (options.HttpProxies, options.HelloTimeout) = (Loopback, TimeSpan.FromMilliseconds(100)));
        router.Dial(Name, web.EndPoint);
        using var silent = await RouterHarness.ConnectAsync(router.Http);
        using var slow = await RouterHarness.ConnectAsync(router.Http);
        await slow.SendAllAsync(Visitor.Write(version).AsMemory()[..^1]);
        Assert.Empty(await UntilClosedAsync(silent));
        Assert.Empty(await UntilClosedAsync(slow));
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains(Name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ProxyVersion.One)]
    [InlineData(ProxyVersion.Two)]
    public async Task Over_HTTP_a_second_header_is_no_request_and_changes_nobody(ProxyVersion version)
    {
        await using var upstream = Upstream.Echo();
        await using var web = await WhoAsync();
        await using var router = new RouterHarness(options => options.HttpProxies = Loopback);
        router.Dial(Name, upstream.EndPoint);
        router.Dial("web.example.org", web.EndPoint);
        byte[] second = [.. new ProxyHeader(IPEndPoint.Parse("192.0.2.66:6"), IPEndPoint.Parse("198.51.100.1:80")).Write(version), .. Encoding.ASCII.GetBytes(Request)];
        AssertRefused(await AskAsync(router.Http, [.. Visitor.Write(version), .. second]));
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(Visitor.Write(version));
        Assert.Contains("203.0.113.9", await RawHttp.AskAsync(visitor, "GET / HTTP/1.1\r\nHost: web.example.org\r\n\r\n"), StringComparison.Ordinal);
        await visitor.SendAllAsync(second);
        AssertRefused(await UntilClosedAsync(visitor));
        Assert.Equal(0, upstream.Accepted);
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("192.0.2.66", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Through_a_tunnel_the_application_hears_who_visits_and_no_two_visitors_share_its_connection()
    {
        await using var application = new Upstream(async (socket, stop) =>
        {
            var head = Encoding.ASCII.GetString(await socket.ReceiveExactlyAsync("PROXY TCP4 127.0.0.1 127.0.0.1 ".Length, stop));
            var port = "";
            for (var octet = ""; octet != " "; port += octet) octet = Encoding.ASCII.GetString(await socket.ReceiveExactlyAsync(1, stop));
            for (var text = ""; !text.EndsWith("\r\n\r\n", StringComparison.Ordinal);) text += Encoding.ASCII.GetString(await socket.ReceiveExactlyAsync(1, stop));
            var body = $"{head}{port}";
            await socket.SendAllAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"), stop);
            await socket.ReceiveAllAsync();
        });
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Tunnel(new Secret("7:s")), new RouteRules { ProxyProtocol = 1 });
        await using var tunnel = await TunnelClient.ConnectAsync(router, "7:s", application.EndPoint);
        await router.LineAsync("is up");
        for (var i = 0; i < 2; i++)
        {
            using var visitor = await RouterHarness.ConnectAsync(router.Http);
            var answer = await RawHttp.AskAsync(visitor, $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n");
            Assert.Contains($"PROXY TCP4 127.0.0.1 127.0.0.1 {((IPEndPoint)visitor.LocalEndPoint!).Port}", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Each_listener_has_proxies_of_its_own()
    {
        await using var upstream = Upstream.Echo();
        await using var web = await WebUpstream.SayAsync("page");
        IPEndPoint[] two = [IPEndPoint.Parse("127.0.0.1:0"), IPEndPoint.Parse("127.0.0.2:0")];
        await using var router = new RouterHarness(options =>
        {
            (options.TlsListen, options.HttpListen, options.HttpProxies) = (two, two, Loopback);
            options.ListenerProxies = [new ListenerProxy(two[1], Loopback[0])];
        });
        router.Dial(Name, upstream.EndPoint);
        router.Put("web.example.org", new Target.Dial("127.0.0.1", web.EndPoint.Port, 0));
        var (tls, http) = router.Visitors;
        var hello = Hello.For(Name);
        byte[] announced = [.. Visitor.Write(ProxyVersion.Two), .. hello];
        Assert.Equal(hello, await AskAsync(tls[0], hello));
        Assert.Empty(await AskAsync(tls[0], announced));
        Assert.Equal(hello, await AskAsync(tls[1], announced));
        Assert.Empty(await AskAsync(tls[1], hello));
        foreach (var listener in http)
        {
            using var visitor = await RouterHarness.ConnectAsync(listener);
            Assert.Contains("\r\npage", await RawHttp.AskAsync(visitor, Encoding.ASCII.GetString(Visitor.Write(ProxyVersion.One)) + "GET / HTTP/1.1\r\nHost: web.example.org\r\n\r\n"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_listener_of_HTTP_may_trust_nobody_where_the_others_do()
    {
        await using var web = await WebUpstream.SayAsync("page");
        IPEndPoint[] two = [IPEndPoint.Parse("127.0.0.1:0"), IPEndPoint.Parse("127.0.0.2:0")];
        await using var router = new RouterHarness(options =>
        {
            (options.HttpListen, options.HttpProxies) = (two, Loopback);
            options.ListenerProxies = [new ListenerProxy(two[1], null)];
        });
        router.Put(Name, new Target.Dial("127.0.0.1", web.EndPoint.Port, 0));
        var request = $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n";
        Assert.Empty(await AskAsync(router.Visitors.Http[0], Encoding.ASCII.GetBytes(request)));
        using var visitor = await RouterHarness.ConnectAsync(router.Visitors.Http[1]);
        Assert.Contains("\r\npage", await RawHttp.AskAsync(visitor, request), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proxies_of_a_listener_that_is_none_are_a_fault_that_names_the_real_ones()
    {
        using var routes = new RouteFeed(null, null, TimeProvider.System, NullLogger<RouteFeed>.Instance);
        var options = new RouterOptions
        {
            TlsListen = [IPEndPoint.Parse("127.0.0.1:0")],
            HttpListen = [],
            TunnelListen = [],
            ListenerProxies = [new ListenerProxy(IPEndPoint.Parse("127.0.0.9:0"), Loopback[0])],
        };
        await using var router = new TcpRouter(options, routes, TimeProvider.System, NullLoggerFactory.Instance);
        var fault = Assert.Single(router.Bind());
        Assert.Contains("listener_proxies names 127.0.0.9:0", fault, StringComparison.Ordinal);
        Assert.Contains("(127.0.0.1:", fault, StringComparison.Ordinal);
    }

    /// <summary>A page that says for whom it was asked.</summary>
    private static Task<WebUpstream> WhoAsync() => WebUpstream.StartAsync(context => context.Response.WriteAsync(context.Request.Headers["X-Forwarded-For"].ToString()));

    /// <summary>The reset of a close with unread bytes may overtake the answer.</summary>
    private static void AssertRefused(byte[] answer) =>
        Assert.True(answer.Length == 0 || answer.AsSpan().StartsWith("HTTP/1.1 400 "u8), Encoding.ASCII.GetString(answer));

    private static async Task<byte[]> AskAsync(IPEndPoint to, byte[] bytes)
    {
        using var visitor = await RouterHarness.ConnectAsync(to);
        await visitor.SendAllAsync(bytes);
        visitor.Shutdown(SocketShutdown.Send);
        return await UntilClosedAsync(visitor);
    }

    private static async Task<byte[]> UntilClosedAsync(Socket visitor)
    {
        try
        {
            return await visitor.ReceiveAllAsync();
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Closed with bytes unread: as good as closed.
            return [];
        }
    }
}

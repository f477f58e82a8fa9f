using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Model.Routes;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>HAProxy and nginx before the router and behind it, speaking the PROXY protocol. Each test has addresses of its own on loopback.</summary>
[Trait("adv", "H8")]
public sealed class PeerProxyTests
{
    private const string Name = "shop.example.org";
    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8")];

    [Theory]
    [InlineData("send-proxy", 1)]
    [InlineData("send-proxy-v2", 2)]
    public async Task HAProxy_before_the_router_says_who_visits(string how, int address)
    {
        await using var upstream = Upstream.Echo();
        await using var web = await WhoAsync();
        await using var router = new RouterHarness(options => options.TlsProxies = options.HttpProxies = Loopback);
        router.Put(Name, new Target.Dial("127.0.0.1", web.EndPoint.Port, upstream.EndPoint.Port));
        IPEndPoint tls = At(1, address, 8443), http = At(1, address, 8080);
        await using var haproxy = await BackgroundPeer.HaproxyAsync(
            $"""
            listen tls
             mode tcp
             bind {tls}
             server router {router.Tls} {how}
            listen http
             mode tcp
             bind {http}
             server router {router.Http} {how}
            """, tls, http);
        await VisitAsync(router, tls, http);
    }

    [Fact]
    public async Task Nginx_before_the_router_says_who_visits()
    {
        await using var upstream = Upstream.Echo();
        await using var web = await WhoAsync();
        await using var router = new RouterHarness(options => options.TlsProxies = options.HttpProxies = Loopback);
        router.Put(Name, new Target.Dial("127.0.0.1", web.EndPoint.Port, upstream.EndPoint.Port));
        IPEndPoint tls = At(2, 1, 8443), http = At(2, 1, 8080);
        await using var nginx = await BackgroundPeer.NginxAsync(
            $$"""
            stream {
              proxy_protocol on;
              server { listen {{tls}}; proxy_pass {{router.Tls}}; }
              server { listen {{http}}; proxy_pass {{router.Http}}; }
            }
            """, tls, http);
        await VisitAsync(router, tls, http);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task HAProxy_behind_the_router_hears_who_visits_and_which_name_he_asked_for(int version)
    {
        IPEndPoint tls = At(3, version, 8443), http = At(3, version, 8080);
        await using var haproxy = await BackgroundPeer.HaproxyAsync(
            $"""
            frontend http
             mode http
             bind {http} accept-proxy
             http-request return status 200 content-type text/plain lf-string "%[src] %[src_port]"
            frontend tls
             mode tcp
             bind {tls} accept-proxy
             tcp-request inspect-delay 30s
             tcp-request content accept if {"{"} req.ssl_hello_type 1 {"}"}
             {(version == 2 ? $"use_backend answer if {{ fc_pp_authority {Name} }}" : "default_backend answer")}
            backend answer
             mode tcp
             server self {http} send-proxy
            """, tls, http);
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial(http.Address.ToString(), http.Port, tls.Port), new RouteRules { ProxyProtocol = version });
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var answer = await RawHttp.AskAsync(visitor, $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n");
        Assert.Contains($"127.0.0.1 {((IPEndPoint)visitor.LocalEndPoint!).Port}", answer, StringComparison.Ordinal);
        // The hello reaches the web side of HAProxy, which finds that it is no HTTP: so the header was taken, and the name in it was right.
        using var stranger = await RouterHarness.ConnectAsync(router.Tls);
        await stranger.SendAllAsync(Hello.For(Name));
        stranger.Shutdown(SocketShutdown.Send);
        Assert.StartsWith("HTTP/1.", Encoding.ASCII.GetString(await stranger.ReceiveAllAsync()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nginx_behind_the_router_hears_who_visits(int version)
    {
        var http = At(4, version, 8080);
        await using var nginx = await BackgroundPeer.NginxAsync(
            $$"""
            http {
              access_log off;
              server { listen {{http}} proxy_protocol; location / { return 200 "$proxy_protocol_addr $proxy_protocol_port"; } }
            }
            """, http);
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial(http.Address.ToString(), http.Port, 0), new RouteRules { ProxyProtocol = version });
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var answer = await RawHttp.AskAsync(visitor, $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n");
        Assert.Contains($"127.0.0.1 {((IPEndPoint)visitor.LocalEndPoint!).Port}", answer, StringComparison.Ordinal);
    }

    /// <summary>Comes from an address that only the PROXY header can tell, and finds it in the log and at the application.</summary>
    private static async Task VisitAsync(RouterHarness router, IPEndPoint tls, IPEndPoint http)
    {
        var hello = Hello.For(Name);
        using var visitor = Bound();
        await visitor.ConnectAsync(tls);
        await visitor.SendAllAsync(hello);
        Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        visitor.Shutdown(SocketShutdown.Send);
        await router.LineAsync($" {visitor.LocalEndPoint} asked", Name, "Finished");
        using var reader = Bound();
        await reader.ConnectAsync(http);
        Assert.Contains("127.66.0.9", await RawHttp.AskAsync(reader, $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n"), StringComparison.Ordinal);
    }

    private static Socket Bound()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(IPEndPoint.Parse("127.66.0.9:0"));
        return socket;
    }

    private static IPEndPoint At(int test, int address, int port) => new(IPAddress.Parse($"127.82.{test}.{address}"), port);

    private static Task<WebUpstream> WhoAsync() =>
        WebUpstream.StartAsync(context => context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(context.Request.Headers["X-Forwarded-For"].ToString())).AsTask());
}

using System.Net;
using System.Security.Cryptography;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Visitors of services behind tunnels.</summary>
public sealed class TunnelTests
{
    private const string Name = "hello.gw.test";
    private const string Secret = "7:hush";

    [Fact]
    public async Task A_visitor_reaches_a_service_behind_a_tunnel_by_both_ports()
    {
        await using var web = await WebUpstream.SayAsync("behind the tunnel");
        await using var tls = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using (await TunnelClient.ConnectAsync(router, Secret, web.EndPoint))
        {
            await router.LineAsync("tunnel 1", "is up");
            using var client = router.Client();
            Assert.Equal("behind the tunnel", await client.GetStringAsync(new Uri($"http://{Name}/")));
        }

        await router.LineAsync("tunnel 1", "ended");
        await using (await TunnelClient.ConnectAsync(router, Secret, tls.EndPoint))
        {
            await router.LineAsync("tunnel 2", "is up");
            var hello = Hello.For(Name);
            Assert.Equal(hello, await TlsVisitor.AskAsync(router, hello));
            await router.LineAsync("TLS", Name, "tunnel 2", "Finished");
        }

        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("hush", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Visitors_who_are_faster_than_the_client_that_comes_back_after_a_start_are_served()
    {
        await using var tls = Upstream.Echo();
        await using var web = await WebUpstream.SayAsync("behind the tunnel");
        await using var router = new RouterHarness(options => options.TunnelReturn = TimeSpan.FromMinutes(1));
        router.Tunnel(Name, Secret);
        router.Tunnel("tls.gw.test", "8:hush");
        using var client = router.Client();
        var hello = Hello.For("tls.gw.test");
        var (page, echo) = (client.GetStringAsync(new Uri($"http://{Name}/")), TlsVisitor.AskAsync(router, hello));
        await using var first = await TunnelClient.ConnectAsync(router, Secret, web.EndPoint);
        await using var second = await TunnelClient.ConnectAsync(router, "8:hush", tls.EndPoint);
        Assert.Equal("behind the tunnel", await page);
        Assert.Equal(hello, await echo);
    }

    [Fact]
    public async Task A_hundred_megabytes_go_both_ways_through_a_tunnel()
    {
        const int Size = 100 * 1024 * 1024;
        await using var web = await LargeBody.ServeAsync();
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, web.EndPoint);
        await router.LineAsync("is up");
        await LargeBody.UpAsync(router, Name, Size);
        await LargeBody.DownAsync(router, Name, Size);
    }

    [Fact]
    public async Task Bulk_over_TLS_through_a_tunnel_arrives_byte_for_byte_after_a_half_close()
    {
        await using var upstream = new Upstream(async (socket, stop) => await socket.SendAllAsync(SHA256.HashData(await socket.ReceiveAllAsync()), stop));
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("is up");
        byte[] bulk = [.. Hello.For(Name), .. RandomNumberGenerator.GetBytes(20 * 1024 * 1024)];
        Assert.Equal(SHA256.HashData(bulk), await TlsVisitor.AskAsync(router, bulk));
    }

    [Fact]
    public async Task A_web_socket_goes_through_a_tunnel()
    {
        await using var web = await WebUpstream.StartAsync(WebSockets.EchoAsync);
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, web.EndPoint);
        await router.LineAsync("is up");
        using var socket = await WebSockets.ConnectAsync(router, Name);
        Assert.Equal("hello", await WebSockets.AskAsync(socket, "hello"));
    }

    [Fact]
    public async Task A_request_after_the_client_came_back_takes_the_new_session()
    {
        await using var old = await WebUpstream.SayAsync("old");
        await using var young = await WebUpstream.SayAsync("new");
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        using var client = router.Client();
        await using (await TunnelClient.ConnectAsync(router, Secret, old.EndPoint))
        {
            await router.LineAsync("tunnel 1", "is up");
            Assert.Equal("old", await client.GetStringAsync(new Uri($"http://{Name}/")));
        }

        await router.LineAsync("tunnel 1", "ended");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(new Uri($"http://{Name}/"))).StatusCode);
        await using var again = await TunnelClient.ConnectAsync(router, Secret, young.EndPoint);
        await router.LineAsync("tunnel 2", "is up");
        Assert.Equal("new", await client.GetStringAsync(new Uri($"http://{Name}/")));
    }

    [Fact]
    public async Task A_client_whose_application_is_down_costs_the_visitor_a_502_and_nothing_else()
    {
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, new IPEndPoint(IPAddress.Loopback, 1));
        await router.LineAsync("is up");
        using var client = router.Client();
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.BadGateway, (await client.GetAsync(new Uri($"http://{Name}/"))).StatusCode);
        Assert.False(tunnel.Ended.IsCompleted);
    }
}

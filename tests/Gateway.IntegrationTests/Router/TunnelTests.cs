using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.IntegrationTests.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Model.Routes;
using Gateway.Transport.Yamux;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

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
            Assert.Equal(hello, await AskTlsAsync(router, hello));
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
        var (page, echo) = (client.GetStringAsync(new Uri($"http://{Name}/")), AskTlsAsync(router, hello));
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
        Assert.Equal(SHA256.HashData(bulk), await AskTlsAsync(router, bulk));
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

    [Fact, Trait("adv", "T2")]
    public async Task Sessions_share_a_secret_and_one_too_many_displaces_the_oldest()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.TunnelsPerSecret = 2);
        router.Tunnel(Name, Secret);
        await using var first = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("tunnel 1", "is up");
        await using var second = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("tunnel 2", "is up");
        var visitors = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => OpenAsync(router)));
        Assert.Equal((3, 3), (first.Visitors, second.Visitors));
        await using var third = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await first.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        await router.LineAsync("tunnel 1", "Displaced");
        foreach (var visitor in visitors) visitor.Dispose();
        using var last = await OpenAsync(router);
    }

    [Fact, Trait("adv", "T7")]
    public async Task A_stranger_is_closed_without_learning_anything()
    {
        await using var router = new RouterHarness(options => options.HandshakeTimeout = TimeSpan.FromMilliseconds(500));
        router.Tunnel(Name, Secret);
        await using var guess = await TunnelClient.ConnectAsync(router, "7:guess", router.Tls);
        await guess.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(guess.IsSentAway);
        await router.LineAsync("unknown secret");
        byte[][] tongues = ["GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), "SSH-2.0-x\r\n"u8.ToArray(), Hello.For(Name), RandomNumberGenerator.GetBytes(500), []];
        foreach (var tongue in tongues)
        {
            using var stranger = await RouterHarness.ConnectAsync(router.Tunnels);
            await stranger.SendAllAsync(tongue);
            // Nothing but a go-away, a ping, silence, or what any TLS server says to a hello; never a word about secrets.
            var heard = await HearAsync(stranger);
            if (tongue is []) Assert.Equal(YamuxSession.GoAwayFrame.ToArray(), heard);
            Assert.True(heard.Length <= 36 || (tongue is [0x16, ..] && heard[0] is 0x15 or 0x16), Convert.ToHexString(heard));
        }

        Assert.Equal(tongues.Length + 1, router.Log.Lines.Count(line => line.Contains("turned away", StringComparison.Ordinal)));
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("guess", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Clients_from_one_address_are_limited_and_leave_room_when_they_go()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.TunnelsPerAddress = 1);
        router.Tunnel(Name, Secret);
        await using (await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint))
        {
            await router.LineAsync("tunnel 1", "is up");
            using var crowded = await RouterHarness.ConnectAsync(router.Tunnels);
            Assert.Equal(YamuxSession.GoAwayFrame.ToArray(), await HearAsync(crowded));
            await router.LineAsync("crowded");
        }

        await Eventually.TrueAsync(() => router.Log.Lines.Any(line => line.Contains("tunnel 1", StringComparison.Ordinal) && line.Contains("ended", StringComparison.Ordinal)), "the first left");
        // Its place is free a moment after the line.
        TunnelClient? second = null;
        await Eventually.TrueAsync(async () => (second = await TryConnectAsync(router, upstream.EndPoint)) is not null, "there is room for a second");
        await router.LineAsync("tunnel 2", "is up");
        await second!.DisposeAsync();
    }

    [Fact]
    public async Task A_deleted_route_ends_its_tunnel_and_its_visitors()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("is up");
        using var visitor = await OpenAsync(router);
        router.Delete(Name);
        await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        await router.LineAsync("tunnel 1", "RouteDeleted");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_changed_route_lets_the_visitors_of_its_old_tunnel_finish_and_closes_it_behind_them(bool isToAddress)
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("is up");
        using var visitor = await OpenAsync(router);
        if (isToAddress) router.Dial(Name, upstream.EndPoint);
        else router.Tunnel(Name, "7:other");
        await tunnel.GoingAway.WaitAsync(TimeSpan.FromSeconds(30));
        await using var guess = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await guess.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        if (isToAddress) (await OpenAsync(router)).Dispose();
        Assert.Equal(1, tunnel.Visitors);

        Assert.Equal("still here"u8.ToArray(), await SayLastAsync(visitor, "still here"u8.ToArray()));
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        await router.LineAsync("tunnel 1", "RouteChanged");
    }

    [Fact]
    public async Task A_changed_route_closes_a_tunnel_without_visitors_at_once()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("is up");
        router.Dial(Name, upstream.EndPoint);
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_route_that_is_deleted_or_frozen_after_its_change_ends_the_visitors_of_its_old_tunnel(bool isFrozen)
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("is up");
        using var visitor = await OpenAsync(router);
        router.Dial(Name, upstream.EndPoint);
        if (isFrozen) router.Put(Name, new Target.Dial("127.0.0.1", 0, upstream.EndPoint.Port), new RouteRules { IsFrozen = true });
        else router.Delete(Name);
        await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_deleted_route_leaves_the_visitors_of_another_one_alone_that_shared_its_tunnel_and_changed()
    {
        const string Other = "other.gw.test";
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        router.Tunnel(Other, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("is up");
        using var visitor = await OpenAsync(router);
        router.Dial(Name, upstream.EndPoint);
        router.Delete(Other);
        await tunnel.GoingAway.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("still here"u8.ToArray(), await SayLastAsync(visitor, "still here"u8.ToArray()));
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_route_that_changes_back_is_served_by_the_tunnel_that_was_about_to_leave_until_another_comes()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var first = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("tunnel 1", "is up");
        using var visitor = await OpenAsync(router);
        router.Dial(Name, upstream.EndPoint);
        router.Tunnel(Name, Secret);
        await first.GoingAway.WaitAsync(TimeSpan.FromSeconds(30));
        using var meanwhile = await OpenAsync(router);
        await using var second = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("tunnel 2", "is up");
        var later = await Task.WhenAll(OpenAsync(router), OpenAsync(router), OpenAsync(router));
        Assert.Equal((2, 3), (first.Visitors, second.Visitors));
        visitor.Dispose();
        meanwhile.Dispose();
        await first.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        foreach (var one in later) Assert.Equal("still here"u8.ToArray(), await SayLastAsync(one, "still here"u8.ToArray()));
    }

    [Fact]
    public async Task A_changed_route_lets_a_web_socket_in_its_old_tunnel_go_on()
    {
        await using var web = await WebUpstream.StartAsync(WebSockets.EchoAsync);
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, web.EndPoint);
        await router.LineAsync("is up");
        using (var socket = await WebSockets.ConnectAsync(router, Name))
        {
            Assert.Equal("hello", await WebSockets.AskAsync(socket, "hello"));
            router.Dial(Name, web.EndPoint);
            await tunnel.GoingAway.WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal("still here", await WebSockets.AskAsync(socket, "still here"));
        }

        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
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

    [Fact]
    public async Task A_session_whose_stream_ids_run_out_is_followed_by_another_and_its_visitors_finish()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness(options => (options.FirstStream, options.TunnelDirect) = (uint.MaxValue - (2 * StreamTable.Reserve) - 3, false));
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = new RunningClient(RunningClient.Options(service.Port, router.Tunnels.Port));
        await router.LineAsync("tunnel 1", "is up");
        using var first = await OpenAsync(router);
        using var second = await OpenAsync(router);
        await router.LineAsync("tunnel 2", "is up");
        using (await OpenAsync(router))
        {
        }

        await router.LineAsync("TLS", Name, "tunnel 2");
        foreach (var visitor in new[] { first, second })
        {
            await visitor.SendAllAsync("more"u8.ToArray());
            Assert.Equal("more"u8.ToArray(), await visitor.ReceiveExactlyAsync(4));
            visitor.Dispose();
        }

        await router.LineAsync("tunnel 1", "ended", "Retired");
    }

    [Fact]
    public async Task A_client_that_stays_until_its_stream_ids_are_used_up_is_closed()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.FirstStream = uint.MaxValue - 3);
        router.Tunnel(Name, Secret);
        await using var client = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("tunnel 1", "is up");
        using var first = await OpenAsync(router);
        Assert.False(client.Ended.IsCompleted);
        using var second = await OpenAsync(router);
        await client.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(client.IsSentAway);
        await router.LineAsync("tunnel 1", "ended", "Retired");
    }

    private static async Task<TunnelClient?> TryConnectAsync(RouterHarness router, IPEndPoint local)
    {
        try
        {
            return await TunnelClient.ConnectAsync(router, Secret, local);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static async Task<Socket> OpenAsync(RouterHarness router)
    {
        var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await visitor.SendAllAsync(hello);
        Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        return visitor;
    }

    private static async Task<byte[]> SayLastAsync(Socket visitor, byte[] bytes)
    {
        await visitor.SendAllAsync(bytes);
        visitor.Shutdown(SocketShutdown.Send);
        return await visitor.ReceiveAllAsync();
    }

    private static async Task<byte[]> AskTlsAsync(RouterHarness router, byte[] bytes)
    {
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        await visitor.SendAllAsync(bytes);
        visitor.Shutdown(SocketShutdown.Send);
        return await visitor.ReceiveAllAsync();
    }

    private static async Task<byte[]> HearAsync(Socket stranger)
    {
        try
        {
            return await stranger.ReceiveAllAsync();
        }
        catch (SocketException)
        {
            return [];
        }
    }
}

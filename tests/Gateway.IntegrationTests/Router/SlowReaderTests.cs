using System.Net.Sockets;
using System.Text;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Peers who leave what was sent to them unread, or read a byte now and then.</summary>
[Trait("adv", "H5")]
public sealed class SlowReaderTests
{
    private const string Name = "shop.example.org";
    private const string Secret = "7:hush";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_visitor_who_reads_a_byte_now_and_then_is_cut_and_one_who_is_only_slow_is_not(bool isTunnel)
    {
        await using var upstream = new Upstream(PourAsync);
        await using var router = new RouterHarness();
        await using var tunnel = await RouteAsync(router, upstream, isTunnel);
        using var slow = await VisitAsync(router);
        using var stingy = await VisitAsync(router);
        // Large enough to be seen moving each time that somebody looks.
        var slowly = Task.Run(() => ReadAsync(slow, 64 * 1024, TimeSpan.FromMilliseconds(20)));
        var byteByByte = Task.Run(() => ReadAsync(stingy, 1, TimeSpan.FromMilliseconds(100)));
        await router.LineAsync(Name, "VisitorStalled");
        Assert.Single(router.Log.Lines, line => line.Contains("VisitorStalled", StringComparison.Ordinal));
        Assert.False(slowly.IsCompleted);
        // What the kernel took for them they could go on reading for long.
        stingy.Dispose();
        slow.Dispose();
        await Task.WhenAll(slowly, byteByByte);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upstream_that_reads_nothing_is_cut(bool isTunnel)
    {
        await using var upstream = new Upstream(static (_, stop) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop));
        await using var router = new RouterHarness();
        await using var tunnel = await RouteAsync(router, upstream, isTunnel);
        using var visitor = await VisitAsync(router);
        await Assert.ThrowsAsync<SocketException>(() => PourAsync(visitor, CancellationToken.None));
        await router.LineAsync(Name, "UpstreamStalled");
    }

    [Fact]
    public async Task A_visitor_of_the_HTTP_port_who_reads_nothing_is_cut()
    {
        await using var web = await WebUpstream.StartAsync(async context =>
        {
            var page = new byte[64 * 1024];
            while (true) await context.Response.Body.WriteAsync(page, context.RequestAborted);
        });
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial("127.0.0.1", web.EndPoint.Port, 0), new RouteRules { StallSeconds = 1 });
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n"));
        await router.LineAsync("HTTP", Name, "VisitorStalled");
        await Assert.ThrowsAsync<SocketException>(() => ReadAsync(visitor, 64 * 1024, TimeSpan.Zero, isPatient: false));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_web_socket_whose_upstream_reads_nothing_is_cut_and_named(bool isTunnel)
    {
        await using var upstream = new Upstream(static async (socket, stop) =>
        {
            await socket.ReceiveAsync(new byte[4096], stop);
            // The example of RFC 6455 section 1.3.
            await socket.SendAllAsync("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"u8.ToArray(), stop);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        });
        await using var router = new RouterHarness();
        Target target = isTunnel ? new Target.Tunnel(new Secret(Secret)) : new Target.Dial("127.0.0.1", upstream.EndPoint.Port, 0);
        router.Put(Name, target, new RouteRules { StallSeconds = 1 });
        await using var tunnel = isTunnel ? await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint) : null;
        if (isTunnel) await router.LineAsync("is up");
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {Name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 101", Encoding.ASCII.GetString(await visitor.ReceiveExactlyAsync("HTTP/1.1 101".Length)), StringComparison.Ordinal);
        await Assert.ThrowsAsync<SocketException>(() => PourAsync(visitor, CancellationToken.None));
        await router.LineAsync("HTTP", Name, "UpstreamStalled");
    }

    [Fact]
    public async Task A_visitor_with_nothing_to_read_may_be_silent_for_longer()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        await using var none = await RouteAsync(router, upstream, isTunnel: false);
        using var visitor = await VisitAsync(router);
        await visitor.ReceiveExactlyAsync(Hello.For(Name).Length);
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        await visitor.SendAllAsync("still here"u8.ToArray());
        Assert.Equal("still here"u8.ToArray(), await visitor.ReceiveExactlyAsync(10));
    }

    private static async Task<TunnelClient?> RouteAsync(RouterHarness router, Upstream upstream, bool isTunnel)
    {
        Target target = isTunnel ? new Target.Tunnel(new Secret(Secret)) : new Target.Dial("127.0.0.1", 0, upstream.EndPoint.Port);
        router.Put(Name, target, new RouteRules { StallSeconds = 1 });
        if (!isTunnel) return null;
        var client = await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint);
        await router.LineAsync("is up");
        return client;
    }

    private static async Task<Socket> VisitAsync(RouterHarness router)
    {
        // Set before the connection stands, it bounds what the kernel takes for us.
        var visitor = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 16 * 1024 };
        await visitor.ConnectAsync(router.Tls);
        await visitor.SendAllAsync(Hello.For(Name));
        return visitor;
    }

    private static async Task PourAsync(Socket socket, CancellationToken stop)
    {
        var chunk = new byte[64 * 1024];
        while (true) await socket.SendAllAsync(chunk, stop);
    }

    /// <summary>Reads to the end, which may be a reset, with a pause before each piece.</summary>
    private static async Task ReadAsync(Socket socket, int piece, TimeSpan pause, bool isPatient = true)
    {
        var buffer = new byte[piece];
        try
        {
            while (await socket.ReceiveAsync(buffer) > 0)
                if (pause > TimeSpan.Zero) await Task.Delay(pause, TimeProvider.System);
        }
        catch (Exception e) when (isPatient && e is SocketException or ObjectDisposedException)
        {
            // Cut, by the router or by the test.
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.Cli.Expose;
using Gateway.IntegrationTests.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Connections of their own for visitors who speak TLS.</summary>
public sealed class DirectTunnelTests
{
    private const string Name = "hello.gw.test";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Visitors_who_speak_TLS_come_over_connections_of_their_own(bool isTls)
    {
        await using var stage = await ExposedEcho.UpAsync(
            Name, (node, options) => options with { Remotes = [new TunnelRemote(new HostPort("127.0.0.1", node.Tunnels.Port), isTls, isTls ? [node.Pin] : [])] });
        var router = stage.Router;
        using var first = await DirectAsync(router);
        byte[] bulk = [.. Hello.For(Name), .. RandomNumberGenerator.GetBytes(8 * 1024 * 1024)];
        for (var i = 0; i < 20; i++)
        {
            var echoed = await TlsVisitor.AskAsync(router, i % 5 == 0 ? bulk : bulk[..2000]);
            Assert.Equal(SHA256.HashData(i % 5 == 0 ? bulk : bulk[..2000]), SHA256.HashData(echoed));
        }

        // Many at once: whoever finds none ready goes through the session, and nobody notices.
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => TlsVisitor.AskAsync(router, bulk[..2000])));
        Assert.All(answers, answer => Assert.Equal(bulk[..2000], answer));
        first.Shutdown(SocketShutdown.Send);
        await router.LineAsync("TLS", Name, "tunnel 1, direct", "Finished");
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("Broke", StringComparison.Ordinal) || line.Contains("TimedOut", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_visitor_outlives_the_session_that_brought_him()
    {
        await using var stage = await ExposedEcho.UpAsync(Name);
        var router = stage.Router;
        using var visitor = await DirectAsync(router);
        // A second client of the same secret, with room for one, displaces the session.
        var crowd = new List<RunningClient>();
        for (var i = 0; i < 8; i++) crowd.Add(stage.Another());
        await router.LineAsync("tunnel 1 ", "Displaced");
        await AssertStillServedAsync(visitor);
        foreach (var other in crowd) await other.DisposeAsync();
    }

    [Fact]
    public async Task A_changed_route_lets_visitors_with_connections_of_their_own_finish_and_the_client_asks_again()
    {
        await using var stage = await ExposedEcho.UpAsync(Name);
        var router = stage.Router;
        using var visitor = await DirectAsync(router);
        router.Tunnel(Name, "7:other");
        await router.LineAsync("unknown secret");
        await AssertStillServedAsync(visitor);
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("RouteChanged", StringComparison.Ordinal));
        visitor.Dispose();
        await router.LineAsync("tunnel 1 ", "RouteChanged");
    }

    [Fact]
    public async Task What_the_gateway_itself_reads_stays_in_the_session()
    {
        await using var web = await WebUpstream.SayAsync("hello");
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = new RunningClient(RunningClient.Options(web.EndPoint.Port, router.Tunnels.Port));
        await router.LineAsync("is up");
        using var visitor = router.Client();
        for (var i = 0; i < 3; i++) Assert.Equal("hello", await visitor.GetStringAsync(new Uri($"http://{Name}/")));
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("direct", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_operator_and_the_user_can_do_without()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness(options => options.TunnelDirect = false);
        await using var other = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        other.Tunnel(Name, RunningClient.Secret);
        await using var client = new RunningClient(RunningClient.Options(service.Port, router.Tunnels.Port));
        await using var plain = new RunningClient(RunningClient.Options(service.Port, other.Tunnels.Port) with { Direct = false });
        await router.LineAsync("is up");
        await other.LineAsync("is up");
        var hello = Hello.For(Name);
        foreach (var node in new[] { router, other })
        {
            for (var i = 0; i < 5; i++) Assert.Equal(hello, await TlsVisitor.AskAsync(node, hello));
            await node.LineAsync("TLS", Name, "Finished");
            Assert.DoesNotContain(node.Log.Lines, line => line.Contains("direct", StringComparison.Ordinal));
        }
    }

    [Fact, Trait("adv", "T7")]
    public async Task A_token_opens_once_and_a_guess_never()
    {
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var peer = await PeerAsync(router);
        var token = await peer.TokenAsync();
        await CloseAsync(router, DirectPreamble.Encode(token + 1));
        await CloseAsync(router, "DIR2aaaaaaaaaaaaaaaa"u8.ToArray());
        using var redeemed = await RouterHarness.ConnectAsync(router.Tunnels);
        await redeemed.SendAllAsync(DirectPreamble.Encode(token));
        // Whoever has seen the token on the way comes too late.
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await Eventually.TrueAsync(() => redeemed.Available > 0 || Visit(), "the visitor comes over the redeemed connection");
        await CloseAsync(router, DirectPreamble.Encode(token));

        bool Visit()
        {
            using var another = new Socket(SocketType.Stream, ProtocolType.Tcp);
            another.Connect(router.Tls);
            another.Send(hello);
            return redeemed.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead);
        }
    }

    [Fact, Trait("adv", "T7")]
    public async Task A_token_opens_nothing_from_another_address_and_stays_the_clients()
    {
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var peer = await PeerAsync(router);
        var token = await peer.TokenAsync();
        using (var thief = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            thief.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
            await thief.ConnectAsync(router.Tunnels);
            await thief.SendAllAsync(DirectPreamble.Encode(token));
            Assert.Empty(await thief.HearAsync());
        }

        await router.LineAsync("turned away", "127.0.0.2", "token of another address");
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        await visitor.SendAllAsync(Hello.For(Name));
        await using var stream = await peer.Session.AcceptAsync(Deadline.Generous);
        Assert.NotNull(stream);
        using var redeemed = await RouterHarness.ConnectAsync(router.Tunnels);
        await redeemed.SendAllAsync(DirectPreamble.Encode(token));
        await Eventually.TrueAsync(() => router.Facts is [{ Ready: 1 }], "the client's connection is ready");
    }

    [Fact, Trait("adv", "T3")]
    public async Task A_client_that_promises_connections_and_dials_none_gets_its_visitors_through_the_session()
    {
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var peer = await PeerAsync(router);
        for (var i = 0; i < 3; i++)
        {
            using var visitor = await RouterHarness.ConnectAsync(router.Tls);
            await visitor.SendAllAsync(Hello.For(Name));
            await using var stream = await peer.Session.AcceptAsync(Deadline.Generous);
            Assert.NotNull(stream);
        }
    }

    [Theory, Trait("adv", "T6")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Visitors_who_leave_in_the_middle_leave_nothing_behind(bool direct)
    {
        await using var stage = await ExposedEcho.UpAsync(Name, (_, options) => options with { Direct = direct });
        var router = stage.Router;
        byte[] upload = [.. Hello.For(Name), .. new byte[50_000]];
        for (var i = 0; i < 150; i++)
        {
            using var visitor = await RouterHarness.ConnectAsync(router.Tls);
            await visitor.SendAllAsync(upload);
            // A reset in the middle of the upload, while its echo is on the way back.
            visitor.LingerState = new LingerOption(true, 0);
        }

        await Eventually.TrueAsync(() => router.Facts is [{ Visitors: 0 }], "nobody is in the tunnel any more");
        using var last = await RouterHarness.ConnectAsync(router.Tls);
        await last.SendAllAsync(upload);
        Assert.Equal(upload, await last.ReceiveExactlyAsync(upload.Length));
    }

    // A visitor who comes over a connection of his own: one is ready, and nobody else is there to take it.
    private static async Task<Socket> DirectAsync(RouterHarness router)
    {
        await Eventually.TrueAsync(() => router.Facts is [{ Ready: > 0 }, ..], "a connection is ready");
        return await TlsVisitor.OpenAsync(router, Name);
    }

    private static async Task AssertStillServedAsync(Socket visitor)
    {
        await visitor.SendAllAsync("still here"u8.ToArray());
        Assert.Equal("still here"u8.ToArray(), await visitor.ReceiveExactlyAsync(10));
    }

    // Closed, with nothing said but at most a go-away.
    private static async Task CloseAsync(RouterHarness router, byte[] preamble)
    {
        using var stranger = await RouterHarness.ConnectAsync(router.Tunnels);
        await stranger.SendAllAsync(preamble);
        Assert.InRange((await stranger.HearAsync()).Length, 0, 36);
    }

    private static async Task<Peer> PeerAsync(RouterHarness router)
    {
        var session = new YamuxSession(await SocketDuplex.ConnectAsync(router.Tunnels, CancellationToken.None), YamuxRole.Client, YamuxOptions.Default, TimeProvider.System);
        var running = session.RunAsync(CancellationToken.None);
        var hello = new TunnelHello(new Secret(RunningClient.Secret), "raw", ServedTraffic.Any, TunnelFeatures.DirectConnections);
        var (answer, control) = await TunnelHandshake.OfferAsync(session, hello, Deadline.Generous);
        Assert.Equal(TunnelFeatures.DirectConnections, answer!.Features);
        return new Peer(session, control, running);
    }

    /// <summary>A client that takes tokens, and does with them what the test wants.</summary>
    private sealed record Peer(YamuxSession Session, YamuxStream Control, Task Running) : IAsyncDisposable
    {
        public async Task<UInt128> TokenAsync()
        {
            var notice = await TunnelNotice.ReadAsync(Control, Deadline.Generous);
            Assert.Equal(NoticeKind.Tokens, notice!.Kind);
            return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(notice.Content.Span);
        }

        public async ValueTask DisposeAsync()
        {
            await Control.DisposeAsync();
            await Session.DisposeAsync();
            await Running;
        }
    }
}

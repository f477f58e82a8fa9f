using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Cli.Expose;
using Gateway.IntegrationTests.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Counts the descriptors of the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>Ten thousand visitors who vanish, and upstreams of every bad sort: what was open, running and held before is all there is after.</summary>
[Collection(nameof(AloneCollection))]
public sealed class LeakTests
{
    private const string Name = "shop.example.org";
    private const string Secret = "7:hush";

    /* Shared pools keep some buffers of the busiest moment; a thousand visits that were kept with theirs would be several times as much. */
    private const long Slack = 24 * 1024 * 1024;

    /* Of visits to bad upstreams, twenty at a time: less than a buffer of a relay for each that would be kept. */
    private const int Together = 20;
    private const int TimesTogether = 100;

    /* Others tick now and then: Kestrel's, the pool's of kept connections. */
    private const int FewTimers = 4;

    [Fact, Trait("adv", "T6")]
    public async Task Visitors_that_vanish_mid_upload_leave_nothing_behind()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Dial(Name, upstream.EndPoint);
        await LeavesNothingAsync(router, 10_000, Vanish(router.Tls, Hello.For(Name), upstream));
        Assert.InRange(upstream.Accepted, 1_000, int.MaxValue);
    }

    [Fact, Trait("adv", "T6")]
    public async Task Visitors_that_vanish_mid_upload_into_a_tunnel_leave_nothing_behind_at_either_end()
    {
        await using var stage = await EchoTunnel.UpAsync(Name, Secret);
        var (router, tunnel) = (stage.Router, stage.Client);
        await LeavesNothingAsync(router, 10_000, () => VanishAsync(router.Tls, Hello.For(Name)));
        await Eventually.TrueAsync(() => tunnel.Streams == 0, "no stream is left");
        Assert.True(await TlsVisitor.IsEchoedAsync(router, Name));
    }

    [Fact, Trait("adv", "T6")]
    public async Task Visitors_that_vanish_mid_upload_over_HTTP_leave_nothing_behind()
    {
        await using var upstream = new Upstream(async (socket, stop) =>
        {
            var buffer = new byte[64 * 1024];
            while (await socket.ReceiveAsync(buffer, stop) > 0)
            {
            }
        });
        await using var router = new RouterHarness();
        router.Dial(Name, upstream.EndPoint);
        var head = Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: {Name}\r\nContent-Length: 10000000\r\n\r\n");
        await LeavesNothingAsync(router, 10_000, Vanish(router.Http, head, upstream));
        Assert.InRange(upstream.Accepted, 1_000, int.MaxValue);
    }

    [Fact, Trait("adv", "T6")]
    public async Task Visitors_that_leave_after_their_request_leave_nothing_behind_either()
    {
        // It reads, and says nothing, for ever.
        await using var upstream = new Upstream((socket, _) => socket.ReceiveAllAsync());
        await using var router = new RouterHarness(options => (options.HalfClosed, options.HttpTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)));
        router.Dial(Name, upstream.EndPoint);
        var request = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n");
        await LeavesNothingAsync(router, 10_000, () => AskAndLeaveAsync(router, request));
    }

    private static async Task AskAndLeaveAsync(RouterHarness router, byte[] request)
    {
        // Each holds three descriptors of this process until it is noticed.
        if (router.Running > 2000) await Eventually.TrueAsync(() => router.Running < 2000, "those who left are noticed");
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(request);
    }

    [Fact, Trait("adv", "T12")]
    public async Task A_line_that_is_cut_again_and_again_leaves_nothing_behind_at_either_end()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        await using var line = new FaultyWire(router.Tunnels.Port);
        router.Tunnel(Name, RunningClient.Secret);
        var remote = new TunnelRemote(new HostPort("127.0.0.1", line.Endpoint().Port));
        await using var client = new RunningClient(RunningClient.Options(upstream.EndPoint.Port) with { Remotes = [remote], Proven = TimeSpan.Zero });
        await LeavesNothingAsync(router, 100, () => CutAsync(router, line));
    }

    // Serves a visitor, cuts the line, and waits for the session that follows.
    private static async Task CutAsync(RouterHarness router, FaultyWire line)
    {
        await Eventually.TrueAsync(() => router.Facts.Count == 1, "the client is there");
        var session = router.Facts[0].Session;
        // The wire ends both ways at once, so the visitor ends nothing before he has his answer.
        using (var visitor = await RouterHarness.ConnectAsync(router.Tls))
        {
            var hello = Hello.For(Name);
            await visitor.SendAllAsync(hello);
            Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        }

        line.Reset();
        await Eventually.TrueAsync(() => router.Facts is [var next] && next.Session > session, "the client is back");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Upstreams_that_reset_hang_end_early_or_speak_first_leave_nothing_behind(bool isTunnel)
    {
        var treat = Treatment.Reset;
        await using var upstream = new Upstream((socket, stop) => TreatAsync(socket, treat, stop));
        await using var router = new RouterHarness(options => options.IdleTimeout = TimeSpan.FromMilliseconds(300));
        if (isTunnel) router.Tunnel(Name, Secret);
        else router.Dial(Name, upstream.EndPoint);
        await using var tunnel = isTunnel ? await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint) : null;
        if (isTunnel) await router.LineAsync("is up");
        foreach (var next in Enum.GetValues<Treatment>())
        {
            treat = next;
            // Those that hang are cut after the idle time: all of them together.
            var (times, visitors) = next == Treatment.Hang ? (4, 500) : (TimesTogether, Together);
            await LeavesNothingAsync(router, times, () => Task.WhenAll(Enumerable.Range(0, visitors).Select(_ => AssertVisitAsync(router, next))), before: 10);
        }

        if (tunnel is not null) await Eventually.TrueAsync(() => tunnel.Streams == 0, "no stream is left");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Web_servers_that_lie_about_their_answers_hang_or_break_off_leave_nothing_behind(bool isTunnel)
    {
        var answer = "";
        await using var upstream = new Upstream((socket, stop) => AnswerAsync(socket, answer, stop));
        await using var router = new RouterHarness(options => options.HttpTimeout = TimeSpan.FromSeconds(3));
        if (isTunnel) router.Tunnel(Name, Secret);
        else router.Dial(Name, upstream.EndPoint);
        await using var tunnel = isTunnel ? await TunnelClient.ConnectAsync(router, Secret, upstream.EndPoint) : null;
        if (isTunnel) await router.LineAsync("is up");
        foreach (var (next, expected) in Answers)
        {
            answer = next;
            // One that hangs is given up after the timeout, each time: by several visitors together.
            var (times, visitors) = next == "hang" ? (1, 500) : (TimesTogether, Together);
            await LeavesNothingAsync(router, times, () => Task.WhenAll(Enumerable.Range(0, visitors).Select(_ => AssertAnswerAsync(router, expected))), before: 10);
        }

        if (tunnel is not null) await Eventually.TrueAsync(() => tunnel.Streams == 0, "no stream is left");
    }

    /// <summary>What a server does, and how what its visitor gets begins and ends; no end: it is broken off.</summary>
    private static readonly (string Answer, string Expected)[] Answers =
    [
        ("hang", "HTTP/1.1 504 "),
        ("", "HTTP/1.1 502 "),
        ("reset", "HTTP/1.1 502 "),
        ("SSH-2.0-nobody\r\n", "HTTP/1.1 502 "),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "HTTP/1.1 200 "),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nshort, or so it said", "HTTP/1.1 200 "),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", "HTTP/1.1 200 "),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 502 "),
    ];

    private static async Task AnswerAsync(Socket socket, string answer, CancellationToken stop)
    {
        await socket.ReceiveAsync(new byte[4096], stop);
        if (answer == "reset") socket.Close(0);
        else if (answer == "hang") await socket.ReceiveAllAsync();
        else await socket.SendAllAsync(Encoding.ASCII.GetBytes(answer), stop);
    }

    private static async Task AssertAnswerAsync(RouterHarness router, string expected)
    {
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: {Name}\r\nContent-Length: 0\r\n\r\n"));
        Assert.Equal(expected, Encoding.ASCII.GetString(await visitor.ReceiveExactlyAsync(expected.Length)));
    }

    private enum Treatment
    {
        Reset,
        Hang,
        EndAtOnce,
        SpeakFirst,
    }

    private static async Task TreatAsync(Socket socket, Treatment treatment, CancellationToken stop)
    {
        switch (treatment)
        {
            case Treatment.Reset:
                await socket.ReceiveAsync(new byte[10], stop);
                socket.Close(0);
                break;
            case Treatment.Hang:
                // It says nothing, and notices only that it was cut.
                await socket.ReceiveAllAsync();
                break;
            case Treatment.EndAtOnce:
                socket.Shutdown(SocketShutdown.Send);
                await socket.ReceiveAllAsync();
                break;
            default:
                await socket.SendAllAsync("220 ready"u8.ToArray(), stop);
                await socket.ReceiveAllAsync();
                break;
        }
    }

    private static async Task AssertVisitAsync(RouterHarness router, Treatment treatment)
    {
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        await visitor.SendAllAsync(Hello.For(Name));
        switch (treatment)
        {
            case Treatment.Reset or Treatment.Hang:
                var error = await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
                Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
                break;
            case Treatment.EndAtOnce:
                Assert.Empty(await visitor.ReceiveAllAsync());
                await visitor.SendAllAsync(new byte[100_000]);
                visitor.Shutdown(SocketShutdown.Send);
                break;
            default:
                Assert.Equal("220 ready"u8.ToArray(), await visitor.ReceiveExactlyAsync(9));
                break;
        }
    }

    /// <summary>Does it a few times, so that everything that is made once is made; then counts, does it often, and counts again.</summary>
    private static async Task LeavesNothingAsync(RouterHarness router, int times, Func<Task> visit, int before = 300)
    {
        for (var i = 0; i < Math.Min(times, before); i++) await visit();
        await QuietAsync();
        router.Log.Clear();
        var (running, timers) = (router.Running, Timer.ActiveCount);
        var (descriptors, bytes) = (Transport.Loopback.Descriptors(), GC.GetTotalMemory(forceFullCollection: true));
        for (var i = 0; i < times; i++) await visit();
        await Eventually.TrueAsync(() => router.Running <= running, "no connection's task runs any more");
        await Eventually.TrueAsync(() => Timer.ActiveCount <= timers + FewTimers, "no timer waits any more");
        await Eventually.TrueAsync(() => Transport.Loopback.Descriptors() <= descriptors, "descriptors are back to where they were");
        router.Log.Clear();
        await Eventually.TrueAsync(() => GC.GetTotalMemory(forceFullCollection: true) <= bytes + Slack, "memory is back to where it was");
    }

    /// <summary>Waits until what was begun has ended: the number of descriptors no longer changes.</summary>
    private static async Task QuietAsync()
    {
        var (last, same) = (-1, 0);
        await Eventually.TrueAsync(
            async () =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
                var now = Transport.Loopback.Descriptors();
                same = now == last ? same + 1 : 0;
                last = now;
                return same >= 25;
            },
            "the number of descriptors is steady");
    }

    /// <summary>A visitor who vanishes, often before anything was made of him; every tenth stays until somebody has reached the upstream after he came.</summary>
    private static Func<Task> Vanish(IPEndPoint to, byte[] head, Upstream upstream)
    {
        var visits = 0;
        return () => VanishAsync(to, head, ++visits % 10 == 0 ? upstream : null);
    }

    private static async Task VanishAsync(IPEndPoint to, byte[] head, Upstream? reached = null)
    {
        var bulk = new byte[64 * 1024];
        head.CopyTo(bulk, 0);
        var before = reached?.Accepted;
        using var visitor = await RouterHarness.ConnectAsync(to);
        visitor.Blocking = false;
        visitor.Send(bulk, SocketFlags.None, out _);
        if (reached is not null) await Eventually.TrueAsync(() => reached.Accepted > before, "the visit has reached the upstream");
        visitor.Close(0);
    }
}

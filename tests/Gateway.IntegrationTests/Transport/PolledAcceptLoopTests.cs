using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>Alone, because one of them takes every descriptor.</summary>
[Collection(nameof(Router.AloneCollection))]
public sealed class PolledAcceptLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Socket _listener = Loopback.Listen();

    [Fact]
    public async Task A_visit_that_waits_for_its_sockets_alone_never_leaves_its_pollers_thread()
    {
        var threads = new ConcurrentQueue<(string? Name, int Id)>();
        await using var upstream = new TestEcho();
        await RunAsync(new PolledAcceptLoop(_listener, 10, async (visitor, stop) =>
        {
            threads.Enqueue(Here());
            await using var owned = visitor;
            await visitor.ReadAsync(new byte[100], stop);
            threads.Enqueue(Here());
            await using var back = await SocketDuplex.ConnectAsync(upstream.EndPoint, stop);
            threads.Enqueue(Here());
            await Relay.RunAsync(visitor, new byte[] { 1 }, back, RelayOptions.Default, stop);
            threads.Enqueue(Here());
        }, TimeProvider.System), async () =>
        {
            using var visitor = await ConnectAsync();
            await ExchangeAsync(visitor);
            await ExchangeAsync(visitor);
            visitor.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await visitor.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        });
        Assert.Equal(4, threads.Count);
        Assert.Equal("gateway-poll", Assert.Single(threads.Distinct()).Name);
    }

    [Fact]
    public async Task Beyond_the_limit_visitors_wait_until_others_leave()
    {
        var loop = new PolledAcceptLoop(_listener, 2, EchoAsync, TimeProvider.System);
        await RunAsync(loop, async () =>
        {
            using Socket one = await ConnectAsync(), two = await ConnectAsync(), three = await ConnectAsync();
            await Eventually.TrueAsync(() => loop.Running == 2, "two are served");
            await three.SendAsync(new byte[] { 3 });
            var answer = three.ReceiveAsync(new byte[1]);
            Assert.Equal(2, loop.Running);
            Assert.False(answer.IsCompleted);
            one.Dispose();
            Assert.Equal(1, await answer.WaitAsync(Patience));
        });
        Assert.Equal(0, loop.Running);
    }

    [Fact]
    public async Task Many_visitors_pass_through_few_permits()
    {
        await RunAsync(new PolledAcceptLoop(_listener, 3, EchoAsync, TimeProvider.System), () => Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            for (var i = 0; i < 20; i++)
            {
                using var visitor = await ConnectAsync();
                await ExchangeAsync(visitor);
            }
        })));
    }

    [Fact]
    public async Task A_visit_that_throws_is_told_and_ends_no_other()
    {
        var faults = new ConcurrentQueue<Exception>();
        var visits = 0;
        var loop = new PolledAcceptLoop(_listener, 10, (visitor, stop) => Interlocked.Increment(ref visits) == 1 ? throw new InvalidOperationException("defect") : EchoAsync(visitor, stop), TimeProvider.System) { OnVisitFault = faults.Enqueue };
        await RunAsync(loop, async () =>
        {
            using var unlucky = await ConnectAsync();
            Assert.Equal(0, await unlucky.ReceiveAsync(new byte[1]).WaitAsync(Patience));
            using var lucky = await ConnectAsync();
            await ExchangeAsync(lucky);
        });
        Assert.Equal("defect", Assert.Single(faults).Message);
    }

    [Fact]
    public async Task Told_to_stop_it_cuts_visits_that_do_not_finish()
    {
        var cut = new TaskCompletionSource();
        var loop = new PolledAcceptLoop(_listener, 10, async (_, stop) =>
        {
            await using var told = stop.Register(cut.SetResult);
            await Task.Delay(Timeout.Infinite, stop);
        }, TimeProvider.System)
        { Drain = TimeSpan.FromMilliseconds(50) };
        using var visitor = await ConnectAsync();
        await RunAsync(loop, () => Eventually.TrueAsync(() => loop.Running == 1, "he is served"));
        await cut.Task.WaitAsync(Patience);
        Assert.Equal(0, await visitor.ReceiveAsync(new byte[1]).WaitAsync(Patience));
    }

    [Fact]
    [Trait("adv", "O3")]
    public async Task Without_descriptors_it_backs_off_and_goes_on_when_there_are_some()
    {
        var errors = new ConcurrentQueue<Exception>();
        await RunAsync(new PolledAcceptLoop(_listener, 10, EchoAsync, TimeProvider.System) { OnAcceptError = errors.Enqueue }, async () =>
        {
            using (var warm = await ConnectAsync()) await ExchangeAsync(warm);
            using var visitor = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            // Below what is open already: not one more can be opened.
            var former = OpenFiles.Limit(1);
            try
            {
                await visitor.ConnectAsync(_listener.LocalEndPoint!);
                await Eventually.TrueAsync(() => !errors.IsEmpty, "the loop is told that it cannot accept");
            }
            finally
            {
                OpenFiles.Limit(former);
            }
            await ExchangeAsync(visitor);
        });
    }

    [Fact]
    public async Task Visitors_that_speak_first_are_served_and_silent_ones_are_not_forgotten()
    {
        var loop = new PolledAcceptLoop(_listener, 10, EchoAsync, TimeProvider.System) { VisitorsSpeakFirst = true };
        await RunAsync(loop, async () =>
        {
            using Socket silent = await ConnectAsync(), quick = await ConnectAsync();
            await ExchangeAsync(quick);
            // A visitor that goes without a word is seen to go.
            silent.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await silent.ReceiveAsync(new byte[1]).WaitAsync(Patience));
            using var late = await ConnectAsync();
            await Eventually.TrueAsync(() => loop.Running == 2, "after a while one that says nothing is taken as well");
            await ExchangeAsync(late);
        });
    }

    // The visits are over when it returns.
    private static async Task RunAsync(PolledAcceptLoop loop, Func<Task> meanwhile)
    {
        using var stop = new CancellationTokenSource();
        var running = loop.RunAsync(stop.Token);
        await meanwhile();
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
    }

    private static (string? Name, int Id) Here() => (Thread.CurrentThread.Name, Environment.CurrentManagedThreadId);

    private static async Task ExchangeAsync(Socket visitor)
    {
        await visitor.SendAsync(new byte[] { 1 });
        Assert.Equal(1, await visitor.ReceiveAsync(new byte[1]).WaitAsync(Patience));
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_listener.LocalEndPoint!);
        return socket;
    }

    private static async Task EchoAsync(SocketDuplex visitor, CancellationToken stop)
    {
        await using var owned = visitor;
        var buffer = new byte[100];
        while (await visitor.ReadAsync(buffer, stop) is > 0 and var read) await visitor.WriteAsync(buffer.AsMemory(0, read), stop);
    }

    /// <summary>An upstream that sends back what it gets.</summary>
    private sealed class TestEcho : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Socket _listener = Loopback.Listen();
        private readonly Task _running;

        public TestEcho()
        {
            EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
            _running = new PolledAcceptLoop(_listener, 10, EchoAsync, TimeProvider.System) { Drain = TimeSpan.Zero }.RunAsync(_stop.Token);
        }

        public IPEndPoint EndPoint { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}

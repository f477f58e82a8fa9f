using System.Collections.Concurrent;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

[Collection(nameof(Router.AloneCollection))]
public sealed class AcceptLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Socket _listener = Loopback.Listen();

    [Fact]
    public async Task Beyond_the_limit_visitors_wait_until_others_leave()
    {
        using var stop = new CancellationTokenSource();
        var loop = new AcceptLoop(_listener, 2, EchoAsync, TimeProvider.System);
        var running = loop.RunAsync(stop.Token);
        using Socket one = await ConnectAsync(), two = await ConnectAsync(), three = await ConnectAsync();
        await Eventually.TrueAsync(() => loop.Running == 2, "two are served");
        await three.SendAsync(new byte[] { 3 });
        var answer = three.ReceiveAsync(new byte[1]);
        Assert.Equal(2, loop.Running);
        Assert.False(answer.IsCompleted);
        one.Dispose();
        Assert.Equal(1, await answer.WaitAsync(Patience));
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
        Assert.Equal(0, loop.Running);
    }

    [Fact]
    public async Task A_visit_that_throws_is_told_and_ends_no_other()
    {
        using var stop = new CancellationTokenSource();
        var faults = new ConcurrentQueue<Exception>();
        var visits = 0;
        var loop = new AcceptLoop(_listener, 10, (socket, token) => Interlocked.Increment(ref visits) == 1 ? throw new InvalidOperationException("defect") : EchoAsync(socket, token), TimeProvider.System) { OnVisitFault = faults.Enqueue };
        var running = loop.RunAsync(stop.Token);
        using var unlucky = await ConnectAsync();
        Assert.Equal(0, await unlucky.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        using var lucky = await ConnectAsync();
        await lucky.SendAsync(new byte[] { 1 });
        Assert.Equal(1, await lucky.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        Assert.Equal("defect", Assert.Single(faults).Message);
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
    }

    [Fact]
    public async Task Told_to_stop_it_lets_visits_finish_and_cuts_those_that_do_not()
    {
        using var stop = new CancellationTokenSource();
        var cut = new TaskCompletionSource();
        var loop = new AcceptLoop(_listener, 10, async (_, token) =>
        {
            await using var told = token.Register(cut.SetResult);
            await Task.Delay(Timeout.Infinite, token);
        }, TimeProvider.System)
        { Drain = TimeSpan.FromMilliseconds(50) };
        var running = loop.RunAsync(stop.Token);
        using var visitor = await ConnectAsync();
        await Eventually.TrueAsync(() => loop.Running == 1, "he is served");
        await stop.CancelAsync();
        await cut.Task.WaitAsync(Patience);
        await running.WaitAsync(Patience);
        Assert.Equal(0, await visitor.ReceiveAsync(new byte[1]).WaitAsync(Patience));
    }

    [Fact]
    [Trait("adv", "O3")]
    public async Task Without_descriptors_it_backs_off_and_goes_on_when_there_are_some()
    {
        using var stop = new CancellationTokenSource();
        var errors = 0;
        var loop = new AcceptLoop(_listener, 10, EchoAsync, TimeProvider.System, _ => Interlocked.Increment(ref errors));
        var running = loop.RunAsync(stop.Token);
        using (var warm = await ConnectAsync()) await ExchangeAsync(warm);
        using var visitor = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // Below what is open already: not one more can be opened.
        var former = OpenFiles.Limit(1);
        try
        {
            await visitor.ConnectAsync(_listener.LocalEndPoint!);
            await Eventually.TrueAsync(() => Volatile.Read(ref errors) > 0, "the loop is told that it cannot accept");
        }
        finally
        {
            OpenFiles.Limit(former);
        }
        await ExchangeAsync(visitor);
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
    }

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

    private static async Task EchoAsync(Socket socket, CancellationToken stop)
    {
        var buffer = new byte[100];
        while (await socket.ReceiveAsync(buffer, stop) is > 0 and var read) await socket.SendAsync(buffer.AsMemory(0, read), stop);
    }
}

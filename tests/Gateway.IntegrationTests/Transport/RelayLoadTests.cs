using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>Many at once, and nothing left over. Alone, because it counts what the process holds.</summary>
[Collection(nameof(Router.AloneCollection))]
public sealed class RelayLoadTests
{
    [Fact]
    [Trait("adv", "T6")]
    public async Task Two_thousand_short_connections_leave_nothing_open()
    {
        await RunAsync(100, 50);
        var before = Loopback.Descriptors();
        await RunAsync(2_000, 200);
        await Eventually.TrueAsync(() => Loopback.Descriptors() <= before, $"no more than {before} descriptors are open");
    }

    // A listener before, an echo behind, and visitors who send, half-close and read to the end; some leave in the middle.
    private static async Task RunAsync(int visitors, int atOnce)
    {
        using var stop = new CancellationTokenSource();
        using var echoing = Loopback.Listen();
        using var front = Loopback.Listen();
        var upstream = (IPEndPoint)echoing.LocalEndPoint!;
        var echo = new AcceptLoop(echoing, 4096, EchoAsync, TimeProvider.System).RunAsync(stop.Token);
        var loop = new AcceptLoop(front, 4096, (socket, token) => VisitAsync(socket, upstream, token), TimeProvider.System);
        var relaying = loop.RunAsync(stop.Token);
        await Parallel.ForEachAsync(Enumerable.Range(0, visitors), new ParallelOptions { MaxDegreeOfParallelism = atOnce },
            async (i, _) => await VisitorAsync((IPEndPoint)front.LocalEndPoint!, i));
        await Eventually.TrueAsync(() => loop.Running == 0, "all visits have ended");
        await stop.CancelAsync();
        await Task.WhenAll(echo, relaying);
    }

    private static async Task VisitAsync(Socket socket, IPEndPoint to, CancellationToken stop)
    {
        await using var visitor = new SocketDuplex(socket);
        await using var upstream = await SocketDuplex.ConnectAsync(to, stop);
        // As a router does: look first, then carry.
        var peeked = new byte[16];
        try
        {
            var length = await visitor.ReadAsync(peeked, stop);
            await Relay.RunAsync(visitor, peeked.AsMemory(0, length), upstream, RelayOptions.Default, stop);
        }
        catch (IOException)
        {
            // The visitor left while we looked.
        }
    }

    private static async Task EchoAsync(Socket socket, CancellationToken stop)
    {
        await using var peer = new SocketDuplex(socket);
        var buffer = new byte[32 * 1024];
        try
        {
            while (await peer.ReadAsync(buffer, stop) is > 0 and var read) await peer.WriteAsync(buffer.AsMemory(0, read), stop);
            await peer.EndAsync(stop);
        }
        catch (IOException)
        {
            // The visitor left.
        }
    }

    private static async Task VisitorAsync(IPEndPoint to, int i)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(to);
        var bytes = new byte[i % 10 == 0 ? 200_000 : 500];
        new Random(i).NextBytes(bytes);
        var sending = socket.SendAllAsync(bytes);
        if (i % 7 == 0)
        {
            await sending;
            socket.Close(0);
            return;
        }
        var reading = socket.ReadToEndAsync();
        await sending;
        socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(bytes, await reading.WaitAsync(TimeSpan.FromSeconds(60)));
    }
}

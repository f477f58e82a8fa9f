using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

public sealed class SocketDuplexTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task It_dials_both_families_and_knows_both_ends()
    {
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            Assert.True(Listening.TryBind(new IPEndPoint(address, 0), 8, out var listener, out var fault), fault);
            using var owned = listener;
            await using var near = await SocketDuplex.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, Deadline.Generous);
            await using var far = new SocketDuplex(await listener.AcceptAsync(Deadline.Generous));
            Assert.Equal(listener.LocalEndPoint, near.Remote);
            Assert.Equal(far.Remote, near.Local);
            await near.WriteAsync(new byte[] { 1, 2 }, Deadline.Generous);
            Assert.Equal(2, await far.ReadAsync(new byte[8], Deadline.Generous));
        }
    }

    [Fact]
    public async Task A_refused_dial_says_so_and_a_cancelled_one_ends()
    {
        using var listener = Loopback.Listen();
        var gone = (IPEndPoint)listener.LocalEndPoint!;
        listener.Dispose();
        var refused = await Assert.ThrowsAsync<IOException>(async () => await SocketDuplex.ConnectAsync(gone, Deadline.Generous));
        Assert.Contains("refused", refused.Message, StringComparison.Ordinal);

        // Nobody accepts, and the queue is full: the kernel lets the dial wait.
        Assert.True(Listening.TryBind(new IPEndPoint(IPAddress.Loopback, 0), 0, out var full, out _));
        using var owned = full;
        using var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await filler.ConnectAsync(full.LocalEndPoint!);
        using var stop = new CancellationTokenSource();
        var dialling = SocketDuplex.ConnectAsync((IPEndPoint)full.LocalEndPoint!, stop.Token).AsTask();
        await stop.CancelAsync();
        try
        {
            await using var connected = await dialling.WaitAsync(Patience);
        }
        catch (OperationCanceledException)
        {
            // Which of the two comes first is the kernel's choice; that it ends is ours.
        }
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 3)]
    public async Task Who_speaks_first_ends_the_handshake_with_his_first_bytes(bool speaksFirst, int packets)
    {
        // A thread that the machine held up for 200 ms between the dial and the word has answered without it: another try.
        await Eventually.TrueAsync(async () => await PacketsUntilFirstWordAsync(new ConnectOptions { SpeaksFirst = speaksFirst }) == packets, $"the peer has seen {packets} packets");
    }

    private static async Task<int> PacketsUntilFirstWordAsync(ConnectOptions options)
    {
        using var listener = Loopback.Listen();
        await using var near = await SocketDuplex.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, options, Patience, TimeProvider.System, Deadline.Generous);
        await near.WriteAsync(new byte[] { 1 }, Deadline.Generous);
        using var far = await listener.AcceptAsync(Deadline.Generous);
        Assert.Equal(1, await far.ReceiveAsync(new byte[2], Deadline.Generous));
        return far.PacketsTaken();
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        var (far, near) = await Loopback.PairAsync();
        using var owned = far;
        await using var duplex = near;
        for (var i = 0; i < 100; i++)
        {
            using var stop = new CancellationTokenSource();
            var reading = near.ReadAsync(new byte[8], stop.Token).AsTask();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Patience));
        }
        await far.SendAsync(new byte[] { 1, 2, 3 });
        Assert.Equal(3, await near.ReadAsync(new byte[8], Deadline.Generous));
    }

    [Fact]
    public async Task An_empty_read_waits_until_there_is_something()
    {
        var (far, near) = await Loopback.PairAsync();
        using var owned = far;
        await using var duplex = near;
        var waiting = near.ReadAsync(Memory<byte>.Empty, Deadline.Generous).AsTask();
        Assert.False(waiting.IsCompleted);
        await far.SendAsync(new byte[] { 1 });
        Assert.Equal(0, await waiting.WaitAsync(Patience));
        Assert.Equal(1, await near.ReadAsync(new byte[8], Deadline.Generous));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Closing_it_ends_a_read_and_a_write_that_wait(bool reset)
    {
        var (far, near) = await Loopback.PairAsync(buffer: 16 * 1024);
        using var owned = far;
        var reading = near.ReadAsync(new byte[8], Deadline.Generous).AsTask();
        var writing = near.WriteAsync(new byte[8 << 20], Deadline.Generous).AsTask();
        if (reset) near.Reset();
        else await near.DisposeAsync();
        await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(Patience));
        await Assert.ThrowsAsync<IOException>(() => writing.WaitAsync(Patience));
        await Assert.ThrowsAsync<IOException>(async () => await near.ReadAsync(new byte[8], Deadline.Generous));
        await Assert.ThrowsAsync<IOException>(async () => await near.EndAsync(Deadline.Generous));
    }

    [Fact]
    public async Task A_reset_is_seen_as_one_and_a_disposal_is_not()
    {
        var (far, near) = await Loopback.PairAsync();
        near.Reset();
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => far.ReceiveAsync(new byte[8]))).SocketErrorCode);
        (far, near) = await Loopback.PairAsync();
        await near.DisposeAsync();
        Assert.Equal(0, await far.ReceiveAsync(new byte[8]));
    }
}

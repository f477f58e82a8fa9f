using System.Net.Sockets;
using Gateway.Transport;
using Gateway.Transport.Native;
using Gateway.Transport.Polling;
using Gateway.Transport.Relaying;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>Small pieces of several relays, sent by one system call, or each by its own where the system has none for many.</summary>
public sealed class SendBatchTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_piece_reaches_its_own_reader(bool together)
    {
        var sends = Batch(together);
        await using var readers = await Readers.OpenAsync(5);
        for (byte i = 0; i < 5; i++) readers[i].Direction.Lend(new byte[] { i, i, i }.AsSpan(0, 1 + (i % 3)), sends);
        Assert.All(readers.All, reader => Assert.Equal(Flow.Waits, reader.Direction.Pump()));
        sends.HandOver();
        for (byte i = 0; i < 5; i++)
        {
            Assert.Equal(Enumerable.Repeat(i, 1 + (i % 3)), await readers[i].ReadAsync());
            Assert.Equal(1 + (i % 3), readers[i].Direction.Carried);
            Assert.False(readers[i].Direction.IsLending);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task More_pieces_than_fit_all_arrive(bool together)
    {
        var sends = Batch(together);
        await using var readers = await Readers.OpenAsync(SendBatch.MostPieces + 3);
        foreach (var reader in readers.All) reader.Direction.Lend(new byte[SendBatch.LargestPiece], sends);
        sends.HandOver();
        foreach (var reader in readers.All)
            for (var read = 0; read < SendBatch.LargestPiece;) read += (await reader.ReadAsync()).Length;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_relay_had_lent_that_has_ended_is_not_sent(bool together)
    {
        var sends = Batch(together);
        await using var readers = await Readers.OpenAsync(3);
        foreach (var reader in readers.All) reader.Direction.Lend([1], sends);
        // Its descriptor may be another connection's by now.
        readers[1].Direction.Free();
        sends.HandOver();
        Assert.Equal([1], await readers[0].ReadAsync());
        Assert.Equal([1], await readers[2].ReadAsync());
        Assert.Equal(0, readers[1].Far.Available);
        Assert.Equal(0, readers[1].Direction.Carried);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_full_or_broken_reader_holds_up_no_other(bool together)
    {
        var sends = Batch(together);
        await using var readers = await Readers.OpenAsync(3);
        while (SocketCalls.Send(readers[0].Near.Handle, new byte[64 * 1024]) > 0)
        {
        }

        SocketCalls.EndSending(readers[1].Near.Handle);
        foreach (var reader in readers.All) reader.Direction.Lend([1], sends);
        sends.HandOver();
        Assert.Equal([1], await readers[2].ReadAsync());
        Assert.Equal(0, readers[0].Direction.Carried);
        Assert.Equal(Flow.SinkBroke, readers[1].Direction.Pump());
        // The full one sends it when there is room: whoever waits for that hears of it at a poller.
        while (readers[0].Far.Available > 0) await readers[0].ReadAsync();
        Assert.Equal(Flow.Waits, readers[0].Direction.Pump());
        Assert.Equal(1, readers[0].Direction.Carried);
    }

    private static SendBatch Batch(bool together) => new(new PollRounds(), together ? Submission.TryOpen(SendBatch.MostPieces) ?? throw new InvalidOperationException("This system has no io_submit.") : null);

    private sealed record Reader(Socket Far, SocketDuplex Near, KernelDirection Direction)
    {
        public async Task<byte[]> ReadAsync()
        {
            var bytes = new byte[64 * 1024];
            return bytes[..await Far.ReceiveAsync(bytes).WaitAsync(TimeSpan.FromSeconds(30))];
        }
    }

    private sealed class Readers : IAsyncDisposable
    {
        private readonly List<Reader> _all = [];

        public IEnumerable<Reader> All => _all;

        public Reader this[int index] => _all[index];

        public static async Task<Readers> OpenAsync(int count)
        {
            var readers = new Readers();
            for (var i = 0; i < count; i++)
            {
                var (far, near) = await Loopback.PairAsync();
                var slot = Poller.Choose().Add(near.Handle, null);
                // Nothing comes from their source, and nobody runs their relay.
                readers._all.Add(new Reader(far, near, new KernelDirection(null!, near.Handle, near.Handle, slot)));
            }

            return readers;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var reader in _all)
            {
                reader.Direction.Free();
                await reader.Near.DisposeAsync();
                reader.Far.Dispose();
            }
        }
    }
}

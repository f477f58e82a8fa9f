using System.Net.Sockets;
using Gateway.Transport;
using Gateway.Transport.Native;
using Gateway.Transport.Polling;
using Gateway.Transport.Relaying;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>Small pieces of several relays, read by one system call and sent by another, or each by its own where the system has none for many.</summary>
public sealed class PieceBatchTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_piece_reaches_its_own_reader(bool together)
    {
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(5);
        for (byte i = 0; i < 5; i++) readers[i].Direction.Lend(new byte[] { i, i, i }.AsSpan(0, 1 + (i % 3)), pieces);
        Assert.All(readers.All, reader => Assert.Equal(Flow.Waits, reader.Direction.Pump()));
        pieces.HandOver();
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
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(PieceBatch.MostPieces + 3);
        foreach (var reader in readers.All) reader.Direction.Lend(new byte[PieceBatch.LargestPiece], pieces);
        pieces.HandOver();
        foreach (var reader in readers.All)
            for (var read = 0; read < PieceBatch.LargestPiece;) read += (await reader.ReadAsync()).Length;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_relay_that_wants_few_together_sends_what_waits_before_it_adds_one_more(bool together)
    {
        var piece = "piece"u8.ToArray();
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(3, piecesTogether: 2);
        foreach (var reader in readers.All) reader.Direction.Lend(piece, pieces);
        for (var i = 0; i < 2; i++) Assert.Equal(piece, await readers[i].ReadAsync());
        Assert.Equal(0, readers[2].Far.Available);
        pieces.HandOver();
        Assert.Equal(piece, await readers[2].ReadAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_relay_had_lent_that_has_ended_is_not_sent(bool together)
    {
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(3);
        foreach (var reader in readers.All) reader.Direction.Lend([1], pieces);
        // Its descriptor may be another connection's by now.
        readers[1].Direction.Free();
        pieces.HandOver();
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
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(3);
        while (SocketCalls.Send(readers[0].Near.Handle, new byte[64 * 1024]) > 0)
        {
        }

        SocketCalls.EndSending(readers[1].Near.Handle);
        foreach (var reader in readers.All) reader.Direction.Lend([1], pieces);
        pieces.HandOver();
        Assert.Equal([1], await readers[2].ReadAsync());
        Assert.Equal(0, readers[0].Direction.Carried);
        Assert.Equal(Flow.SinkBroke, readers[1].Direction.Pump());
        // The full one sends it when there is room: whoever waits for that hears of it at a poller.
        while (readers[0].Far.Available > 0) await readers[0].ReadAsync();
        Assert.Equal(Flow.Waits, readers[0].Direction.Pump());
        Assert.Equal(1, readers[0].Direction.Carried);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_source_is_read_for_its_own_reader_round_after_round(bool together)
    {
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(5);
        // More rounds than the kernel has places for their answers at once.
        for (var round = 0; round < 200; round++)
        {
            for (byte i = 0; i < 5; i++) await readers[i].Far.SendAllAsync(Enumerable.Repeat((byte)(i + round), 1 + ((i + round) % 3)).ToArray());
            foreach (var reader in readers.All) Assert.Equal(Flow.Waits, reader.Direction.Ask(pieces));
            pieces.HandOver();
            for (byte i = 0; i < 5; i++) Assert.Equal(Enumerable.Repeat((byte)(i + round), 1 + ((i + round) % 3)), await readers[i].ReadAsync());
        }

        Assert.All(readers.All, reader => Assert.False(reader.Direction.IsLending));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task More_sources_than_fit_are_all_read(bool together)
    {
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(PieceBatch.MostPieces + 3);
        foreach (var reader in readers.All)
        {
            await reader.Far.SendAllAsync(new byte[] { 7 });
            reader.Direction.Ask(pieces);
        }

        pieces.HandOver();
        foreach (var reader in readers.All) Assert.Equal([7], await reader.ReadAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_source_that_is_empty_ended_or_reset_holds_up_no_other(bool together)
    {
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(4);
        readers[1].Far.Shutdown(SocketShutdown.Send);
        readers[2].Far.Close(0);
        await readers[3].Far.SendAllAsync("last"u8.ToArray());
        foreach (var reader in readers.All) reader.Direction.Ask(pieces);
        pieces.HandOver();
        Assert.Equal("last"u8.ToArray(), await readers[3].ReadAsync());
        Assert.All(readers.All, reader => Assert.False(reader.Direction.IsLending));
        Assert.False(readers[0].Direction.IsReadable);
        Assert.Equal(Flow.Waits, readers[0].Direction.Pump());
        Assert.Equal(Flow.Ended, readers[1].Direction.Pump());
        Assert.Equal(Flow.SourceBroke, readers[2].Direction.Pump());
        Assert.Equal([0L, 0L, 0L, 4L], readers.All.Select(reader => reader.Direction.Carried));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_may_be_followed_by_more_is_looked_at_again(bool together)
    {
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(3);
        await readers[0].Far.SendAllAsync(new byte[PieceBatch.LargestPiece + 1]);
        foreach (var reader in readers.All.Skip(1))
        {
            await reader.Far.SendAllAsync(new byte[] { 1 });
            reader.Direction.IsEnding = false;
        }

        foreach (var reader in readers.All) reader.Direction.Ask(pieces);
        // The event of its end came before it was read, and no other will.
        readers[1].Direction.IsEnding = true;
        pieces.HandOver();
        Assert.Equal([true, true, false], readers.All.Select(reader => reader.Direction.IsReadable));
        Assert.Equal([PieceBatch.LargestPiece, 1, 1], readers.All.Select(reader => reader.Direction.Carried));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_relay_had_asked_for_that_has_ended_is_not_read(bool together)
    {
        var pieces = Batch(together);
        await using var readers = await Readers.OpenAsync(3);
        foreach (var reader in readers.All)
        {
            await reader.Far.SendAllAsync(new byte[] { 1 });
            reader.Direction.Ask(pieces);
        }

        readers[1].Direction.Free();
        pieces.HandOver();
        Assert.Equal([1], await readers[0].ReadAsync());
        Assert.Equal([1], await readers[2].ReadAsync());
        Assert.Equal(1, SocketCalls.Look(readers[1].Near.Handle));
    }

    private static PieceBatch Batch(bool together) => new(new PollRounds(), together ? Submission.TryOpen(PieceBatch.MostPieces) ?? throw new InvalidOperationException("This system has no io_submit.") : null);

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

        public static async Task<Readers> OpenAsync(int count, int piecesTogether = PieceBatch.MostPieces)
        {
            var readers = new Readers();
            for (var i = 0; i < count; i++)
            {
                var (far, near) = await Loopback.PairAsync();
                var slot = Poller.Choose().Add(near.Handle, null);
                // Nothing comes from their source, and nobody runs their relay.
                readers._all.Add(new Reader(far, near, new KernelDirection(null!, near.Handle, near.Handle, slot, piecesTogether)));
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

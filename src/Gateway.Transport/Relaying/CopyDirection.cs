using Gateway.Transport.Polling;
using Gateway.Transport.Yamux;

namespace Gateway.Transport.Relaying;

/// <summary>How one direction of a copy ended.</summary>
internal enum CopyOutcome
{
    Finished,
    SourceBroke,
    SinkBroke,
}

/// <summary>One direction: reads, writes, counts, and at the source's end ends the sink.</summary>
internal sealed class CopyDirection(Duplex source, Duplex sink, Action<int> moved) : IDelivering
{
    // Pieces on a poller's thread before the others of the thread have a turn.
    private const int MostInARow = 16;

    private readonly ElasticBuffer _buffer = new();
    private int _inARow;
    private volatile bool _isWriting;

    /// <summary>Bytes handed to the sink.</summary>
    public long Carried { get; private set; }

    /// <inheritdoc/>
    public bool IsHeldUp => _isWriting;

    /// <inheritdoc/>
    public long Delivered => sink is SocketDuplex socket ? socket.Delivered : Carried;

    /// <summary>Runs to the end of the direction; a reset of either end is what interrupts it.</summary>
    public async Task<CopyOutcome> RunAsync(ReadOnlyMemory<byte> peeked, IDisposable? heldBy)
    {
        try
        {
            if (!await TryWriteAsync(peeked)) return CopyOutcome.SinkBroke;
            heldBy?.Dispose();
            if (source is YamuxStream stream && sink is SocketDuplex socket) stream.PassTo(socket, Count);
            while (true)
            {
                var read = await ReadAsync();
                if (read < 0) return CopyOutcome.SourceBroke;
                if (read == 0) return await TryEndAsync() ? CopyOutcome.Finished : CopyOutcome.SinkBroke;
                if (!await TryWriteAsync(_buffer.Memory(read))) return CopyOutcome.SinkBroke;
                _buffer.Keep(read, read);
                if (++_inARow % MostInARow == 0 && Poller.Current is { } poller) await new NextRound(poller);
            }
        }
        finally
        {
            _buffer.Free();
        }
    }

    private async ValueTask<int> ReadAsync()
    {
        try
        {
            return await source.ReadAsync(_buffer.From(0), CancellationToken.None);
        }
        catch (IOException)
        {
            return -1;
        }
    }

    private async ValueTask<bool> TryWriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            if (bytes.IsEmpty) return true;
            moved(0);
            _isWriting = true;
            await sink.WriteAsync(bytes, CancellationToken.None);
            _isWriting = false;
            Count(bytes.Length);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void Count(int bytes)
    {
        Carried += bytes;
        moved(bytes);
    }

    private async ValueTask<bool> TryEndAsync()
    {
        try
        {
            await sink.EndAsync(CancellationToken.None);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}

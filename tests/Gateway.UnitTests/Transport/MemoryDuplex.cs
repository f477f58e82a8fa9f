using System.IO.Pipelines;
using System.Net;
using Gateway.Transport;

namespace Gateway.UnitTests.Transport;

/// <summary>Two connected ends in memory. Reads and writes are cut into pieces by a seeded schedule, down to single bytes.</summary>
internal sealed class MemoryDuplex : Duplex
{
    private readonly PipeReader _reader;
    private readonly PipeWriter _writer;
    private readonly Random _schedule;
    private readonly int _largest;
    private MemoryDuplex _other = null!;

    private MemoryDuplex(PipeReader reader, PipeWriter writer, int seed, int largest) =>
        (_reader, _writer, _schedule, _largest) = (reader, writer, new Random(seed), largest);

    public override EndPoint? Remote => null;

    /// <summary>How many bytes this end has handed over, those included that still wait for room.</summary>
    public long Sent { get; private set; }

    /// <summary>How many bytes this end has read.</summary>
    public long Received { get; private set; }

    /// <summary>True when this end was reset by its owner.</summary>
    public bool WasReset { get; private set; }

    /// <summary>True when this end was disposed by its owner.</summary>
    public bool WasDisposed { get; private set; }

    public static (MemoryDuplex Left, MemoryDuplex Right) Pair(int seed = 1, int largest = 64 * 1024, int capacity = 256 * 1024)
    {
        var options = new PipeOptions(pauseWriterThreshold: capacity, resumeWriterThreshold: capacity / 2, useSynchronizationContext: false);
        Pipe right = new(options), left = new(options);
        var pair = (Left: new MemoryDuplex(left.Reader, right.Writer, seed, largest), Right: new MemoryDuplex(right.Reader, left.Writer, seed + 1, largest));
        (pair.Left._other, pair.Right._other) = (pair.Right, pair.Left);
        return pair;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        var result = await GuardAsync(() => _reader.ReadAsync(stop));
        var there = result.Buffer;
        if (there.IsEmpty && result.IsCompleted) return 0;
        var taken = (int)Math.Min(there.Length, Math.Min(buffer.Length, _schedule.Next(1, _largest + 1)));
        var slice = there.Slice(0, taken);
        var at = buffer.Span;
        foreach (var part in slice)
        {
            part.Span.CopyTo(at);
            at = at[part.Length..];
        }
        _reader.AdvanceTo(slice.End);
        Received += taken;
        return taken;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty)
        {
            var piece = bytes[..Math.Min(bytes.Length, _schedule.Next(1, _largest + 1))];
            Sent += piece.Length;
            var flushed = await GuardAsync(() => _writer.WriteAsync(piece, stop));
            if (flushed.IsCompleted) throw new IOException("the other end is gone");
            bytes = bytes[piece.Length..];
        }
    }

    public override async ValueTask EndAsync(CancellationToken stop) => await _writer.CompleteAsync();

    public override void Reset()
    {
        WasReset = true;
        Break();
        _other.Break();
    }

    public override async ValueTask DisposeAsync()
    {
        WasDisposed = true;
        await _writer.CompleteAsync();
        await _reader.CompleteAsync();
    }

    private void Break()
    {
        _writer.Complete(new IOException("reset"));
        _reader.CancelPendingRead();
        _writer.CancelPendingFlush();
    }

    private static async ValueTask<T> GuardAsync<T>(Func<ValueTask<T>> operation)
    {
        try
        {
            var result = await operation();
            var canceled = result is ReadResult { IsCanceled: true } or FlushResult { IsCanceled: true };
            return canceled ? throw new IOException("reset") : result;
        }
        catch (InvalidOperationException e)
        {
            throw new IOException("this end is closed", e);
        }
    }
}

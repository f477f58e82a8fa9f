using System.Buffers;
using System.IO.Pipelines;
using Gateway.Transport;

namespace Gateway.Router.Http;

/// <summary>
/// Gathers what Kestrel writes and hands it to the visitor in one piece at each flush, which is through when the kernel has all of
/// it: so a slow visitor slows its upstream down. Between flushes it holds no buffer.
/// </summary>
internal sealed class VisitorWriter(SocketDuplex visitor) : PipeWriter
{
    // A small response with its header; larger ones double it.
    private const int FirstBuffer = 4 * 1024;

    private byte[] _buffer = [];
    private int _count;
    private bool _isBroken;
    private bool _isCancelled;
    private volatile bool _isWriting;

    /// <summary>Something was flushed that the visitor does not take.</summary>
    public bool IsHeldUp => _isWriting;

    /// <summary>The last answer that began says that its request took too long to come (408).</summary>
    public bool HasTimedOut { get; private set; }

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _count;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _buffer.AsMemory(_count);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)(_buffer.Length - _count));
        _count += bytes;
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_isBroken || _count == 0) return ValueTask.FromResult(Result());
        var head = _buffer.AsSpan(0, _count);
        if (head.StartsWith("HTTP/1.1 "u8)) HasTimedOut = head["HTTP/1.1 ".Length..].StartsWith("408 "u8);
        var writing = visitor.WriteAsync(_buffer.AsMemory(0, _count), cancellationToken);
        if (!writing.IsCompletedSuccessfully) return AwaitAsync(writing);
        writing.GetAwaiter().GetResult();
        Free();
        return ValueTask.FromResult(Result());
    }

    // The buffer that is being written belongs to the write alone, so that nobody can give it back under it.
    private async ValueTask<FlushResult> AwaitAsync(ValueTask writing)
    {
        var buffer = _buffer;
        (_buffer, _count) = ([], 0);
        _isWriting = true;
        try
        {
            await writing;
        }
        catch (IOException)
        {
            // The reader is told why; whoever writes learns that nobody listens any more.
            _isBroken = true;
        }
        finally
        {
            _isWriting = false;
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return Result();
    }

    private FlushResult Result()
    {
        var isCancelled = _isCancelled;
        _isCancelled = false;
        return new FlushResult(isCancelled, _isBroken);
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _count >= bytes) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, Math.Max(_buffer.Length * 2, _count + bytes)));
        var count = _count;
        _buffer.AsSpan(0, count).CopyTo(larger);
        Free();
        (_buffer, _count) = (larger, count);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => _isCancelled = true;

    /// <summary>What was not flushed is dropped: whoever wants it to arrive flushes.</summary>
    public override void Complete(Exception? exception = null) => Free();

    /// <summary>Gives the buffer back.</summary>
    public void Free()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _count) = ([], 0);
    }
}

namespace Gateway.Transport;

/// <summary>
/// A <see cref="Duplex"/> as a <see cref="Stream"/>, for SslStream and the HTTP forwarder. It owns the duplex; bytes that were
/// already peeked are read first. Synchronous calls are refused: they would hold a thread for as long as the peer likes.
/// </summary>
public sealed class DuplexStream(Duplex duplex, ReadOnlyMemory<byte> peeked = default) : Stream
{
    private ReadOnlyMemory<byte> _peeked = peeked;
    private bool _isDisposed;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_peeked.IsEmpty) return duplex.ReadAsync(buffer, cancellationToken);
        var taken = Math.Min(buffer.Length, _peeked.Length);
        _peeked[..taken].CopyTo(buffer);
        _peeked = _peeked[taken..];
        return ValueTask.FromResult(taken);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        duplex.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Ends our direction, as <see cref="Duplex.EndAsync"/>.</summary>
    public ValueTask EndAsync(CancellationToken stop) => duplex.EndAsync(stop);

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Write asynchronously.");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        await duplex.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Breaks the connection: whoever disposes synchronously cannot wait for a clean end.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed) duplex.Reset();
        base.Dispose(disposing);
    }
}

using System.Runtime.CompilerServices;
using Gateway.Transport.Polling;
using Gateway.Transport.Yamux.Frames;

namespace Gateway.Transport.Yamux;

/// <summary>
/// What a stream has received and the application has not read. Bytes go straight into a read that waits, else into a ring
/// that never holds more than the credit we gave. One read at a time.
/// </summary>
internal sealed class ReceiveHalf(uint id, Outbox outbox, WindowPolicy policy, ByteBudget budget) : PolledSource<int>
{
    private readonly Lock _gate = new();
    private ReceiveWindow _window = new();
    private ByteRing _ring;
    private Memory<byte> _into;
    private bool _isWaiting;
    private SocketDuplex? _sink;
    private Action<int>? _passed;
    private bool _hasEnded;
    private string? _broken;
    private bool _released;

    /// <summary>How many bytes wait to be read.</summary>
    public int Buffered
    {
        get
        {
            lock (_gate) return _ring.Count;
        }
    }

    /// <summary>The peer has ended its direction.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_gate) return _hasEnded;
        }
    }

    private Action<object?, CancellationToken> Cancel => field ??= (_, stop) => CancelRead(stop);

    /// <summary>
    /// While a read waits, what comes goes to this socket, as far as it takes it at once, and only the rest to the reader, who writes
    /// nothing to it meanwhile. <paramref name="passed"/> is told how many bytes; it must not wait.
    /// </summary>
    public void PassTo(SocketDuplex sink, Action<int> passed)
    {
        lock (_gate) (_sink, _passed) = (sink, passed);
    }

    /// <summary>Reads what is there, or waits; 0 at the peer's end, or when there is something for an empty buffer.</summary>
    /// <exception cref="IOException">The stream or the session is broken.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return ValueTask.FromCanceled<int>(stop);
        ValueTask<int> read;
        lock (_gate)
        {
            if (_ring.Count > 0) read = new ValueTask<int>(Take(buffer.Span));
            else if (_broken is { } why) return ValueTask.FromException<int>(new IOException(why));
            else if (_hasEnded) return new ValueTask<int>(0);
            else read = Wait(buffer);
        }
        return stop.CanBeCanceled && !read.IsCompleted ? CancellableAsync(read, stop) : read;
    }

    /// <summary>Copies what is there, which the next read gives again: how many bytes.</summary>
    public int Peek(Span<byte> into)
    {
        lock (_gate) return _ring.Peek(into);
    }

    /// <summary>Takes the length of a frame's payload from the credit. False: more than the peer may send.</summary>
    public bool TrySpend(uint length)
    {
        lock (_gate) return _window.TrySpend(length);
    }

    /// <summary>A piece of payload has come.</summary>
    public void Deliver(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_broken is not null) return;
            bytes = bytes[Pass(bytes)..];
            bytes = bytes[Hand(bytes)..];
            _ring.Write(bytes);
            budget.Take(bytes.Length);
        }
    }

    /// <summary>The peer ends its direction. False: it had ended it before.</summary>
    public bool TryEnd()
    {
        lock (_gate)
        {
            if (_hasEnded) return false;
            _hasEnded = true;
            if (_isWaiting) EndRead(0);
            return true;
        }
    }

    /// <summary>Nothing comes any more, and what waits is dropped.</summary>
    public void Break(string why)
    {
        BreakOff(why);
        lock (_gate)
        {
            budget.Give(_ring.Count);
            _ring.Clear();
        }
    }

    /// <summary>
    /// Nothing comes any more, by the peer's doing. What came before can still be read, as from a socket: the answer of a server that
    /// hangs up on the rest of a request is worth having.
    /// </summary>
    public void BreakOff(string why)
    {
        lock (_gate)
        {
            _broken ??= why;
            if (!_released) policy.Release(_window);
            _released = true;
            Fail(new IOException(why));
        }
    }

    private int Take(Span<byte> into)
    {
        var length = _ring.Read(into);
        budget.Give(length);
        GiveBack(length);
        return length;
    }

    private ValueTask<int> Wait(Memory<byte> buffer)
    {
        (_into, _isWaiting) = (buffer, true);
        return new ValueTask<int>(this, Begin());
    }

    private int Pass(ReadOnlySpan<byte> bytes)
    {
        if (!_isWaiting || _sink is null || bytes.IsEmpty) return 0;
        var length = _sink.TrySend(bytes);
        if (length == 0) return 0;
        GiveBack(length);
        _passed!(length);
        return length;
    }

    private int Hand(ReadOnlySpan<byte> bytes)
    {
        if (!_isWaiting || bytes.IsEmpty) return 0;
        var length = Math.Min(bytes.Length, _into.Length);
        bytes[..length].CopyTo(_into.Span);
        GiveBack(length);
        EndRead(length);
        return length;
    }

    // A peer that has ended its direction has no use for credit. Under the lock, so that none follows a reset of ours.
    private void GiveBack(int read)
    {
        if (_broken is null && _window.IsDue(read, _ring.Count) && !_hasEnded) outbox.Send(FrameKind.WindowUpdate, FrameFlags.None, id, policy.GiveBack(ref _window));
    }

    private void EndRead(int length)
    {
        (_into, _isWaiting) = (default, false);
        Complete(length);
    }

    private void Fail(Exception why)
    {
        if (!_isWaiting) return;
        (_into, _isWaiting) = (default, false);
        Complete(why);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> CancellableAsync(ValueTask<int> read, CancellationToken stop)
    {
        using var told = stop.UnsafeRegister(Cancel, null);
        return await read;
    }

    private void CancelRead(CancellationToken stop)
    {
        lock (_gate) Fail(new OperationCanceledException(stop));
    }
}

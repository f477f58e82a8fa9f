using System.Buffers;
using System.Runtime.CompilerServices;
using Gateway.Transport.Yamux.Frames;

namespace Gateway.Transport.Yamux;

/// <summary>
/// All that a session has to send, in order. Streams put frames in, the writer takes them out by the batch. A stream whose write
/// does not fit waits in a queue and is served in turn; one without credit waits outside of it and holds nobody.
/// </summary>
internal sealed class Outbox(SocketDuplex? socket)
{
    // What one write to the carrier takes: enough to make the system call cheap, little enough that a ping behind it is not late.
    private const int Batch = LargestPayload + FrameHeader.Size;

    // What a stream sends before the next one's turn, when others wait.
    private const int Turn = 16 * 1024;

    // As much as a copy reads at once, so that each read is one frame; a receiver takes whatever its window holds.
    private const int LargestPayload = 64 * 1024;

    // Frames without payload that the peer makes us send (ping replies, refusals) may pile up to here before we read on.
    private const int Congested = 4 * Batch;

    private readonly Lock _gate = new();
    private readonly Signal _work = new() { StaysOnPoller = true };
    private readonly Signal _room = new() { StaysOnPoller = true };
    private byte[] _batch = [];
    private int _filled;
    private SendHalf? _first;
    private SendHalf? _last;
    private bool _closed;

    // Somebody hands bytes to the carrier; only one may.
    private bool _isWriting;

    // The rest of a frame of which the carrier has taken the beginning: it leaves before everything else.
    private ArraySegment<byte> _cut = ArraySegment<byte>.Empty;
    private long _payloadSent;

    /// <summary>How many bytes of payload have been put into frames.</summary>
    public long PayloadSent => Volatile.Read(ref _payloadSent);

    /// <summary>Sends, waits for room and credit if it must. The caller keeps the bytes unchanged until it returns.</summary>
    /// <exception cref="IOException">The stream or the session is broken.</exception>
    public ValueTask WriteAsync(SendHalf half, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return ValueTask.FromCanceled(stop);
        for (int length; (length = Seize(half, bytes.Length)) > 0; bytes = bytes[length..]) SendNow(half, bytes.Span[..length]);
        if (bytes.IsEmpty && !stop.CanBeCanceled) return ValueTask.CompletedTask;
        var written = ValueTask.CompletedTask;
        lock (_gate)
        {
            if (Refusal(half) is { } why) return ValueTask.FromException(new IOException(why));
            while (_first is null && !bytes.IsEmpty && Append(half, bytes, LargestPayload) is var sent and > 0) bytes = bytes[sent..];
            if (!bytes.IsEmpty) written = half.Wait(bytes);
            if (half.IsWaiting && half.Credit > 0) Enqueue(half);
        }
        _work.Set();
        return stop.CanBeCanceled && !bytes.IsEmpty ? CancellableAsync(written, half, stop) : written;
    }

    /// <summary>The peer takes more of this stream. False: more than 32 bits hold.</summary>
    public bool TryAddCredit(SendHalf half, uint credit)
    {
        lock (_gate)
        {
            if (credit > uint.MaxValue - half.Credit) return false;
            half.Credit += credit;
            if (half.IsWaiting && half.Credit > 0 && !half.IsQueued) Enqueue(half);
        }
        _work.Set();
        return true;
    }

    /// <summary>Sends a frame without payload.</summary>
    public void Send(FrameKind kind, FrameFlags flags, uint stream, uint length)
    {
        lock (_gate) Append(new FrameHeader(kind, flags, stream, length));
        _work.Set();
    }

    /// <summary>Ends our direction of a stream. False: it was ended or broken before.</summary>
    public bool TryEnd(SendHalf half)
    {
        lock (_gate)
        {
            // Never twice: the peer may call that fatal.
            if (half.HasEnded || half.Broken is not null) return false;
            // Nor data after it: a write that still waits was the caller's mistake, and is told so.
            half.Fail(new IOException("our direction was ended during this write"));
            half.HasEnded = true;
            Append(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Fin, half.Id, 0));
        }
        _work.Set();
        return true;
    }

    /// <summary>Breaks a stream, once, and tells the peer if it must be told.</summary>
    public void Break(SendHalf half, string why, bool tellPeer)
    {
        lock (_gate)
        {
            if (half.Broken is not null) return;
            half.Break(why);
            if (tellPeer) Append(new FrameHeader(FrameKind.WindowUpdate, FrameFlags.Rst, half.Id, 0));
        }
        _work.Set();
    }

    /// <summary>Takes nothing more; what is in it still leaves.</summary>
    public void Close()
    {
        lock (_gate) _closed = true;
        _work.Set();
        _room.Set();
    }

    /// <summary>Waits while the peer makes us answer faster than it reads.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WaitForRoomAsync()
    {
        while (IsCongested()) await _room.WaitAsync();
    }

    /// <summary>
    /// The next batch, or an empty one when the outbox is closed and everything has left. The one reader gives each back with <see cref="GiveBack"/>.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ArraySegment<byte>> TakeAsync()
    {
        while (true)
        {
            if (TryTake(out var batch)) return batch;
            await _work.WaitAsync();
        }
    }

    /// <summary>The batch has been written.</summary>
    public void GiveBack(ArraySegment<byte> batch)
    {
        ArrayPool<byte>.Shared.Return(batch.Array!);
        lock (_gate) _isWriting = false;
    }

    private bool TryTake(out ArraySegment<byte> batch)
    {
        batch = ArraySegment<byte>.Empty;
        lock (_gate)
        {
            // Whoever writes will tell.
            if (_isWriting) return false;
            if (_cut.Count > 0) (batch, _cut) = (_cut, batch);
            else ServeQueue();
            if (batch.Count == 0 && _filled == 0) return _closed;
            if (batch.Count == 0) (batch, _batch, _filled) = (new ArraySegment<byte>(_batch, 0, _filled), [], 0);
            _isWriting = true;
        }
        _room.Set();
        return true;
    }

    // What is large goes straight to the carrier when nothing is before it: how much of it may, now that nobody else writes.
    private int Seize(SendHalf half, int wanted)
    {
        if (socket is null || wanted < Turn) return 0;
        lock (_gate)
        {
            if (_isWriting || _cut.Count > 0 || _filled > 0 || _first is not null || Refusal(half) is not null) return 0;
            var length = (int)Math.Min((uint)Math.Min(wanted, LargestPayload), half.Credit);
            if (length < Turn) return 0;
            Spend(half, length);
            _isWriting = true;
            return length;
        }
    }

    private void SendNow(SendHalf half, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FrameHeader.Size];
        new FrameHeader(FrameKind.Data, FrameFlags.None, half.Id, (uint)payload.Length).Write(header);
        var sent = socket!.TrySend(header, payload);
        bool isMore;
        lock (_gate)
        {
            if (sent < header.Length + payload.Length) Cut(header, payload, sent);
            _isWriting = false;
            isMore = _cut.Count > 0 || _filled > 0 || _first is not null || _closed;
        }
        if (isMore) _work.Set();
    }

    private void Cut(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, int sent)
    {
        var rest = header.Length + payload.Length - sent;
        _cut = new ArraySegment<byte>(ArrayPool<byte>.Shared.Rent(rest), 0, rest);
        var headerRest = header[Math.Min(sent, header.Length)..];
        headerRest.CopyTo(_cut);
        payload[Math.Max(0, sent - header.Length)..].CopyTo(_cut.AsSpan(headerRest.Length));
    }

    private void ServeQueue()
    {
        while (_first is { } half && Room > 0 && !_closed)
        {
            _first = half.Next;
            if (_first is null) _last = null;
            (half.Next, half.IsQueued) = (null, false);
            if (!half.IsWaiting) continue;
            half.Sent(Append(half, half.Pending, _first is null ? LargestPayload : Turn));
            if (half.IsWaiting && half.Credit > 0) Enqueue(half);
        }
    }

    private void Enqueue(SendHalf half)
    {
        half.IsQueued = true;
        if (_last is null) _first = half;
        else _last.Next = half;
        _last = half;
    }

    private int Room => Batch - FrameHeader.Size - _filled;

    private int Append(SendHalf half, ReadOnlyMemory<byte> bytes, int most)
    {
        var length = (int)Math.Min((uint)Math.Min(Math.Min(bytes.Length, most), Math.Max(Room, 0)), half.Credit);
        if (length == 0 || _closed) return 0;
        Append(new FrameHeader(FrameKind.Data, FrameFlags.None, half.Id, (uint)length));
        bytes.Span[..length].CopyTo(_batch.AsSpan(_filled));
        _filled += length;
        Spend(half, length);
        return length;
    }

    private void Spend(SendHalf half, int length)
    {
        half.Credit -= (uint)length;
        Volatile.Write(ref _payloadSent, _payloadSent + length);
    }

    private void Append(FrameHeader header)
    {
        if (_closed) return;
        if (_batch.Length - _filled < FrameHeader.Size) Grow();
        header.Write(_batch.AsSpan(_filled));
        _filled += FrameHeader.Size;
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Batch, 2 * _batch.Length));
        _batch.AsSpan(0, _filled).CopyTo(larger);
        if (_batch.Length > 0) ArrayPool<byte>.Shared.Return(_batch);
        _batch = larger;
    }

    private bool IsCongested()
    {
        lock (_gate) return _filled > Congested && !_closed;
    }

    private string? Refusal(SendHalf half) =>
        _closed ? "the session is over" : half.HasEnded ? "we have ended this direction" : half.Broken;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask CancellableAsync(ValueTask written, SendHalf half, CancellationToken stop)
    {
        using var told = stop.UnsafeRegister(half.Cancel, this);
        await written;
    }

    /// <summary>The write that waits was cancelled.</summary>
    public void Cancel(SendHalf half, CancellationToken stop)
    {
        lock (_gate) half.Fail(new OperationCanceledException(stop));
    }
}

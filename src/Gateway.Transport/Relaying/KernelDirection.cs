using System.Buffers;
using System.Runtime.InteropServices;
using Gateway.Transport.Native;
using Gateway.Transport.Polling;

namespace Gateway.Transport.Relaying;

/// <summary>What a direction has come to.</summary>
internal enum Flow
{
    /// <summary>Something moved; more may.</summary>
    GoesOn,

    /// <summary>Nothing to read, or no room to write.</summary>
    Waits,

    /// <summary>The source's end was handed on.</summary>
    Ended,

    SourceBroke,
    SinkBroke,
}

/// <summary>
/// One direction between two sockets, a step at a time and never waiting. It copies at first; after some full reads it splices
/// through a pipe, so that a bulky transfer does not pass through us, and when it falls quiet it gives the pipe back.
/// </summary>
internal sealed class KernelDirection(KernelRelay relay, SafeHandle source, SafeHandle sink, PollSlot sinkSlot, int piecesTogether = PieceBatch.MostPieces) : IDelivering
{
    // What a direction moves before another connection's turn.
    private const int StepsPerTurn = 16;
    private const long BytesPerTurn = 1 << 20;

    // So many reads in a row of at least so much: the transfer is bulky.
    private const int BulkyReads = 4;
    private const int BulkyLength = 16 * 1024;

    private ReadOnlyMemory<byte> _rest;
    private IDisposable? _heldBy;
    private byte[]? _rented;
    private SplicePipe? _pipe;
    private int _bulky;
    private long _sweptAt;
    private bool _sourceEnded;

    // The last piece was small: the next one will be, as a rule, and is read together with those of others.
    private bool _isTalking;
    private bool _neverBlocks = sink is Native.Descriptor && source is Native.Descriptor;

    /// <summary>The source may have something. Set by its events.</summary>
    public bool IsReadable { get; set; } = true;

    /// <summary>The sink may have room. Set by its events.</summary>
    public bool IsWritable { get; set; } = true;

    /// <summary>
    /// The source's end may be on its way, behind what it sent: then a short read does not mean that nothing follows. So it is at
    /// first where an event may have told of it before us; a read that finds nothing rules it out.
    /// </summary>
    public bool IsEnding { get; set; } = true;

    /// <summary>The source's connection is broken: what it had sent may still be read, but the end of that is no end.</summary>
    public bool IsSourceBroken { get; set; }

    /// <summary>The end was handed on.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The <see cref="PieceBatch"/> of the thread is to read or to send a piece of it: nothing else may move before that has been sent.</summary>
    public bool IsLending { get; private set; }

    /// <summary>Whose direction it is.</summary>
    public KernelRelay Relay => relay;

    /// <summary>See <see cref="RelayOptions.PiecesTogether"/>.</summary>
    public int PiecesTogether => piecesTogether;

    /// <summary>The descriptor of the source, which the relay holds as long as it runs.</summary>
    public int SourceDescriptor => Descriptor(source);

    /// <summary>The descriptor of the sink, which the relay holds as long as it runs.</summary>
    public int SinkDescriptor => Descriptor(sink);

    /// <summary>It was bulky for a while, for which both sockets were set up.</summary>
    public bool HasSpliced { get; private set; }

    /// <summary>Bytes handed to the sink.</summary>
    public long Carried { get; private set; }

    /// <inheritdoc/>
    public bool IsHeldUp => !IsWritable && (!_rest.IsEmpty || _pipe is { Waiting: > 0 });

    /// <inheritdoc/>
    public long Delivered => Carried - SocketCalls.Unacknowledged(sink);

    /// <summary>
    /// Sends these first; they stay unchanged until they are through, of which their holder is told by being disposed of. Where <paramref name="mayHaveMore"/> is false, an event will
    /// tell when the source has more.
    /// </summary>
    public void Begin(ReadOnlyMemory<byte> peeked, IDisposable? heldBy, bool mayHaveMore) =>
        (_rest, _heldBy, IsReadable, IsEnding) = (peeked, heldBy, mayHaveMore, mayHaveMore);

    /// <summary>Moves what can be moved, up to a bound.</summary>
    public Flow Pump()
    {
        if (HasEnded) return Flow.Ended;
        if (IsLending) return Flow.Waits;
        var enough = Carried + BytesPerTurn;
        for (var step = 0; step < StepsPerTurn && Carried < enough; step++)
        {
            var flow = !_rest.IsEmpty ? SendRest() : _pipe is { } pipe ? Splice(pipe) : Copy();
            if (flow != Flow.GoesOn) return flow;
        }
        return Flow.GoesOn;
    }

    /// <summary>Has a small piece sent together with those of others.</summary>
    public Flow Lend(ReadOnlySpan<byte> piece, PieceBatch pieces)
    {
        BeginLending();
        pieces.Add(this, piece);
        return Flow.Waits;
    }

    /// <summary>Has a small piece read together with those of others, and sent so.</summary>
    public Flow Ask(PieceBatch pieces)
    {
        BeginLending();
        pieces.Ask(this);
        return Flow.Waits;
    }

    /// <summary>
    /// What the source has given: how many bytes, 0 at its end, a negative errno, or <see cref="Submission.Untouched"/>. How many there
    /// are to be sent now; 0: it is not with the batch any more.
    /// </summary>
    public int Received(Span<byte> room, int read)
    {
        if (read == Submission.Untouched) read = SocketCalls.Receive(source, room);
        if (read > 0)
        {
            _bulky = 0;
            // As much as there was room for: what follows may be more, and is read by itself.
            _isTalking = read < room.Length;
            IsReadable = !_isTalking || IsEnding;
            return read;
        }

        IsLending = false;
        if (read == -Errors.TryAgain) (IsReadable, IsEnding) = (false, false);
        else (_sourceEnded, IsSourceBroken) = (true, IsSourceBroken || read < 0);
        return 0;
    }

    /// <summary>
    /// What became of the piece that was lent: how much of it the sink has taken, a negative errno, or <see cref="Submission.Untouched"/>.
    /// What it has not taken leaves by itself, and meets the same fault.
    /// </summary>
    public void Sent(ReadOnlySpan<byte> piece, int sent)
    {
        IsLending = false;
        if (sent == Submission.Untouched) sent = SocketCalls.Send(sink, piece);
        Carried += Math.Max(0, sent);
        if (sent < piece.Length) Keep(piece[Math.Max(0, sent)..]);
    }

    /// <summary>Gives the pipe back when nothing has moved since the last call.</summary>
    public void Rest()
    {
        if (_pipe is { Waiting: 0 } pipe && Carried == _sweptAt)
        {
            RelayThread.Current.GivePipe(pipe);
            _pipe = null;
        }
        _sweptAt = Carried;
    }

    /// <summary>Gives back what it holds.</summary>
    public void Free()
    {
        if (_pipe is { } pipe) RelayThread.Current.GivePipe(pipe);
        if (_rented is { } rented) ArrayPool<byte>.Shared.Return(rented);
        (_pipe, _rented, _rest, _bulky, IsLending) = (null, null, default, 0, false);
    }

    private void BeginLending()
    {
        // What a batch does has no flag for itself that it must not wait. Descriptors of our own never do.
        if (!_neverBlocks)
        {
            SpliceCalls.NeverBlock(SourceDescriptor);
            SpliceCalls.NeverBlock(SinkDescriptor);
        }
        (_neverBlocks, IsLending) = (true, true);
    }

    private Flow SendRest()
    {
        if (!IsWritable) return Flow.Waits;
        // What was peeked is as small as other pieces, as a rule; what is left of a piece leaves by itself.
        if (_rented is null && _rest.Length <= PieceBatch.LargestPiece) return LendRest();
        var sent = SocketCalls.Send(sink, _rest.Span);
        if (sent < 0) return SendFailed(sent);
        Carried += sent;
        _rest = _rest[sent..];
        if (!_rest.IsEmpty) return Flow.GoesOn;
        LetGo();
        if (_rented is null) return Flow.GoesOn;
        ArrayPool<byte>.Shared.Return(_rented);
        _rented = null;
        return Flow.GoesOn;
    }

    private Flow LendRest()
    {
        var rest = _rest;
        _rest = default;
        var flow = Lend(rest.Span, RelayThread.Current.Pieces);
        LetGo();
        return flow;
    }

    private void LetGo()
    {
        _heldBy?.Dispose();
        _heldBy = null;
    }

    private Flow Copy()
    {
        if (_sourceEnded) return HandOnEnd();
        if (!IsReadable || !IsWritable) return Flow.Waits;
        if (_isTalking && !IsEnding) return Ask(RelayThread.Current.Pieces);
        var scratch = RelayThread.Current.Scratch;
        var read = SocketCalls.Receive(source, scratch);
        if (read < 0) return ReadFailed(read);
        if (read == 0) return HandOnEnd();
        // Less than asked for: the queue is empty now, and whatever comes next is told by an event.
        if (read < scratch.Length && !IsEnding) IsReadable = false;
        Choose(read);
        _isTalking = read < PieceBatch.LargestPiece;
        return read <= PieceBatch.LargestPiece ? Lend(scratch.AsSpan(0, read), RelayThread.Current.Pieces) : Send(scratch.AsSpan(0, read));
    }

    private Flow Send(ReadOnlySpan<byte> bytes)
    {
        var sent = SocketCalls.Send(sink, bytes);
        if (sent is < 0 and not -Errors.TryAgain) return SendFailed(sent);
        sent = Math.Max(0, sent);
        Carried += sent;
        if (sent < bytes.Length) Keep(bytes[sent..]);
        return Flow.GoesOn;
    }

    private Flow Splice(SplicePipe pipe)
    {
        RelayThread.Current.Pieces.HandOver();
        var (filled, drained) = (0, 0);
        if (IsReadable && !_sourceEnded && pipe.Room > 0)
        {
            filled = pipe.Fill(Descriptor(source));
            if (filled == 0) _sourceEnded = true;
            // A full pipe says the same as an empty socket; only with nothing in the pipe is it the socket.
            if (filled == -Errors.TryAgain) IsReadable = pipe.Waiting > 0;
            else if (filled < 0) return ReadFailed(filled);
        }
        if (pipe.Waiting > 0 && IsWritable)
        {
            drained = pipe.Drain(Descriptor(sink));
            if (drained is < 0 and not -Errors.TryAgain) return SendFailed(drained);
            if (drained == -Errors.TryAgain) AwaitRoom();
            Carried += Math.Max(0, drained);
        }
        if (_sourceEnded && pipe.Waiting == 0) return HandOnEnd();
        return filled > 0 || drained > 0 ? Flow.GoesOn : Flow.Waits;
    }

    private void Choose(int read)
    {
        _bulky = read >= BulkyLength ? _bulky + 1 : 0;
        if (_bulky == 0) return;
        // Nobody's word waits for somebody's gigabyte.
        RelayThread.Current.Pieces.HandOver();
        if (_bulky < BulkyReads) return;
        _bulky = 0;
        _pipe = RelayThread.Current.TakePipe();
        if (_pipe is null) return;
        HasSpliced = true;
        Pacing.Spare(sink);
        SpliceCalls.NeverBlock(Descriptor(source));
        SpliceCalls.NeverBlock(Descriptor(sink));
        // What the short read said does not hold for a splice.
        IsReadable = true;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        _rented = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(_rented);
        _rest = _rented.AsMemory(0, bytes.Length);
    }

    private Flow HandOnEnd()
    {
        _sourceEnded = true;
        if (IsSourceBroken) return Flow.SourceBroke;
        if (SocketCalls.EndSending(sink) < 0) return Flow.SinkBroke;
        HasEnded = true;
        Free();
        return Flow.Ended;
    }

    private Flow ReadFailed(int error)
    {
        if (error != -Errors.TryAgain) return Flow.SourceBroke;
        (IsReadable, IsEnding) = (false, false);
        return Flow.Waits;
    }

    private Flow SendFailed(int error)
    {
        if (error != -Errors.TryAgain) return Flow.SinkBroke;
        AwaitRoom();
        return Flow.Waits;
    }

    private void AwaitRoom()
    {
        IsWritable = false;
        sinkSlot.HearOfRoom(sink);
    }

    // The relay holds a reference to both handles as long as it runs.
    private static int Descriptor(SafeHandle handle) => (int)handle.DangerousGetHandle();
}

using System.Net;

namespace Gateway.Transport.Yamux;

/// <summary>One stream of a session. Disposing it before both directions have ended resets it.</summary>
public sealed class YamuxStream : Duplex
{
    private readonly YamuxSession _session;
    private readonly SendHalf _send;
    private readonly ReceiveHalf _receive;
    private int _acknowledged;
    private int _broken;

    internal YamuxStream(uint id, bool isOurs, YamuxSession session)
    {
        (Id, IsOurs, _session) = (id, isOurs, session);
        _send = new SendHalf(id);
        _receive = new ReceiveHalf(id, session.Outbox, session.Windows, session.Budget);
    }

    /// <summary>Its id in the session.</summary>
    public uint Id { get; }

    /// <inheritdoc/>
    public override EndPoint? Remote => _session.Remote;

    /// <inheritdoc/>
    public override bool StaysOnPoller
    {
        get => _receive.StaysOnPoller;
        set => (_receive.StaysOnPoller, _send.StaysOnPoller) = (value, value);
    }

    /// <summary>See <see cref="ReceiveHalf.PassTo"/>.</summary>
    internal void PassTo(SocketDuplex sink, Action<int> passed) => _receive.PassTo(sink, passed);

    /// <summary>We opened it.</summary>
    internal bool IsOurs { get; }

    /// <summary>Reset by one of us, or lost with the session.</summary>
    internal bool IsBroken => Volatile.Read(ref _broken) != 0;

    /// <summary>Bytes received and not yet read.</summary>
    internal int Buffered => _receive.Buffered;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop) => _receive.ReadAsync(buffer, stop);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop) => _session.Outbox.WriteAsync(_send, bytes, stop);

    /// <inheritdoc/>
    public override int Peek(Span<byte> buffer) => _receive.Peek(buffer);

    /// <inheritdoc/>
    public override void EndSending()
    {
        if (_session.Outbox.TryEnd(_send)) ForgetIfOver();
    }

    /// <inheritdoc/>
    public override ValueTask EndAsync(CancellationToken stop)
    {
        EndSending();
        return _send.Broken is { } why ? ValueTask.FromException(new IOException(why)) : ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        Break("the stream was reset by us", tellPeer: true);
        DropUnread("the stream was reset by us");
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Break("the stream is disposed", tellPeer: !IsOver);
        // What a peer's reset left to be read, nobody will.
        DropUnread("the stream is disposed");
        return ValueTask.CompletedTask;
    }

    /// <summary>The peer's first frame for it: it knows the stream, whether or not it says so.</summary>
    internal void Acknowledge()
    {
        if (IsOurs && Interlocked.Exchange(ref _acknowledged, 1) == 0) _session.Acknowledged();
    }

    /// <summary>Takes the length of a frame's payload from the credit.</summary>
    internal bool TrySpend(uint length) => _receive.TrySpend(length);

    /// <summary>A piece of payload. After its own end the peer may send none: that costs it this stream.</summary>
    internal void Deliver(ReadOnlySpan<byte> bytes)
    {
        if (_receive.HasEnded) Break("the peer sent data after its end", tellPeer: true);
        else _receive.Deliver(bytes);
    }

    /// <summary>The peer takes more. False: more than 32 bits hold.</summary>
    internal bool TryAddCredit(uint credit) => _session.Outbox.TryAddCredit(_send, credit);

    /// <summary>The peer ended its direction. False: for the second time.</summary>
    internal bool TryEndByPeer()
    {
        if (!_receive.TryEnd()) return false;
        ForgetIfOver();
        return true;
    }

    /// <summary>The peer reset it. Ours has somebody who disposes of it, and may read before what came, while the budget has room for that; one of the peer's may have nobody.</summary>
    internal void BreakByPeer() => Break("the stream was reset by the peer", tellPeer: false, keepsWhatCame: IsOurs && !_session.Budget.IsOver);

    /// <summary>Gives up what nobody has read, and with it the stream. False: it holds nothing.</summary>
    internal bool GiveWay()
    {
        const string Why = "the stream held too much that nobody read";
        if (Buffered == 0) return false;
        Break(Why, tellPeer: !IsOver);
        DropUnread(Why);
        return true;
    }

    /// <summary>Breaks both directions, once.</summary>
    internal void Break(string why, bool tellPeer, bool keepsWhatCame = false)
    {
        if (Interlocked.Exchange(ref _broken, 1) != 0) return;
        // In this order: after our reset no credit may be given.
        if (keepsWhatCame) _receive.BreakOff(why);
        else _receive.Break(why);
        _session.Outbox.Break(_send, why, tellPeer);
        _session.Forget(this);
    }

    // Also of a stream that was over before, by both ends or by the peer's reset.
    private void DropUnread(string why)
    {
        _receive.Break(why);
        _session.Drop(this);
    }

    private bool IsOver => _send.HasEnded && _receive.HasEnded;

    private void ForgetIfOver()
    {
        if (IsOver) _session.Forget(this);
    }
}

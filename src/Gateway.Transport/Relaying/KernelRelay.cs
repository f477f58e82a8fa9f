using Gateway.Transport.Polling;

namespace Gateway.Transport.Relaying;

/// <summary>
/// The relay for two kernel sockets. It runs on the poller thread of the visitor's socket, where both are registered; no other
/// thread touches it, but to ask it to stop.
/// </summary>
internal sealed class KernelRelay : IPollWork
{
    private readonly SocketDuplex _visitor;
    private readonly SocketDuplex _upstream;
    private readonly RelayOptions _options;
    private readonly KernelDirection _up;
    private readonly KernelDirection _down;
    private readonly PollSlot _visitorSlot;
    private readonly PollSlot _upstreamSlot;
    private readonly Signal _done = new();
    private StallWatch? _upStall;
    private StallWatch? _downStall;
    private Exception? _fault;
    private RelayEnd? _end;
    private long _lastMove;
    private long _carriedUp;
    private long _carriedDown;

    // Since the last sweep, which is soon enough to look at the clock.
    private bool _hasMoved;
    private bool _started;
    private volatile bool _toStop;

    private KernelRelay(SocketDuplex visitor, SocketDuplex upstream, RelayOptions options, PollSlot visitorSlot, PollSlot upstreamSlot)
    {
        (_visitor, _upstream, _options, _visitorSlot, _upstreamSlot) = (visitor, upstream, options, visitorSlot, upstreamSlot);
        _up = new KernelDirection(this, visitor.Handle, upstream.Handle, upstreamSlot, options.PiecesTogether);
        _down = new KernelDirection(this, upstream.Handle, visitor.Handle, visitorSlot, options.PiecesTogether);
    }

    bool IPollWork.IsQueued { get; set; }

    int IPollWork.SweepIndex { get; set; } = -1;

    private PollRounds Rounds => _visitorSlot.Poller.Rounds;

    /// <summary>Borrows both sockets, at one poller. Null: one of them is closed, or cannot be polled.</summary>
    public static KernelRelay? TryCreate(SocketDuplex visitor, SocketDuplex upstream, RelayOptions options)
    {
        KernelRelay? relay = null;
        try
        {
            if (!visitor.TryLend(visitor.Poller ?? upstream.Poller, () => relay?.AskToStop(), out var front)) return null;
            if (upstream.TryLend(front.Poller, () => relay?.AskToStop(), out var back)) return relay = new KernelRelay(visitor, upstream, options, front, back);
        }
        catch (IOException)
        {
            // No place at the poller: the other relay will learn what is wrong.
        }
        visitor.GiveBack(reset: false);
        return null;
    }

    /// <summary>Runs to the end.</summary>
    public async Task<RelayResult> RunAsync(ReadOnlyMemory<byte> peeked, CancellationToken stop)
    {
        _lastMove = _options.Time.GetTimestamp();
        // Closed while it was being borrowed: nobody else will say so.
        _toStop = _visitor.IsClosed || _upstream.IsClosed;
        var isHere = Poller.Current == _visitorSlot.Poller;
        // Elsewhere an event may be told to nobody before we listen.
        _up.Begin(peeked, _options.HeldBy, !isHere || _visitor.MayHaveMore);
        _down.Begin(default, null, !isHere || _upstream.MayHaveMore);
        if (isHere) StartAtOnce();
        else _visitorSlot.Poller.Post(this);
        using (stop.UnsafeRegister(static relay => ((KernelRelay)relay!).AskToStop(), this)) await _done.WaitAsync();
        if (_fault is not null) throw new InvalidOperationException("A defect ended a relay.", _fault);
        return new RelayResult(_up.Carried, _down.Carried, _end!.Value);
    }

    /// <summary>There is something to do in the next round.</summary>
    public void Queue() => Rounds.Queue(this);

    /// <summary>What was asked for or lent is through.</summary>
    public void GoOn()
    {
        if (((IPollWork)this).Work()) Queue();
    }

    void IPollWork.OnPosted()
    {
        if (HasEnded) return;
        if (!_started) Start();
        Queue();
    }

    bool IPollWork.Work()
    {
        if (HasEnded) return false;
        try
        {
            return Pump();
        }
#pragma warning disable CA1031 // The boundary of one relay: a defect in it must not end the thread that runs the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Release(reset: true);
            _fault = e;
            _done.Set();
            return false;
        }
    }

    void IPollWork.Sweep()
    {
        _up.Rest();
        _down.Rest();
        if (_hasMoved) (_lastMove, _hasMoved) = (_options.Time.GetTimestamp(), false);
        if (_options.Time.GetElapsedTime(_lastMove) >= _options.Idle) Finish(RelayEnd.Idle);
        else if (StallWatch.IsStalled(ref _upStall, _up, _options.Stall, _options.Time)) Finish(RelayEnd.UpstreamStalled);
        else if (StallWatch.IsStalled(ref _downStall, _down, _options.Stall, _options.Time)) Finish(RelayEnd.VisitorStalled);
    }

    private bool HasEnded => _end is not null || _fault is not null;

    // What was peeked goes out in this very round.
    private void StartAtOnce()
    {
        Start();
        GoOn();
    }

    private void Start()
    {
        _started = true;
        _visitorSlot.Target = new RelayLeg(this, _up, _down);
        _upstreamSlot.Target = new RelayLeg(this, _down, _up);
        Rounds.Watch(this);
    }

    private bool Pump()
    {
        var (up, down) = (_up.Pump(), _down.Pump());
        Note(up, _up, _down);
        Note(down, _down, _up);
        if (_up.Carried != _carriedUp || _down.Carried != _carriedDown) Moved();
        if (_toStop) return Finish(RelayEnd.Stopped);
        if (_up.HasEnded && _down.HasEnded) return Finish(RelayEnd.Finished);
        if (up == Flow.GoesOn || down == Flow.GoesOn) return true;
        if (_up.IsLending || _down.IsLending) return false;
        // What a broken side had sent before is through, or cannot go on: nothing more will come.
        if (_up.IsSourceBroken) return Finish(RelayEnd.VisitorBroke);
        return _down.IsSourceBroken && Finish(RelayEnd.UpstreamBroke);
    }

    private void Moved()
    {
        _hasMoved = true;
        _options.Count?.Add(_up.Carried - _carriedUp, _down.Carried - _carriedDown);
        (_carriedUp, _carriedDown) = (_up.Carried, _down.Carried);
    }

    private static void Note(Flow flow, KernelDirection direction, KernelDirection opposite)
    {
        if (flow == Flow.SourceBroke) direction.IsSourceBroken = true;
        if (flow == Flow.SinkBroke) opposite.IsSourceBroken = true;
    }

    private void AskToStop()
    {
        _toStop = true;
        _visitorSlot.Poller.Post(this);
    }

    // False: there is nothing more to do.
    private bool Finish(RelayEnd end)
    {
        Release(reset: end != RelayEnd.Finished);
        _end = end;
        _done.Set();
        return false;
    }

    private void Release(bool reset)
    {
        Rounds.Unwatch(this);
        _up.Free();
        _down.Free();
        _visitor.GiveBack(reset, _up.IsSourceBroken);
        _upstream.GiveBack(reset, _down.IsSourceBroken, mayDialAgain: !_up.HasSpliced && !_down.HasSpliced);
    }
}

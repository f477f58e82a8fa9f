namespace Gateway.Transport.Relaying;

/// <summary>The relay for ends that are not both kernel sockets: one asynchronous copy loop each way.</summary>
internal sealed class CopyRelay
{
    private readonly CopyDirection _up;
    private readonly CopyDirection _down;
    private readonly Duplex _visitor;
    private readonly Duplex _upstream;
    private readonly RelayOptions _options;
    private StallWatch? _upStall;
    private StallWatch? _downStall;
    private long _lastMove;
    private int _end = (int)RelayEnd.Finished;

    public CopyRelay(Duplex visitor, Duplex upstream, RelayOptions options)
    {
        (_visitor, _upstream, _options) = (visitor, upstream, options);
        // A copy waits for nothing but the two ends, and takes turns: a thread hop for each piece would cost more than the piece.
        (visitor.StaysOnPoller, upstream.StaysOnPoller) = (true, true);
        _up = new CopyDirection(visitor, upstream, bytes => Moved(bytes, 0));
        _down = new CopyDirection(upstream, visitor, bytes => Moved(0, bytes));
        Moved(0, 0);
    }

    public async Task<RelayResult> RunAsync(ReadOnlyMemory<byte> peeked, CancellationToken stop)
    {
        var quarter = (_options.Idle < _options.Stall ? _options.Idle : _options.Stall) / 4;
        using var told = stop.UnsafeRegister(static relay => ((CopyRelay)relay!).Break(RelayEnd.Stopped), this);
        await using var idle = _options.Time.CreateTimer(static relay => ((CopyRelay)relay!).Look(), this, quarter, quarter);
        await Task.WhenAll(CarryAsync(_up, peeked, RelayEnd.VisitorBroke, RelayEnd.UpstreamBroke), CarryAsync(_down, default, RelayEnd.UpstreamBroke, RelayEnd.VisitorBroke));
        // A side that broke, and was heard to its end, leaves the other one to be reset.
        if ((RelayEnd)_end != RelayEnd.Finished) Break((RelayEnd)_end);
        return new RelayResult(_up.Carried, _down.Carried, (RelayEnd)_end);
    }

    private async Task CarryAsync(CopyDirection direction, ReadOnlyMemory<byte> peeked, RelayEnd sourceBroke, RelayEnd sinkBroke)
    {
        var outcome = await direction.RunAsync(peeked, direction == _up ? _options.HeldBy : null);
        if (outcome == CopyOutcome.SourceBroke) Break(sourceBroke);
        // What the broken end had said before still goes the other way, which then ends by itself: what was broken tells whoever reads it.
        // A visitor who takes no more is gone: his upload, which may be stuck, is nobody's any more.
        if (outcome == CopyOutcome.SinkBroke && direction == _up) Note(sinkBroke);
        else if (outcome == CopyOutcome.SinkBroke) Break(sinkBroke);
    }

    // The first cause is the one that is told; what follows from it is not.
    private void Note(RelayEnd cause) => Interlocked.CompareExchange(ref _end, (int)cause, (int)RelayEnd.Finished);

    private void Break(RelayEnd cause)
    {
        Note(cause);
        _visitor.Reset();
        _upstream.Reset();
    }

    private void Moved(int toUpstream, int toVisitor)
    {
        Volatile.Write(ref _lastMove, _options.Time.GetTimestamp());
        _options.Count?.Add(toUpstream, toVisitor);
    }

    private void Look()
    {
        if (_options.Time.GetElapsedTime(Volatile.Read(ref _lastMove)) >= _options.Idle) Break(RelayEnd.Idle);
        else if (StallWatch.IsStalled(ref _upStall, _up, _options.Stall, _options.Time)) Break(RelayEnd.UpstreamStalled);
        else if (StallWatch.IsStalled(ref _downStall, _down, _options.Stall, _options.Time)) Break(RelayEnd.VisitorStalled);
    }
}

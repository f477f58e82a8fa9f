using System.Net;
using System.Threading.Channels;
using Gateway.Transport.Yamux.Frames;

namespace Gateway.Transport.Yamux;

/// <summary>
/// Many streams over one connection, as hashicorp/yamux and go-yamux speak it (version 0). It owns the carrier. One loop reads,
/// one writes, one counts the time; a stream that is not read holds nothing but its own credit.
/// </summary>
public sealed class YamuxSession : IAsyncDisposable
{
    // What go-yamux waits for: so many of our streams may be unacknowledged before the next must wait.
    private const int MostUnacknowledged = 256;

    private readonly Duplex _carrier;
    private readonly YamuxOptions _options;
    private readonly TimeProvider _time;
    private readonly StreamTable _streams;
    private readonly Heartbeat _heartbeat;
    private readonly SessionLoops _loops;
    private readonly Channel<YamuxStream> _backlog;
    private readonly SemaphoreSlim _unacknowledged = new(MostUnacknowledged);
    private readonly CancellationTokenSource _over = new();
    private readonly TaskCompletionSource<YamuxEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _started;
    private volatile bool _weGoAway;
    private readonly TaskCompletionSource _goingAway = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _runsOut = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _peerGoesAway;

    /// <summary>Takes over the carrier; nothing moves before <see cref="RunAsync"/>.</summary>
    public YamuxSession(Duplex carrier, YamuxRole role, YamuxOptions options, TimeProvider time)
    {
        (_carrier, _options, _time) = (carrier, options, time);
        // What the loops do between two waits is bounded: each read, each write, each turn of a stream.
        carrier.StaysOnPoller = true;
        Outbox = new Outbox(carrier as SocketDuplex);
        Windows = new WindowPolicy(options, time);
        Budget = new ByteBudget(options.MaxBuffered, options.Shared, GiveWay);
        _streams = new StreamTable(role, options);
        _heartbeat = new Heartbeat(Outbox, Windows, options, time);
        _loops = new SessionLoops(carrier, Outbox, new Inbox(this, _streams, _heartbeat, options), _heartbeat, End, _over.Token);
        _backlog = Channel.CreateBounded<YamuxStream>(options.Backlog);
    }

    /// <summary>A go-away with code 0 as it stands on the wire, for a peer that is turned away before there is a session.</summary>
    public static ReadOnlyMemory<byte> GoAwayFrame { get; } = Frame(new FrameHeader(FrameKind.GoAway, FrameFlags.None, 0, 0));

    /// <summary>How many streams are open.</summary>
    public int Streams => _streams.Count;

    /// <summary>True while new streams can be opened. Our own go-away does not hinder us: it tells the peer to open none.</summary>
    public bool IsOpen => !_peerGoesAway && !_end.Task.IsCompleted && !_streams.IsUsedUp;

    /// <summary>True when the peer has told us to open no more streams.</summary>
    public bool PeerGoesAway => _peerGoesAway;

    /// <summary>Ends when the peer goes away or the session is over.</summary>
    public Task GoingAway => _goingAway.Task;

    /// <summary>Ends when few of our stream ids are left, a million: another session should take over.</summary>
    public Task RunsOut => _runsOut.Task;

    /// <summary>Who is at the other end of the carrier.</summary>
    public EndPoint? Remote => _carrier.Remote;

    /// <summary>The measured round trip; zero while unknown.</summary>
    public TimeSpan RoundTrip => Windows.RoundTrip;

    /// <summary>How long nothing has come from the peer: a ping interval at most while it lives.</summary>
    public TimeSpan Silence => _heartbeat.Silence;

    internal Outbox Outbox { get; }

    internal WindowPolicy Windows { get; }

    internal ByteBudget Budget { get; }

    /// <summary>Runs the session until it is over. Called once.</summary>
    public async Task<YamuxEnd> RunAsync(CancellationToken stop)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0) throw new InvalidOperationException("A session runs once.");
        using var told = stop.UnsafeRegister(static session => ((YamuxSession)session!).End(YamuxEndReason.Stopped, "we were told to stop"), this);
        try
        {
            var writing = _loops.WriteAsync();
            var all = Task.WhenAll(writing, _loops.ReadAsync(), _loops.BeatAsync());
            // A loop that ends without a cause is a defect; it must not leave the others running.
            await Task.WhenAny(_end.Task, all);
            End(YamuxEndReason.Stopped, "a loop of the session ended");
            var end = await _end.Task;
            Abandon();
            await SayFarewellAsync(end, writing);
            await _over.CancelAsync();
            await all;
            // A loop may have ended on a poller's thread; whoever waits for the end must not go on there.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            return end;
        }
        finally
        {
            await CloseAsync();
            _finished.SetResult();
        }
    }

    /// <summary>Opens a stream; waits while too many of ours are unacknowledged. Null when the session is over, going away, or full.</summary>
    public async ValueTask<YamuxStream?> OpenAsync(CancellationToken stop)
    {
        if (!IsOpen || !await MayOpenAsync(stop)) return null;
        if (!IsOpen || _streams.TryOpen(this) is not { } stream)
        {
            _unacknowledged.Release();
            return null;
        }
        Outbox.Send(FrameKind.WindowUpdate, FrameFlags.Syn, stream.Id, 0);
        if (_streams.RunsOut) _runsOut.TrySetResult();
        return stream;
    }

    /// <summary>The next stream that the peer opened; null when the session is over.</summary>
    public async ValueTask<YamuxStream?> AcceptAsync(CancellationToken stop)
    {
        while (await _backlog.Reader.WaitToReadAsync(stop))
        {
            if (!_backlog.Reader.TryRead(out var stream) || stream.IsBroken) continue;
            Outbox.Send(FrameKind.WindowUpdate, FrameFlags.Ack, stream.Id, 0);
            return stream;
        }
        return null;
    }

    /// <summary>Tells the peer to open no more streams (code 0 normal, 1 protocol error, 2 internal error); those open go on.</summary>
    public ValueTask GoAwayAsync(uint code, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _weGoAway = true;
        Outbox.Send(FrameKind.GoAway, FrameFlags.None, 0, code);
        return ValueTask.CompletedTask;
    }

    /// <summary>Ends the session and waits until its loops have ended and the carrier is closed.</summary>
    public async ValueTask DisposeAsync()
    {
        End(YamuxEndReason.Stopped, "the session was disposed");
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            await _finished.Task;
            return;
        }
        Abandon();
        await CloseAsync();
    }

    /// <summary>The peer wants a new stream: it waits to be accepted, or is reset when there is no place for it.</summary>
    internal void Offer(uint id)
    {
        if (!_weGoAway && _streams.TryTake(id, this) is { } stream)
        {
            if (_backlog.Writer.TryWrite(stream) || (DropBroken() && _backlog.Writer.TryWrite(stream))) return;
            stream.Reset();
        }
        else Outbox.Send(FrameKind.WindowUpdate, FrameFlags.Rst, id, 0);
    }

    /// <summary>The peer opens no more streams; with a code it gives up the whole session.</summary>
    internal void OnGoAway(uint code)
    {
        _peerGoesAway = true;
        _goingAway.TrySetResult();
        if (code != 0) End(YamuxEndReason.PeerComplained, code == 1 ? "the peer reports a protocol error" : "the peer reports an internal error");
    }

    /// <summary>Nobody will read what the stream still holds.</summary>
    internal void Drop(YamuxStream stream) => _streams.Drop(stream);

    /// <summary>The peer knows one more of our streams.</summary>
    internal void Acknowledged() => _unacknowledged.Release();

    /// <summary>A stream is over.</summary>
    internal void Forget(YamuxStream stream)
    {
        if (_streams.Remove(stream)) stream.Acknowledge();
    }

    private static byte[] Frame(FrameHeader header)
    {
        var bytes = new byte[FrameHeader.Size];
        header.Write(bytes);
        return bytes;
    }

    // The first cause is the one that is told.
    private void End(YamuxEndReason reason, string detail)
    {
        _end.TrySetResult(new YamuxEnd(reason, detail));
        _goingAway.TrySetResult();
    }

    private async ValueTask<bool> MayOpenAsync(CancellationToken stop)
    {
        if (_unacknowledged.Wait(0, CancellationToken.None)) return true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _over.Token);
        try
        {
            await _unacknowledged.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }

    // The stream that holds most goes, by whoever took too much: breaking one is safe from any thread.
    private bool GiveWay() => _streams.Fullest() is { } fullest && fullest.GiveWay();

    // Streams that were reset before anybody accepted them must not take the place of living ones.
    private bool DropBroken()
    {
        var there = _backlog.Reader.Count;
        for (var i = 0; i < there && _backlog.Reader.TryRead(out var stream); i++)
            if (!stream.IsBroken) _backlog.Writer.TryWrite(stream);
        return _backlog.Reader.Count < there;
    }

    private void Abandon()
    {
        foreach (var stream in _streams.Close()) stream.Break("the session is over", tellPeer: false);
        _backlog.Writer.TryComplete();
    }

    private ValueTask CloseAsync()
    {
        Budget.Close();
        return _carrier.DisposeAsync();
    }

    private async Task SayFarewellAsync(YamuxEnd end, Task writing)
    {
        if (end.Reason == YamuxEndReason.Stopped) Outbox.Send(FrameKind.GoAway, FrameFlags.None, 0, 0);
        if (end.Reason == YamuxEndReason.PeerMisbehaved) Outbox.Send(FrameKind.GoAway, FrameFlags.None, 0, 1);
        Outbox.Close();
        if (end.Reason is not (YamuxEndReason.Stopped or YamuxEndReason.PeerMisbehaved)) return;
        try
        {
            await writing.WaitAsync(_options.Farewell, _time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            // The peer does not even read: it will see the connection close.
        }
    }
}

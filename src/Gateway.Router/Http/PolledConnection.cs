using System.IO.Pipelines;
using Gateway.Transport;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Router.Http;

/// <summary>
/// One visitor's connection as Kestrel wants it, on the poller that accepted it: Kestrel's waits for it go on there, and so does
/// everything that a request does while its upstream is polled as well. It owns the socket.
/// </summary>
internal sealed class PolledConnection : DefaultConnectionContext, IDelivering
{
    // What one read may bring. Nothing is held for a connection that waits for its next request.
    private const int ReadAtMost = 16 * 1024;

    private readonly SocketDuplex _visitor;
    private readonly VisitorWriter _writer;
    private readonly TimeProvider _time;
    private StallWatch? _stall;
    private long _endedAt;
    private long _deliveredThen;
    private (long FromVisitor, long ToVisitor) _told;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes over a visitor's socket.</summary>
    /// <param name="visitor">The socket.</param>
    /// <param name="id">Names the connection in the log.</param>
    /// <param name="patience">The first value of <see cref="Patience"/>.</param>
    /// <param name="afterEnd">How long a visitor who has ended his direction is waited for while he takes nothing; zero for not at all.</param>
    /// <param name="time">The clock.</param>
    public PolledConnection(SocketDuplex visitor, string id, TimeSpan patience, TimeSpan afterEnd, TimeProvider time)
        : base(id)
    {
        (_visitor, _time, Patience, AfterEnd) = (visitor, time, patience, afterEnd);
        Features.Set(this);
        visitor.StaysOnPoller = true;
        _writer = new VisitorWriter(visitor);
        Transport = new Pipes(PipeReader.Create(new DuplexStream(visitor), new StreamPipeReaderOptions(bufferSize: ReadAtMost, leaveOpen: true, useZeroByteReads: true)), _writer);
        (RemoteEndPoint, LocalEndPoint, ConnectionClosed) = (visitor.Remote, visitor.Local, _closed.Token);
    }

    /// <summary>Completes when Kestrel is through with the connection.</summary>
    public Task Done => _done.Task;

    /// <summary>How long the visitor may take next to nothing of an answer; each request sets it as its route wants it.</summary>
    public TimeSpan Patience { get; set; }

    /// <summary>
    /// How long a visitor who has ended his direction is waited for while he takes nothing of an answer: he may want it, or be gone, and
    /// TCP does not tell. Zero: he is gone.
    /// </summary>
    public TimeSpan AfterEnd
    {
        get;
        set
        {
            field = value;
            if (value == TimeSpan.Zero && HasEnded) TellClosed();
        }
    }

    /// <summary>The visitor took next to nothing of an answer, and was cut.</summary>
    public bool IsStalled { get; private set; }

    /// <inheritdoc/>
    public bool IsHeldUp => _writer.IsHeldUp;

    /// <inheritdoc/>
    public long Delivered => _visitor.Delivered;

    /// <summary>
    /// Bytes that were read from the visitor and written to him since this was asked last. A request that he sends before he has the answer
    /// to the one before may count with that one.
    /// </summary>
    public (long FromVisitor, long ToVisitor) TakeMoved()
    {
        var (before, now) = (_told, (_visitor.Received, _visitor.Sent));
        _told = now;
        return (now.Received - before.FromVisitor, now.Sent - before.ToVisitor);
    }

    /// <summary>
    /// To be asked when the connection is over: how it ended when Kestrel answered what it could not read as a request, which is then no
    /// request of anybody's story; null: it did not.
    /// </summary>
    public VisitEnd? Unread()
    {
        if (TakeMoved().ToVisitor == 0) return null;
        return _writer.HasTimedOut ? VisitEnd.TooSlow : VisitEnd.Malformed;
    }

    private bool HasEnded => Volatile.Read(ref _endedAt) > 0;

    /// <summary>Cuts a visitor who takes next to nothing, and gives up one who seems to have left; to be called about once a second.</summary>
    public void Look()
    {
        if (HasEnded && HasLeft()) TellClosed();
        if (!StallWatch.IsStalled(ref _stall, this, Patience, _time)) return;
        IsStalled = true;
        _visitor.Reset();
        TellClosed();
    }

    /// <summary>Listens for the visitor's end: when he is gone, Kestrel is told even while it does not read. False: it is gone already.</summary>
    public bool TryWatch()
    {
        try
        {
            _visitor.OnEnding(Hear);
            return true;
        }
        catch (IOException)
        {
            // Gone, or no poller has room: nobody to serve either way.
            return false;
        }
    }

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        _visitor.Reset();
        TellClosed();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _writer.Free();
        await _visitor.DisposeAsync();
        TellClosed();
        await base.DisposeAsync();
        _done.TrySetResult();
    }

    private void Hear(bool isBroken)
    {
        Volatile.Write(ref _endedAt, Math.Max(1, _time.GetTimestamp()));
        if (isBroken || AfterEnd == TimeSpan.Zero) TellClosed();
    }

    // Whoever still takes something is there; to one who is gone the kernel's next word is a reset.
    private bool HasLeft()
    {
        var delivered = _visitor.Delivered;
        if (delivered == _deliveredThen) return _time.GetElapsedTime(Volatile.Read(ref _endedAt)) >= AfterEnd;
        _deliveredThen = delivered;
        Volatile.Write(ref _endedAt, Math.Max(1, _time.GetTimestamp()));
        return false;
    }

    // What hears of it cancels requests and more: not on a poller's thread, nor under anybody's lock.
    private void TellClosed() => ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

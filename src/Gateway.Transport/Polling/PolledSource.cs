using System.Threading.Tasks.Sources;

namespace Gateway.Transport.Polling;

/// <summary>
/// What one task waits for, again and again, without an allocation. A wait that began on a poller's thread and is ended by one goes on
/// there, in the round that follows; every other goes on on the thread pool, because whoever ends it may hold locks.
/// </summary>
internal abstract class PolledSource<T> : IValueTaskSource<T>, IValueTaskSource, IPollWork
{
    private ManualResetValueTaskSourceCore<T> _source;
    private T? _result;
    private Exception? _fault;
    private bool _beganOnPoller;

    /// <summary>Every wait goes on on the poller that ends it, wherever it began: for waiters that are known to be quick.</summary>
    public bool StaysOnPoller { get; set; }

    bool IPollWork.IsQueued { get; set; }

    int IPollWork.SweepIndex { get; set; } = -1;

    /// <summary>Begins a wait; its token belongs into the task that is awaited.</summary>
    protected short Begin()
    {
        _source.Reset();
        return _source.Version;
    }

    /// <summary>Ends the wait; once for each that began.</summary>
    protected void Complete(T result) => Wake(result, null);

    /// <summary>Ends the wait without success; once for each that began.</summary>
    protected void Complete(Exception fault) => Wake(default, fault);

    T IValueTaskSource<T>.GetResult(short token) => _source.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _source.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        OnCompleted(continuation, state, token, flags);

    void IPollWork.OnPosted()
    {
    }

    bool IPollWork.Work()
    {
        End(isAsynchronous: false);
        return false;
    }

    void IPollWork.Sweep()
    {
    }

    private void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        _beganOnPoller = StaysOnPoller || Poller.Current is not null;
        _source.OnCompleted(continuation, state, token, flags);
    }

    private void Wake(T? result, Exception? fault)
    {
        (_result, _fault) = (result, fault);
        if (_beganOnPoller && Poller.Current is { } poller) poller.Rounds.Resume(this);
        else End(isAsynchronous: true);
    }

    private void End(bool isAsynchronous)
    {
        var (result, fault) = (_result, _fault);
        (_result, _fault) = (default, null);
        _source.RunContinuationsAsynchronously = isAsynchronous;
        if (fault is null) _source.SetResult(result!);
        else _source.SetException(fault);
    }
}

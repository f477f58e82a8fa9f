using System.Threading.Tasks.Sources;
using Gateway.Transport.Polling;

namespace Gateway.Transport;

/// <summary>
/// Wakes one waiting task: set before the wait, it is remembered once. One waiter at a time; no allocation per wait. A wait that
/// began on a poller's thread and is ended by one goes on there, in the round that follows; every other goes on on the thread pool,
/// because whoever sets a signal may hold locks.
/// </summary>
internal sealed class Signal : IValueTaskSource, IPollWork
{
    private const int Idle = 0;
    private const int Raised = 1;
    private const int Waiting = 2;

    private ManualResetValueTaskSourceCore<bool> _source;
    private int _state;
    private bool _beganOnPoller;

    /// <summary>Set, and not waited for yet.</summary>
    public bool IsSet => Volatile.Read(ref _state) == Raised;

    /// <summary>Every wait goes on on the poller that ends it, wherever it began: for waiters that are known to be quick.</summary>
    public bool StaysOnPoller { get; set; }

    bool IPollWork.IsQueued { get; set; }

    int IPollWork.SweepIndex { get; set; } = -1;

    /// <summary>Wakes the waiter, or the next one.</summary>
    public void Set()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state == Raised) return;
            if (Interlocked.CompareExchange(ref _state, state == Waiting ? Idle : Raised, state) != state) continue;
            if (state == Waiting) Wake();
            return;
        }
    }

    /// <summary>Waits until it is set, and unsets it.</summary>
    public ValueTask WaitAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Raised) == Raised) return ValueTask.CompletedTask;
        _source.Reset();
        var task = new ValueTask(this, _source.Version);
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == Idle) return task;
        Volatile.Write(ref _state, Idle);
        return ValueTask.CompletedTask;
    }

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        _beganOnPoller = StaysOnPoller || Poller.Current is not null;
        _source.OnCompleted(continuation, state, token, flags);
    }

    void IPollWork.OnPosted()
    {
    }

    bool IPollWork.Work()
    {
        _source.RunContinuationsAsynchronously = false;
        _source.SetResult(true);
        return false;
    }

    void IPollWork.Sweep()
    {
    }

    private void Wake()
    {
        if (_beganOnPoller && Poller.Current is { } poller)
        {
            poller.Rounds.Queue(this);
            return;
        }
        _source.RunContinuationsAsynchronously = true;
        _source.SetResult(true);
    }
}

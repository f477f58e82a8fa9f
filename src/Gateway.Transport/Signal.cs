using System.Threading.Tasks.Sources;

namespace Gateway.Transport;

/// <summary>
/// Wakes one waiting task: set before the wait, it is remembered once. One waiter at a time; no allocation per wait.
/// </summary>
internal sealed class Signal : IValueTaskSource
{
    private const int Idle = 0;
    private const int IsSet = 1;
    private const int Waiting = 2;

    // The continuation runs on the thread pool: whoever sets the signal holds locks, or owns a thread others wait for.
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private int _state;

    /// <summary>Wakes the waiter, or the next one.</summary>
    public void Set()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state == IsSet) return;
            if (Interlocked.CompareExchange(ref _state, state == Waiting ? Idle : IsSet, state) != state) continue;
            if (state == Waiting) _source.SetResult(true);
            return;
        }
    }

    /// <summary>Waits until it is set, and unsets it.</summary>
    public ValueTask WaitAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, IsSet) == IsSet) return ValueTask.CompletedTask;
        _source.Reset();
        var task = new ValueTask(this, _source.Version);
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == Idle) return task;
        Volatile.Write(ref _state, Idle);
        return ValueTask.CompletedTask;
    }

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}

using Gateway.Transport.Polling;

namespace Gateway.Transport;

/// <summary>Wakes one waiting task: set before the wait, it is remembered once. One waiter at a time; no allocation per wait.</summary>
internal sealed class Signal : PolledSource<bool>
{
    private const int Idle = 0;
    private const int Raised = 1;
    private const int Waiting = 2;

    private int _state;

    /// <summary>Set, and not waited for yet.</summary>
    public bool IsSet => Volatile.Read(ref _state) == Raised;

    /// <summary>Wakes the waiter, or the next one.</summary>
    public void Set()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state == Raised) return;
            if (Interlocked.CompareExchange(ref _state, state == Waiting ? Idle : Raised, state) != state) continue;
            if (state == Waiting) Complete(true);
            return;
        }
    }

    /// <summary>Waits until it is set, and unsets it.</summary>
    public ValueTask WaitAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Raised) == Raised) return ValueTask.CompletedTask;
        var task = new ValueTask(this, Begin());
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == Idle) return task;
        Volatile.Write(ref _state, Idle);
        return ValueTask.CompletedTask;
    }
}

namespace Gateway.Store.Feed;

/// <summary>Lets one reader at a time compare everything: comparisons are heavy for Redis and for us. Nobody waits in line; whoever wants it asks again when it is free.</summary>
internal sealed class CompareTurn
{
    private int _taken;

    /// <summary>Raised when the turn is free again.</summary>
    internal event Action? Freed;

    internal bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;

    internal void Release()
    {
        Volatile.Write(ref _taken, 0);
        Freed?.Invoke();
    }
}

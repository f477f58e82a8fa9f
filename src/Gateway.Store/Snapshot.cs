namespace Gateway.Store;

/// <summary>
/// What the readers of a room see: one immutable value, exchanged as a whole. Read <see cref="Current"/> once for each unit
/// of work, or the work sees two worlds.
/// </summary>
/// <param name="initial">What is seen before the first exchange.</param>
public sealed class Snapshot<T>(T initial) where T : class
{
    private T _current = initial;

    /// <summary>The value as of now; never waits.</summary>
    public T Current => Volatile.Read(ref _current);

    /// <summary>Puts <paramref name="next"/> in place for everybody who reads from now on; the old value lives as long as somebody holds it.</summary>
    public void Swap(T next) => Interlocked.Exchange(ref _current, next);
}

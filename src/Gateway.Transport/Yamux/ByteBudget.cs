namespace Gateway.Transport.Yamux;

/// <summary>
/// A bound on bytes kept for peers, in bytes. What is taken from it is taken from the larger budget too, when there is one; there
/// all that share it have a fair share, and only who holds more than that must give way.
/// </summary>
public sealed class ByteBudget
{
    private readonly long _limit;
    private readonly ByteBudget? _larger;
    private long _used;
    private int _sharers;

    /// <summary>A budget of so many bytes, part of a larger one or on its own.</summary>
    public ByteBudget(long limit, ByteBudget? larger = null)
    {
        (_limit, _larger) = (limit, larger);
        if (larger is not null) Interlocked.Increment(ref larger._sharers);
    }

    /// <summary>How many bytes are taken.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>True while too much is taken: here, or in the larger budget while we hold more than our share of it.</summary>
    public bool IsOver => Used > _limit || (_larger is { IsOver: true } larger && Used >= larger.Used / Math.Max(1, Volatile.Read(ref larger._sharers)));

    /// <summary>Takes bytes that are here already; see <see cref="IsOver"/> for what follows.</summary>
    public void Take(long bytes)
    {
        Interlocked.Add(ref _used, bytes);
        _larger?.Take(bytes);
    }

    /// <summary>Takes bytes only if they fit.</summary>
    public bool TryTake(long bytes)
    {
        Take(bytes);
        if (!IsOver) return true;
        Give(bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Give(long bytes)
    {
        Interlocked.Add(ref _used, -bytes);
        _larger?.Give(bytes);
    }

    /// <summary>Shares the larger budget no more.</summary>
    public void Close()
    {
        if (_larger is not null) Interlocked.Decrement(ref _larger._sharers);
    }
}

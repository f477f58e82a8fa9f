using System.Collections.Concurrent;

namespace Gateway.Transport.Yamux;

/// <summary>
/// A bound on bytes kept for peers, in bytes. What is taken from it is taken from the larger budget too, when there is one. Whose
/// budget it is can give bytes back when it must: <see cref="Relieve"/>.
/// </summary>
public sealed class ByteBudget
{
    private readonly long _limit;
    private readonly ByteBudget? _larger;
    private readonly Func<bool> _giveWay;
    private readonly ConcurrentDictionary<ByteBudget, bool> _parts = new();
    private readonly Lock _relieving = new();
    private long _used;
    private volatile bool _isClosed;

    /// <summary>
    /// A budget of so many bytes, part of a larger one or on its own. <paramref name="giveWay"/> gives back some of what is taken, if
    /// it can; it is called by whoever took too much from either budget, on his thread and by one of them at a time.
    /// </summary>
    public ByteBudget(long limit, ByteBudget? larger = null, Func<bool>? giveWay = null)
    {
        (_limit, _larger, _giveWay) = (limit, larger, giveWay ?? (static () => false));
        larger?._parts.TryAdd(this, true);
    }

    /// <summary>How many bytes are taken.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>True while too much is taken, here or in the larger budget.</summary>
    public bool IsOver => Used > _limit || _larger is { IsOver: true };

    /// <summary>Takes bytes that are here already; <see cref="Relieve"/> has to follow.</summary>
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
        LeaveIfEmpty();
    }

    /// <summary>
    /// Makes both budgets bounds again: while too much is taken here, this one gives way; while too much is taken from the larger
    /// one, whichever part of it holds most. The caller holds no lock.
    /// </summary>
    public void Relieve()
    {
        if (Used > _limit) LetGiveWay(static budget => budget);
        if (_larger is { } larger && larger.Used > larger._limit) larger.LetGiveWay(static budget => budget.Fullest);
    }

    /// <summary>Takes no more. It leaves the larger budget when the last byte is given back.</summary>
    public void Close()
    {
        _isClosed = true;
        LeaveIfEmpty();
    }

    private ByteBudget? Fullest => _parts.Select(part => part.Key).MaxBy(part => part.Used);

    // One at a time: two who took too much together must not cost two streams.
    private void LetGiveWay(Func<ByteBudget, ByteBudget?> who)
    {
        lock (_relieving)
            while (Used > _limit && who(this) is { } fullest && fullest._giveWay())
            {
            }
    }

    private void LeaveIfEmpty()
    {
        if (_isClosed && Used == 0) _larger?._parts.TryRemove(this, out _);
    }
}

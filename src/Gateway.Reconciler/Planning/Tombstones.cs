namespace Gateway.Reconciler.Planning;

/// <summary>Reservations that ended a while ago, the last some thousand of them.</summary>
internal sealed class Tombstones
{
    /// <summary>About 10 MB; a backup that is older than so many deletions brings reservations back until the explorer is asked about them.</summary>
    private const int Bound = 50_000;

    private readonly Dictionary<string, LiveReservation> _ended = [];
    private readonly Queue<string> _order = [];

    /// <summary>Notes that a reservation ended.</summary>
    public void Add(LiveReservation it)
    {
        if (!_ended.ContainsKey(it.Id)) _order.Enqueue(it.Id);
        _ended[it.Id] = it;
        if (_order.Count > Bound) _ended.Remove(_order.Dequeue());
    }

    /// <summary>The explorer says that the reservation lives after all, or has given its id to another.</summary>
    public void Remove(string id) => _ended.Remove(id);

    /// <summary>True when just this reservation ended.</summary>
    public bool Contains(LiveReservation it) => _ended.TryGetValue(it.Id, out var ended) && ended.HasSameWish(it);
}

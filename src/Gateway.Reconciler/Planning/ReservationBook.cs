using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Reconciler.Planning;

/// <summary>
/// All reservations that are known, found by id and by name, so that one change is planned over the few names it touches and not
/// over a hundred thousand. Owned by the loop.
/// </summary>
internal sealed class ReservationBook
{
    private readonly Dictionary<string, LiveReservation> _live = [];
    private readonly Dictionary<string, LiveReservation> _applied = [];
    private readonly Dictionary<string, LiveReservation> _ending = [];
    private readonly HashSet<string> _accepted = [];
    private readonly HashSet<string> _reported = [];
    private readonly HashSet<string> _recalled = [];
    private readonly Dictionary<WorkloadType, int> _served = [];
    private readonly Holdings _holdings = new();
    private readonly Pace _pace = new();
    private readonly NameIndex _index = new();
    private readonly Tombstones _ended = new();

    /// <summary>What shall be served.</summary>
    public IReadOnlyDictionary<string, LiveReservation> Live => _live;

    /// <summary>What is served, as the cache in Redis says.</summary>
    public IReadOnlyDictionary<string, LiveReservation> Applied => _applied;

    /// <summary>What its users deleted and the plan has not dealt with yet.</summary>
    public IReadOnlyDictionary<string, LiveReservation> Ending => _ending;

    /// <summary>Ids that were accepted, whatever Redis remembers of them.</summary>
    public IReadOnlySet<string> Accepted => _accepted;

    /// <summary>Ids whose good result the explorer holds.</summary>
    public IReadOnlySet<string> Reported => _reported;

    /// <summary>Ids that came back from a copy and of which the explorer has not told since.</summary>
    public IReadOnlySet<string> Recalled => _recalled;

    /// <summary>What each user has of what is served.</summary>
    public Holdings Holdings => _holdings;

    /// <summary>How fast each user makes reservations, as far as they were decided.</summary>
    public Pace Pace => _pace;

    /// <summary>How many of a kind are served.</summary>
    public int ServedOf(WorkloadType kind) => _served.GetValueOrDefault(kind);

    /// <summary>Takes a reservation that shall be served. One that is being ended stays so: a deletion is never taken back.</summary>
    public void Add(LiveReservation reservation, bool isReported)
    {
        if (_ending.ContainsKey(reservation.Id)) return;
        if (_live.Remove(reservation.Id, out var old)) Unlist(old);
        if (old is not null && !old.HasSameWish(reservation)) _accepted.Remove(reservation.Id);
        _live[reservation.Id] = reservation;
        _ended.Remove(reservation.Id);
        List(reservation);
        Mark(reservation.Id, isReported);
    }

    /// <summary>Takes the deletion of a reservation, whether or not it is known.</summary>
    public void End(LiveReservation reservation)
    {
        if (_live.Remove(reservation.Id, out var old)) Unlist(old);
        _accepted.Remove(reservation.Id);
        _recalled.Remove(reservation.Id);
        if (!_ending.TryAdd(reservation.Id, reservation)) return;
        List(reservation);
    }

    /// <summary>
    /// Takes what the cache in Redis holds, at start and after each reconnection. A reservation that ended before stays ended: a
    /// Redis that was restored from a backup may still hold it.
    /// </summary>
    public void Load(IReadOnlyCollection<LiveReservation> applied, IReadOnlySet<string> waiting)
    {
        var kept = applied.Where(it => ReferenceEquals(_applied.GetValueOrDefault(it.Id), it)).Select(it => it.Id).ToHashSet();
        foreach (var id in _applied.Keys.Where(id => !kept.Contains(id)).ToList()) Forget(id);
        foreach (var it in applied)
        {
            if (!kept.Contains(it.Id)) Serve(it);
            if (_ended.Contains(it)) continue;
            _accepted.Add(it.Id);
            if (!_live.ContainsKey(it.Id)) Add(it, isReported: !waiting.Contains(it.Id));
        }
    }

    /// <summary>
    /// Takes what a copy beside Redis says, where Redis lost what was written. Redis shows an older state then: what it holds and the copy
    /// does not has ended, unless it came after the copy was made.
    /// </summary>
    /// <param name="served">What was served when the copy was made.</param>
    /// <param name="latest">The highest number known then.</param>
    /// <param name="inRedis">What the cache in Redis holds now.</param>
    public void Recall(IReadOnlyCollection<LiveReservation> served, long latest, IEnumerable<LiveReservation> inRedis)
    {
        var known = served.Select(it => it.Id).ToHashSet();
        foreach (var it in inRedis)
            if (it.Number <= latest && !known.Contains(it.Id) && !_live.ContainsKey(it.Id)) _ended.Add(it);
        foreach (var it in served)
        {
            if (_live.ContainsKey(it.Id) || _ending.ContainsKey(it.Id) || _ended.Contains(it)) continue;
            Add(it, isReported: true);
            _accepted.Add(it.Id);
            _recalled.Add(it.Id);
        }
    }

    /// <summary>The explorer shows a reservation as one that stands.</summary>
    public void Confirm(string id) => _recalled.Remove(id);

    /// <summary>A reservation turns out to have ended long ago, and everybody knows: nothing is told, and its name does not rest anew.</summary>
    public void Bury(LiveReservation reservation)
    {
        if (_live.Remove(reservation.Id, out var old)) Unlist(old);
        _accepted.Remove(reservation.Id);
        _recalled.Remove(reservation.Id);
        _ended.Add(old ?? reservation);
    }

    /// <summary>What was accepted at a reservation's name, above it or below it, of other users: whatever may stand in its way.</summary>
    public IEnumerable<LiveReservation> Opposing(string id) =>
        !_live.TryGetValue(id, out var about) ? [] : SliceOf([id]).Ids.Where(it => _accepted.Contains(it) && _live.ContainsKey(it)).Select(it => _live[it]).Where(it => it.Content.User != about.Content.User);

    /// <summary>Notes whether the explorer holds the good result of a reservation.</summary>
    public void Mark(string id, bool isReported)
    {
        if (isReported) _reported.Add(id);
        else _reported.Remove(id);
    }

    /// <summary>Takes over a step that was written.</summary>
    public void Settle(PlanStep step)
    {
        foreach (var change in step.Changes) Settle(change);
    }

    /// <summary>Takes over what was decided, once all of it is written: what was refused is gone from the book.</summary>
    public void Settle(IReadOnlyDictionary<string, Outcome> outcomes)
    {
        foreach (var (id, outcome) in outcomes)
        {
            if (outcome is Outcome.Accepted) _accepted.Add(id);
            if (outcome is not Outcome.Rejected) continue;
            if (_live.Remove(id, out var refused)) Unlist(refused);
            if (!_accepted.Remove(id) && refused is not null) _pace.AddOver(refused);
            _recalled.Remove(id);
        }
    }

    /// <summary>Lets go of deletions that were planned and written.</summary>
    public void Ended(IEnumerable<LiveReservation> ended)
    {
        foreach (var it in ended.ToList())
        {
            _accepted.Remove(it.Id);
            _ended.Add(it);
            if (_ending.Remove(it.Id, out var gone)) Unlist(gone);
        }
    }

    /// <summary>
    /// What has to be looked at when these reservations changed: all reservations at their names and at the names above, and,
    /// where a delegation changed or a name is new, all reservations below it too.
    /// </summary>
    public BookSlice SliceOf(IEnumerable<string> changed)
    {
        var slice = new BookSlice();
        foreach (var id in changed)
        {
            slice.Ids.Add(id);
            foreach (var it in VersionsOf(id)) Collect(slice, it);
        }

        return slice;
    }

    /// <summary>Ids of what is about exactly this name.</summary>
    public IReadOnlyList<string> At(DomainName name) => _index.At(name);

    /// <summary>The deepest domain at or above a host that this user delegated; null when there is none.</summary>
    public DomainName? ZoneOf(DomainName host, long user)
    {
        for (var at = host; !at.IsRoot; at = at.Parent)
            if (At(at).Any(id => _live.TryGetValue(id, out var it) && it.IsDelegation && it.Content.User == user)) return at;
        return null;
    }

    /// <summary>Ids of what these users have.</summary>
    public IReadOnlyCollection<string> OfUsers(IReadOnlySet<long> users) => [.. _live.Values.Where(it => users.Contains(it.Content.User)).Select(it => it.Id)];

    /// <summary>The live ones of a slice; all of them without one.</summary>
    public IReadOnlyCollection<LiveReservation> LiveOf(BookSlice? slice) => Of(_live, slice).Values;

    /// <summary>The ending ones of a slice; all of them without one.</summary>
    public IReadOnlyCollection<LiveReservation> EndingOf(BookSlice? slice) => Of(_ending, slice).Values;

    /// <summary>The served ones of a slice by id; all of them without one.</summary>
    public IReadOnlyDictionary<string, LiveReservation> AppliedOf(BookSlice? slice) => Of(_applied, slice);

    private static Dictionary<string, LiveReservation> Of(Dictionary<string, LiveReservation> all, BookSlice? slice)
    {
        if (slice is null) return all;
        var some = new Dictionary<string, LiveReservation>();
        foreach (var id in slice.Ids)
            if (all.TryGetValue(id, out var it)) some[id] = it;
        return some;
    }

    private void Settle(Change change)
    {
        switch (change)
        {
            case Change.Remember it:
                Forget(it.Reservation.Id);
                Serve(it.Reservation);
                break;
            case Change.Forget it:
                if (_applied.TryGetValue(it.Id, out var over)) _pace.AddOver(over);
                Forget(it.Id);
                _reported.Remove(it.Id);
                break;
        }
    }

    private void Serve(LiveReservation it)
    {
        _applied[it.Id] = it;
        List(it);
        _served[it.Category] = ServedOf(it.Category) + 1;
        _holdings.Add(it);
        _pace.Add(it);
    }

    private void Forget(string id)
    {
        if (!_applied.Remove(id, out var gone)) return;
        Unlist(gone);
        _served[gone.Category]--;
        _holdings.Remove(gone);
        _pace.Remove(gone);
    }

    private IEnumerable<LiveReservation> VersionsOf(string id)
    {
        if (_live.TryGetValue(id, out var live)) yield return live;
        if (_ending.TryGetValue(id, out var ending)) yield return ending;
        if (_applied.TryGetValue(id, out var applied)) yield return applied;
    }

    private void Collect(BookSlice slice, LiveReservation changed)
    {
        if (changed.Name is not { } name) return;
        Touch(slice, name);
        // Who newly asks for a name must not get one above that of another user.
        if (!changed.IsDelegation && _accepted.Contains(changed.Id)) return;
        foreach (var id in _index.Below(name))
        {
            slice.Ids.Add(id);
            foreach (var below in VersionsOf(id))
                if (below.Name is { } it) Touch(slice, it);
        }
    }

    private void Touch(BookSlice slice, DomainName name)
    {
        for (var at = name; !at.IsRoot && slice.Names.Add(at); at = at.Parent) slice.Ids.UnionWith(_index.At(at));
    }

    private void List(LiveReservation it)
    {
        if (it.Name is { } name) _index.Add(name, it.Id);
    }

    private void Unlist(LiveReservation it)
    {
        if (it.Name is not { } name) return;
        _index.Remove(name, it.Id);
        foreach (var other in VersionsOf(it.Id)) List(other);
    }
}

/// <summary>The part of a <see cref="ReservationBook"/> that some changes concern.</summary>
internal sealed class BookSlice
{
    /// <summary>Reservations to decide about.</summary>
    public HashSet<string> Ids { get; } = [];

    /// <summary>Their names, and every name above one of them: where zones and claims of others may stand.</summary>
    public HashSet<DomainName> Names { get; } = [];
}

namespace Gateway.Reconciler.Planning;

/// <summary>
/// How many reservations each user made in which minute. The minute is the one in which the explorer stored a reservation, which no user
/// can choose, and not the one in which this gateway heard of it: what comes late, or all at once at a first sync, is no faster for it.
/// One without a time is not counted. After a restart what ended or was refused counts no more; what is served does.
/// </summary>
/// <param name="below">What is counted already, and is not changed here; null for nothing.</param>
internal sealed class Pace(Pace? below = null)
{
    /// <summary>How long after it was made one counts that ended or was refused: more of the same minute may come late.</summary>
    private const long MinutesKept = 60;

    private readonly Dictionary<(long User, long Minute), int> _standing = [];
    private readonly Dictionary<long, Dictionary<long, int>> _over = [];
    private long _latest;

    /// <summary>How many the user made in the minute of this one; 0 when it has no time.</summary>
    public int Of(LiveReservation it)
    {
        var (user, minute) = At(it);
        return _standing.GetValueOrDefault((user, minute)) + (_over.GetValueOrDefault(minute)?.GetValueOrDefault(user) ?? 0) + (below?.Of(it) ?? 0);
    }

    /// <summary>Counts one that stands.</summary>
    public void Add(LiveReservation it) => Count(it, 1);

    /// <summary>It is not counted as standing any more.</summary>
    public void Remove(LiveReservation it) => Count(it, -1);

    /// <summary>Counts one that ended or was refused.</summary>
    public void AddOver(LiveReservation it)
    {
        var (user, minute) = At(it);
        Advance(minute);
        if (minute <= 0 || minute < _latest - MinutesKept) return;
        if (!_over.TryGetValue(minute, out var users)) _over[minute] = users = [];
        users.Change(user, 1);
    }

    private void Count(LiveReservation it, int change)
    {
        if (At(it) is { Minute: > 0 } at) _standing.Change(at, change);
    }

    private void Advance(long minute)
    {
        if (minute <= _latest) return;
        _latest = minute;
        foreach (var old in _over.Keys.Where(it => it < _latest - MinutesKept).ToList()) _over.Remove(old);
    }

    private static (long User, long Minute) At(LiveReservation it) => (it.Content.User, it.Content.Created.ToUnixTimeSeconds() / 60);
}

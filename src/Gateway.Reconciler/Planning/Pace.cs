using System.Runtime.InteropServices;

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

    /// <summary>Counts one that stands, and gives how many its user made before it in its minute; 0 when it has no time.</summary>
    public int Add(LiveReservation it)
    {
        var at = At(it);
        if (at.Minute <= 0) return 0;
        ref var standing = ref CollectionsMarshal.GetValueRefOrAddDefault(_standing, at, out _);
        return standing++ + OverOf(at) + (below?.Of(at) ?? 0);
    }

    /// <summary>It is not counted as standing any more.</summary>
    public void Remove(LiveReservation it)
    {
        if (At(it) is { Minute: > 0 } at) _standing.Change(at, -1);
    }

    /// <summary>Counts one that ended or was refused.</summary>
    public void AddOver(LiveReservation it)
    {
        var (user, minute) = At(it);
        Advance(minute);
        if (minute <= 0 || minute < _latest - MinutesKept) return;
        if (!_over.TryGetValue(minute, out var users)) _over[minute] = users = [];
        users.Change(user, 1);
    }

    private int Of((long User, long Minute) at) => _standing.GetValueOrDefault(at) + OverOf(at) + (below?.Of(at) ?? 0);

    private int OverOf((long User, long Minute) at) => _over.Count == 0 ? 0 : _over.GetValueOrDefault(at.Minute)?.GetValueOrDefault(at.User) ?? 0;

    private void Advance(long minute)
    {
        if (minute <= _latest) return;
        _latest = minute;
        foreach (var old in _over.Keys.Where(it => it < _latest - MinutesKept).ToList()) _over.Remove(old);
    }

    private static (long User, long Minute) At(LiveReservation it) => (it.Content.User, it.Content.Created.ToUnixTimeSeconds() / 60);
}

using Gateway.Model;
using Gateway.Model.Reservations;

namespace Gateway.UnitTests.Reconciler.Machine;

/// <summary>Who had each name last, and when he still had it: for so long after that nobody else may have it, or a name below it.</summary>
/// <param name="rest">How long a name rests.</param>
internal sealed class RestWatch(TimeSpan rest)
{
    private readonly Dictionary<DomainName, (long User, DateTimeOffset At)> _last = [];
    private Dictionary<DomainName, NameRest> _copied = [];

    /// <summary>Times that a name went from one user to another, in its time.</summary>
    public int Moves { get; private set; }

    /// <summary>Looks at who is served now: what is wrong with it in one line, null for nothing.</summary>
    public string? Look(IReadOnlyList<(DomainName Name, long User)> served, DateTimeOffset now)
    {
        foreach (var (name, user) in served)
        {
            for (var at = name; !at.IsRoot; at = at.Parent)
                if (_last.TryGetValue(at, out var last) && last.User != user && now < last.At + rest) return $"{name} went to {user} at {now:O}, and {last.User} had {at} at {last.At:O}";
        }

        foreach (var (name, user) in served)
        {
            if (_last.TryGetValue(name, out var last) && last.User != user) Moves++;
            _last[name] = (user, now);
        }

        return null;
    }

    /// <summary>These rest in the copy that was made now.</summary>
    public void Copied(IReadOnlyDictionary<DomainName, NameRest> resting) => _copied = new(resting);

    /// <summary>Redis was emptied: what rests in the copy goes on resting, of everything else nobody knows any more.</summary>
    public void Lost()
    {
        foreach (var (name, last) in _last.ToList())
            if (_copied.GetValueOrDefault(name) is not { } kept || kept.User != last.User || kept.Until < last.At + rest) _last.Remove(name);
    }
}

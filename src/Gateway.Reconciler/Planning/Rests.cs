using Gateway.Model;
using Gateway.Model.Reservations;

namespace Gateway.Reconciler.Planning;

/// <summary>
/// Names that their users gave up. For a while a name rests: the user who had it gets it back at once, everybody else waits, so that
/// what clients and caches still know of it leads to nobody else. What is given up in this very plan rests already.
/// </summary>
internal sealed class Rests
{
    /// <summary>How long it is remembered who had a host outside all zones: so long nobody else gets it by an alias that was forgotten in the DNS.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(30);

    /// <summary>Entries that are only remembered, and rest no more; the oldest go first. About 10 MB in Redis.</summary>
    private const int MostRemembered = 50_000;

    private readonly Dictionary<DomainName, Begun> _begun = [];
    private readonly DesiredState _desired;
    private readonly ActualState _actual;
    private readonly Layout _before;

    public Rests(DesiredState desired, ActualState actual, Layout before)
    {
        (_desired, _actual, _before) = (desired, actual, before);
        foreach (var it in desired.Ending.Concat(FoundOver()).Order(LiveReservation.ById))
            if (it.Name is { } name && WasHis(it, name) && Begin(it, name) is { } rest) _begun.TryAdd(name, new Begun(rest, it.IsDelegation));
    }

    // What is served and neither lives nor ends: Redis or the copy was older, and nobody knows since when it is over. It has just been
    // served, so that its name rests, but for those whom the explorer tells to have got the name since.
    private IEnumerable<LiveReservation> FoundOver()
    {
        var known = _desired.Live.Concat(_desired.Ending).Select(it => it.Id).ToHashSet();
        var over = _actual.Applied.Values.Where(it => !known.Contains(it.Id)).ToList();
        if (over.Count == 0) return over;
        var given = new Given();
        foreach (var it in _desired.Live)
            if (_desired.Reported.Contains(it.Id) && !_desired.Recalled.Contains(it.Id)) given.Add(it);
        return over.Where(it => it.Name is { } name && !given.ToAnother(name, it.Content.User));
    }

    /// <summary>The rest of a name that another user than this one gave up; null when there is none.</summary>
    public NameRest? ForOthersThan(long user, DomainName name)
    {
        if (_begun.TryGetValue(name, out var begun)) return begun.Rest.User != user && begun.Rest.IsGoingOn(_desired.Now) ? begun.Rest : null;
        return Stored(name) is { } rest && rest.User != user && rest.IsGoingOn(_desired.Now) ? rest : null;
    }

    /// <summary>A name below this one that rests for another user; null when there is none.</summary>
    public DomainName? BelowOf(long user, DomainName name) =>
        _actual.Resting.Keys.Concat(_begun.Keys).Where(it => it.IsUnder(name) && ForOthersThan(user, it) is not null).Order().Cast<DomainName?>().FirstOrDefault();

    /// <summary>True when another user had the host within the last <see cref="Memory"/>.</summary>
    public bool WasOfAnother(long user, DomainName host)
    {
        var last = _begun.TryGetValue(host, out var begun) ? begun.Rest : Stored(host);
        return last is not null && last.User != user && _desired.Now < last.Until + Memory;
    }

    /// <summary>The rest that begins for a name or a zone, now that nobody holds it any more; null when none does.</summary>
    public Change.Rest? BeginningOf(DomainName name, bool isDelegation) =>
        _begun.TryGetValue(name, out var it) && it.IsDelegation == isDelegation ? new Change.Rest(name, it.Rest, _actual.Resting.GetValueOrDefault(name)?.Raw) : null;

    /// <summary>The end of a name's rest, because somebody has it again; null when it does not rest.</summary>
    public Change.EndRest? EndOf(DomainName name) => _actual.Resting.TryGetValue(name, out var stored) ? new Change.EndRest(name, stored.Raw) : null;

    /// <summary>Names whose rest is over and of which nothing has to be remembered.</summary>
    public IEnumerable<DomainName> Over(Zones zones)
    {
        var remembered = new List<(DomainName Name, DateTimeOffset Until)>();
        foreach (var (name, stored) in _actual.Resting.Where(it => !_begun.ContainsKey(it.Key)))
        {
            if (stored.Value is not { } rest || IsForgotten(rest, name, zones)) yield return name;
            else if (!rest.IsGoingOn(_desired.Now)) remembered.Add((name, rest.Until));
        }

        foreach (var (name, _) in remembered.OrderByDescending(it => it.Until).ThenBy(it => it.Name).Skip(MostRemembered)) yield return name;
    }

    private bool IsForgotten(NameRest rest, DomainName name, Zones zones) =>
        !rest.IsGoingOn(_desired.Now) && (zones.Governing(name) is { } zone && (zones.IsManaged(zone) || _desired.ForeignHosts is ForeignHosts.FirstCome) || _desired.Now >= rest.Until + Memory);

    private NameRest? Stored(DomainName name) => _actual.Resting.GetValueOrDefault(name)?.Value;

    // Names in a zone of one's own go with the zone, and rest with it.
    private NameRest? Begin(LiveReservation it, DomainName name)
    {
        var zone = _before.Zones.Governing(name);
        if (!it.IsDelegation && zone is { } own && _before.Zones.OwnerOf(own) == it.Content.UserText) return null;
        var isRemembered = zone is null && _desired.ForeignHosts is ForeignHosts.Proof;
        return _desired.Quarantine > TimeSpan.Zero || isRemembered ? new NameRest(it.Content.User, _desired.Now, _desired.Now + _desired.Quarantine) : null;
    }

    private bool WasHis(LiveReservation it, DomainName name) => it.Content switch
    {
        Reservation.DelegateDomain => _before.Delegations.TryGetValue(name, out var zone) && zone.Content.User == it.Content.User,
        Reservation.Subdomain => _before.Names.TryGetValue(name, out var user) && user == it.Content.User,
        _ => _before.Routes.TryGetValue(name, out var route) && route.Content.User == it.Content.User,
    };

    private readonly record struct Begun(NameRest Rest, bool IsDelegation);

    // Who has a name or one below it, and whose zone it lies in.
    private sealed class Given
    {
        private const long Several = -1;

        private readonly Dictionary<DomainName, long> _atOrBelow = [];
        private readonly Dictionary<DomainName, long> _zones = [];

        public void Add(LiveReservation it)
        {
            if (it.Name is not { } name) return;
            if (it.IsDelegation) Note(_zones, name, it.Content.User);
            for (var at = name; !at.IsRoot; at = at.Parent) Note(_atOrBelow, at, it.Content.User);
        }

        public bool ToAnother(DomainName name, long user)
        {
            if (IsOfAnother(_atOrBelow, name, user)) return true;
            for (var at = name; !at.IsRoot; at = at.Parent)
                if (IsOfAnother(_zones, at, user)) return true;
            return false;
        }

        private static void Note(Dictionary<DomainName, long> users, DomainName name, long user) =>
            users[name] = users.TryGetValue(name, out var other) && other != user ? Several : user;

        private static bool IsOfAnother(Dictionary<DomainName, long> users, DomainName name, long user) => users.TryGetValue(name, out var other) && other != user;
    }
}

using Gateway.Model.ExplorerApi;

namespace Gateway.Reconciler.Planning;

/// <summary>The most that one user may have on this gateway; 0 for no limit.</summary>
/// <param name="Subdomains">Reservations of sub-domains.</param>
/// <param name="Proxies">Reservations of hosts that lead to an address.</param>
/// <param name="Tunnels">Reservations of hosts that lead into a tunnel.</param>
/// <param name="Domains">Delegated domains.</param>
/// <param name="Names">Different names, of whatever kind.</param>
/// <param name="AMinute">Reservations made in one minute of the explorer's clock, of whatever kind and whatever became of them.</param>
internal sealed record QuotaLimits(int Subdomains, int Proxies, int Tunnels, int Domains, int Names, int AMinute)
{
    public static readonly QuotaLimits None = new(0, 0, 0, 0, 0, 0);

    /// <summary>The limit of a kind, and what people call many of them.</summary>
    public (int Most, string Things) Of(WorkloadType kind) => kind switch
    {
        WorkloadType.Subdomain => (Subdomains, "sub-domains"),
        WorkloadType.Proxy => (Proxies, "proxies"),
        WorkloadType.ReverseProxy => (Tunnels, "tunnels"),
        WorkloadType.DomainDelegate => (Domains, "domains"),
        _ => (0, ""),
    };
}

/// <summary>Counts while a plan is made, so that nobody gets more than he may. What was accepted before is never taken away by a limit.</summary>
internal sealed class Quotas
{
    private readonly QuotaLimits _limits;
    private readonly IReadOnlySet<string> _reported;
    private readonly Holdings _ahead;
    private readonly Pace _pace;

    public Quotas(DesiredState desired, ActualState actual)
    {
        _limits = desired.Quotas;
        _reported = desired.Reported;
        _pace = new Pace(desired.Pace);
        _ahead = new Holdings(desired.Holdings);
        foreach (var it in desired.Ending)
            if (actual.Applied.TryGetValue(it.Id, out var applied)) _ahead.Remove(applied);
    }

    /// <summary>
    /// Why a new reservation came too fast after others of its minute; null when it did not. It is counted, whatever becomes of it. One for
    /// which the explorer holds a good result stood here before.
    /// </summary>
    public Outcome.Rejected? TakeTurn(LiveReservation it)
    {
        if (_limits.AMinute == 0 || _pace.Add(it) < _limits.AMinute) return null;
        return _reported.Contains(it.Id) ? null : Refusal.TooFast(_limits.AMinute);
    }

    /// <summary>Why a new reservation would be too much; null when it would not.</summary>
    public Outcome.Rejected? Fault(LiveReservation it)
    {
        var user = it.Content.User;
        var (most, things) = _limits.Of(it.Category);
        if (most > 0 && _ahead.Of(user, it.Category) >= most) return Refusal.TooMany(most, things);
        var isNew = it.Name is { } name && !_ahead.Has(user, name);
        return isNew && _limits.Names > 0 && _ahead.NamesOf(user) >= _limits.Names ? Refusal.TooMany(_limits.Names, "names") : null;
    }

    /// <summary>Counts a new reservation that was accepted.</summary>
    public void Take(LiveReservation it) => _ahead.Add(it);
}

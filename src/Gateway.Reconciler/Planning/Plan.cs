using Gateway.Model;
using Gateway.Model.Reservations;

namespace Gateway.Reconciler.Planning;

/// <summary>
/// What has to be written so that Redis says what the users want, and what becomes of every reservation. Computing again after
/// the steps were applied gives no steps.
/// </summary>
internal sealed class Plan
{
    private static readonly Outcome Unanswered = new Outcome.Deferred("the explorer cannot be asked whether what stands in its way still stands");

    private Plan(IReadOnlyList<PlanStep> steps, IReadOnlyDictionary<string, Outcome> outcomes, IReadOnlySet<string> wantedSecrets, IReadOnlyDictionary<string, WantedProof> wantedProofs, IReadOnlyDictionary<DomainName, string> refusedDomains)
    {
        Steps = steps;
        Outcomes = outcomes;
        WantedSecrets = wantedSecrets;
        WantedProofs = wantedProofs;
        RefusedDomains = refusedDomains;
    }

    /// <summary>In the order in which they have to be written; each is atomic.</summary>
    public IReadOnlyList<PlanStep> Steps { get; }

    /// <summary>By id, of every live reservation that was considered.</summary>
    public IReadOnlyDictionary<string, Outcome> Outcomes { get; }

    /// <summary>Ids whose secret has to be decrypted before the plan can be complete.</summary>
    public IReadOnlySet<string> WantedSecrets { get; }

    /// <summary>Ids of reservations of hosts and domains that have to be proven before the plan can be complete, each with what has to be known.</summary>
    public IReadOnlyDictionary<string, WantedProof> WantedProofs { get; }

    /// <summary>Managed domains of the options that cannot be managed, because somebody else holds them, each with who does.</summary>
    public IReadOnlyDictionary<DomainName, string> RefusedDomains { get; }

    /// <summary>True when another reservation stands in the way of one of these: its deletion may be on its way.</summary>
    public bool HasConflict => Conflicts.Any();

    /// <summary>Ids of those in whose way another reservation stands.</summary>
    public IEnumerable<string> Conflicts => Outcomes.Where(it => it.Value is Outcome.Rejected { Conflict: true }).Select(it => it.Key);

    public IEnumerable<Change> Changes => Steps.SelectMany(step => step.Changes);

    /// <summary>
    /// Compares what is wanted with what stands. Pure: the same states give the same plan, in whatever order reservations are
    /// listed. Among new reservations delegations are decided before names, those that the DNS shows first, and lower ids before higher ones.
    /// </summary>
    public static Plan Compute(DesiredState desired, ActualState actual)
    {
        var before = Before(desired, actual);
        var zones = new Zones(desired.GatewayId);
        var refused = AddManaged(zones, desired, actual, before);
        AddStrays(zones, actual, before);
        var rests = new Rests(desired, actual, before);
        var claims = new Claims(desired, actual, before, zones, rests);
        var outcomes = Decide(desired, actual, claims);
        var after = Layout.Of(desired.Live.Where(it => outcomes[it.Id] is Outcome.Accepted), zones, desired.Frozen);
        // A reservation that stood, was lost from the cache, and is refused now: what it left is nobody's any more.
        var left = desired.Live.Where(it => outcomes[it.Id] is Outcome.Rejected && IsOwn(it, actual)).ToList();
        if (left.Count > 0) before = Before(desired, actual, left);
        var difference = new Difference(desired, actual, before, after, rests);
        return new Plan(difference.Steps(outcomes), outcomes, difference.WantedSecrets, claims.WantedProofs, refused);
    }

    /// <summary>What the reservations that were served so far amounted to. A deletion of one that the cache lost counts as well.</summary>
    private static Layout Before(DesiredState desired, ActualState actual, IReadOnlyList<LiveReservation>? left = null)
    {
        var served = new Dictionary<string, LiveReservation>(actual.Applied);
        foreach (var ending in desired.Ending.Where(it => IsOwn(it, actual)).Concat(left ?? [])) served.TryAdd(ending.Id, ending);
        var zones = new Zones(desired.GatewayId);
        foreach (var delegation in served.Values.Where(it => it.IsDelegation).Order(LiveReservation.ById)) zones.Add(delegation.Name!.Value, delegation.Content.UserText);
        foreach (var (zone, owner) in actual.ZoneOwners)
            if (owner.Value is { } text) zones.Add(zone, text);
        foreach (var managed in desired.ManagedDomains) zones.Add(managed, desired.GatewayId);
        return Layout.Of(served.Values, zones);
    }

    // Never accepted, or accepted and lost from the cache? What stands in Redis under the user's own id is his to give up.
    private static bool IsOwn(LiveReservation ending, ActualState actual)
    {
        if (actual.Applied.ContainsKey(ending.Id) || ending.Name is not { } name) return false;
        var user = ending.Content.UserText;
        return ending.Content switch
        {
            Reservation.DelegateDomain => actual.ZoneOwners.TryGetValue(name, out var zone) && zone.Value == user,
            Reservation.Subdomain => actual.NameOwners.TryGetValue(name, out var owner) && owner.Raw == user,
            _ => actual.Routes.TryGetValue(name, out var route) && route.Value?.User == user,
        };
    }

    private static Dictionary<DomainName, string> AddManaged(Zones zones, DesiredState desired, ActualState actual, Layout before)
    {
        var refused = new Dictionary<DomainName, string>();
        foreach (var domain in desired.ManagedDomains.Order())
        {
            var owner = before.Delegations.GetValueOrDefault(domain)?.Content.UserText ?? actual.ZoneOwners.GetValueOrDefault(domain)?.Value;
            if (owner is null || owner == desired.GatewayId) zones.Add(domain, desired.GatewayId);
            else refused[domain] = long.TryParse(owner, out var user) ? $"user {user}" : $"the gateway {owner}";
        }

        return refused;
    }

    // A zone that stands in Redis without a reservation: one whose cache entry was lost, or an old managed domain. It stays.
    private static void AddStrays(Zones zones, ActualState actual, Layout before)
    {
        foreach (var (zone, owner) in actual.ZoneOwners)
            if (owner.Value is { } text && !before.Delegations.ContainsKey(zone)) zones.Add(zone, text);
    }

    // Zones first, for names depend on them; what was accepted before what is new; earlier before later. Of two accepted ones that want the
    // same, the one that Redis holds came after the copy that the other was recalled from: it got the name because the other had ended.
    private static Dictionary<string, Outcome> Decide(DesiredState desired, ActualState actual, Claims claims)
    {
        var outcomes = new Dictionary<string, Outcome>();
        var open = new List<LiveReservation>();
        foreach (var it in desired.Live)
        {
            // Its end is decided and waits to be told: whatever changed meanwhile, the user will hear that it is gone.
            if (actual.Outbox.TryGetValue(it.Id, out var pending) && pending.Delete) outcomes[it.Id] = new Outcome.Rejected(pending.Message);
            else open.Add(it);
        }

        var phases = open.OrderByDescending(it => actual.Applied.ContainsKey(it.Id)).ThenBy(IsRecalled).ThenBy(it => it, LiveReservation.ById).ToLookup(it => (it.IsDelegation, WasAccepted(it)));
        claims.Expect(phases[(false, true)]);
        // Whose the DNS says a domain is comes before who was here first.
        var shown = phases[(true, false)].Where(claims.IsShown).ToList();
        if (shown.Count > 0) claims.ExpectZones(phases[(true, true)], shown);
        foreach (var it in shown) outcomes[it.Id] = Admit(it);
        foreach (var it in phases[(true, true)]) outcomes[it.Id] = Keep(it);
        foreach (var it in phases[(true, false)].Except(shown)) outcomes[it.Id] = Admit(it);
        foreach (var it in phases[(false, true)]) outcomes[it.Id] = Keep(it);
        foreach (var it in phases[(false, false)]) outcomes[it.Id] = Admit(it);
        return outcomes;

        Outcome Keep(LiveReservation it) => IsRecalled(it) ? claims.KeepRecalled(it) : claims.Keep(it);

        Outcome Admit(LiveReservation it) => claims.Admit(it) is var outcome && desired.IsUnanswered && outcome is Outcome.Rejected { Conflict: true } ? Unanswered : outcome;

        bool IsRecalled(LiveReservation it) => desired.Recalled.Contains(it.Id) && !actual.Applied.ContainsKey(it.Id);

        // An id that comes back with another wish is somebody else's: the explorer began to count again.
        bool WasAccepted(LiveReservation it) => actual.Applied.TryGetValue(it.Id, out var applied) ? applied.HasSameWish(it) : desired.Accepted.Contains(it.Id);
    }
}

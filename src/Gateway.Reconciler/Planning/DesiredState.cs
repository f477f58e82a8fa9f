using System.Collections.Frozen;
using Gateway.Model;
using Gateway.Model.Routes;

namespace Gateway.Reconciler.Planning;

/// <summary>What the users and the operator want, or the slice of it that concerns some names.</summary>
internal sealed record DesiredState
{
    /// <summary>The gateway's base58 identity, which owns the managed domains.</summary>
    public required string GatewayId { get; init; }

    /// <summary>Zones under which anybody may reserve a name.</summary>
    public IReadOnlyCollection<DomainName> ManagedDomains { get; init; } = [];

    /// <summary>Names by which the gateway itself is found: its name servers' and that of its tunnel port. Nobody gets one, or a name below one, in a managed domain.</summary>
    public IReadOnlySet<DomainName> OwnNames { get; init; } = FrozenSet<DomainName>.Empty;

    /// <summary>Every reservation that shall be served, in any order.</summary>
    public IReadOnlyCollection<LiveReservation> Live { get; init; } = [];

    /// <summary>Reservations that their users deleted, in any order.</summary>
    public IReadOnlyCollection<LiveReservation> Ending { get; init; } = [];

    /// <summary>Ids that were accepted before: nobody who comes later takes their names away.</summary>
    public IReadOnlySet<string> Accepted { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Ids that came back from a copy beside Redis and of which the explorer has not told since: they may have ended after it was made.</summary>
    public IReadOnlySet<string> Recalled { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Ids whose good result the explorer holds already.</summary>
    public IReadOnlySet<string> Reported { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Tunnel secrets by reservation id, as far as they were asked for.</summary>
    public IReadOnlyDictionary<string, SecretState> Secrets { get; init; } = FrozenDictionary<string, SecretState>.Empty;

    /// <summary>What may be dialled on a user's word.</summary>
    public DialRules Dialling { get; init; } = DialRules.PublicOnly;

    /// <summary>The addresses that lead back to this machine.</summary>
    public OwnAddresses OwnAddresses { get; init; } = OwnAddresses.LoopbackOnly;

    /// <summary>Labels that nobody may claim anywhere.</summary>
    public IReadOnlySet<string> ReservedLabels { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Hosts outside all zones whose proof is gone for too long, with what their users read.</summary>
    public IReadOnlyDictionary<(DomainName Host, long User), string> Lapsed { get; init; } = FrozenDictionary<(DomainName, long), string>.Empty;

    /// <summary>The most that one user may have.</summary>
    public QuotaLimits Quotas { get; init; } = QuotaLimits.None;

    /// <summary>What each user has already, as the cache in Redis says.</summary>
    public Holdings Holdings { get; init; } = new();

    /// <summary>How many reservations each user made in which minute, those of <see cref="Live"/> that are new not counted.</summary>
    public Pace Pace { get; init; } = new();

    /// <summary>Users whom the operator froze: they keep what they have, and nothing of it is served.</summary>
    public IReadOnlySet<long> Frozen { get; init; } = FrozenSet<long>.Empty;

    /// <summary>True when nobody could say whether what stands in the way of new reservations still stands: none of them is refused for it.</summary>
    public bool IsUnanswered { get; init; }

    /// <summary>When the plan is made.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>How long a name that was given up rests for others than its user; zero for not at all.</summary>
    public TimeSpan Quarantine { get; init; }

    /// <summary>Who may have a host that lies in no zone of the gateway.</summary>
    public ForeignHosts ForeignHosts { get; init; } = ForeignHosts.FirstCome;

    /// <summary>Proofs for such hosts by reservation id, as far as they were asked for.</summary>
    public IReadOnlyDictionary<string, HostProof> Proofs { get; init; } = FrozenDictionary<string, HostProof>.Empty;
}

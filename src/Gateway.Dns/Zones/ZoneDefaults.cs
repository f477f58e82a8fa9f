using Gateway.Model;

namespace Gateway.Dns.Zones;

/// <summary>What the zones do not say themselves. Another value makes other answers, so a zone is built anew for it.</summary>
internal sealed record ZoneDefaults
{
    /// <summary>Seconds; the TTL of records that carry none.</summary>
    public uint Ttl { get; init; } = 300;

    /// <summary>Seconds; the longest TTL that is served, whatever a record says.</summary>
    public uint MaximumTtl { get; init; } = 300;

    /// <summary>Seconds; how long a resolver may remember that a name does not exist, where the zone has no SOA of its own.</summary>
    public uint NegativeTtl { get; init; } = 10;

    /// <summary>The name servers of zones that have no NS records of their own; when there are none, <c>ns1</c> in the zone.</summary>
    public EquatableList<DomainName> NameServers { get; init; } = new([]);

    /// <summary>The mailbox in the SOA of zones that have none of their own; when there is none, <c>hostmaster</c> in the zone.</summary>
    public DomainName Hostmaster { get; init; }

    /// <summary>True when somebody may transfer zones, so that their changes are remembered.</summary>
    public bool IsTransferable { get; init; }

    /// <summary>The TTL that is served for a stored one.</summary>
    public uint Clamp(uint stored) => Math.Min(stored == 0 ? Ttl : stored, MaximumTtl);
}

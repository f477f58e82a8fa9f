using Gateway.Dns.Forwarding;
using Gateway.Dns.Transfer;
using Gateway.Dns.Zones;

namespace Gateway.Dns;

/// <summary>What the servers of all addresses share.</summary>
/// <param name="Responder">Answers.</param>
/// <param name="Zones">From these.</param>
/// <param name="Metrics">Counts.</param>
/// <param name="Time">The clock.</param>
internal sealed record Answering(Responder Responder, ZoneSet Zones, DnsMetrics Metrics, TimeProvider Time)
{
    /// <summary>Limits responses by UDP; null for not.</summary>
    public RateLimit? Limit { get; init; }

    /// <summary>Gives whole zones; null for to nobody.</summary>
    public Transfers? Transfers { get; init; }

    /// <summary>Asks others; null for never.</summary>
    public Forwarder? Forwarder { get; init; }

    /// <summary>Tells of every query; null for of none.</summary>
    public QueryLog? Log { get; init; }
}

using System.Diagnostics.Metrics;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;

namespace Gateway.Dns;

/// <summary>What the name server counts. Hot paths add to a <see cref="Tally"/> of their own; it is summed when somebody asks.</summary>
internal sealed class DnsMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Gateway.Dns";

    private readonly Meter _meter = new(MeterName);
    private readonly Lock _lock = new();
    private readonly List<Tally> _tallies = [];
    private readonly Counter<long> _faults;

    public DnsMetrics()
    {
        _meter.CreateObservableCounter("gateway_dns_queries_total", () => Sum(tally => tally.Queries), description: "Messages received, by transport");
        _meter.CreateObservableCounter("gateway_dns_responses_total", Responses, description: "Responses made, by transport and response code");
        _meter.CreateObservableCounter("gateway_dns_rate_limited_total", () => Sum(tally => tally.Dropped), description: "Responses not sent, for their client network gets too many");
        _meter.CreateObservableCounter("gateway_dns_slipped_total", () => Sum(tally => tally.Slipped), description: "Responses cut to a truncated one by rate limiting");
        _meter.CreateObservableCounter("gateway_dns_defects_total", () => Sum(tally => tally.Defects), description: "Queries that made the server fail: always 0");
        _meter.CreateObservableCounter("gateway_dns_lost_total", () => Sum(tally => tally.Lost), description: "Responses that the system refused to send");
        TcpTally = OpenTally("tcp");
        _faults = _meter.CreateCounter<long>("gateway_dns_record_faults_total", description: "Stored values or records that could not be served; the last good ones are");
    }

    /// <summary>What all TCP connections share.</summary>
    public Tally TcpTally { get; }

    /// <summary>A new tally, for one thread.</summary>
    public Tally OpenTally(string transport)
    {
        var tally = new Tally(transport);
        lock (_lock) _tallies.Add(tally);
        return tally;
    }

    /// <summary>Counts stored values that could not be read.</summary>
    public void CountFaults(int count) => _faults.Add(count);

    /// <summary>Counts the queries of each of the busiest zones, and of all others together.</summary>
    public void ObserveZones(ZoneSet zones)
    {
        var queries = new ZoneQueries(zones);
        _meter.CreateObservableCounter("gateway_dns_zone_queries_total", queries.Measure, description: "Queries answered from a zone: the busiest zones by name, all others together");
    }

    /// <summary>Makes a gauge.</summary>
    public void Observe(string name, string description, Func<long> value) => _meter.CreateObservableGauge(name, value, description: description);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private Measurement<long>[] Sum(Func<Tally, long> value)
    {
        lock (_lock) return [.. _tallies.GroupBy(tally => tally.Transport).Select(group => new Measurement<long>(group.Sum(value), Transport(group.Key)))];
    }

    private Measurement<long>[] Responses()
    {
        lock (_lock)
        {
            return [.. from tally in _tallies
                       from rcode in Enum.GetValues<Rcode>()
                       group tally.Of(rcode) by (tally.Transport, rcode) into sums
                       select new Measurement<long>(sums.Sum(), Transport(sums.Key.Transport), new("rcode", sums.Key.rcode.ToString()))];
        }
    }

    private static KeyValuePair<string, object?> Transport(string name) => new("transport", name);
}

/// <summary>Counts of one thread. Others may read them a little late.</summary>
internal sealed class Tally(string transport)
{
    private readonly long[] _responses = new long[32];
    private Zone? _zone;
    private long _zoneQueries;

    public string Transport { get; } = transport;

    public long Queries;
    public long Dropped;
    public long Slipped;
    public long Defects;
    public long Lost;

    /// <summary>Counts one query and what became of it.</summary>
    public void Count(int length, in Verdict verdict)
    {
        Queries++;
        if (!ReferenceEquals(verdict.Zone, _zone)) FlushZone(verdict.Zone);
        _zoneQueries++;
        if (length > 0) _responses[(int)verdict.Rcode & 31]++;
    }

    /// <summary>The same, for many threads at once.</summary>
    public void CountShared(int length, in Verdict verdict)
    {
        Interlocked.Increment(ref Queries);
        if (verdict.Zone is { } zone) Interlocked.Increment(ref zone.Queries);
        if (length > 0) Interlocked.Increment(ref _responses[(int)verdict.Rcode & 31]);
    }

    /// <summary>Adds what was counted for the zone asked last to the zone, which all threads share. At the end of a batch.</summary>
    public void FlushZone() => FlushZone(null);

    // Neighbours in a batch often ask for one zone: one atomic step for all of them.
    private void FlushZone(Zone? next)
    {
        if (_zone is { } zone) Interlocked.Add(ref zone.Queries, _zoneQueries);
        (_zone, _zoneQueries) = (next, 0);
    }

    /// <summary>Responses with this code.</summary>
    public long Of(Rcode rcode) => Volatile.Read(ref _responses[(int)rcode]);
}

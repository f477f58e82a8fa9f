using System.Diagnostics.Metrics;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model.Metrics;
using Gateway.Model.Records;

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
        _meter.CreateObservableCounter("gateway_dns_queries_total", Queries, description: "Messages received, by transport and type of query; what asks for a type that has no name here, or for none, is 'other'");
        _ = new ObservedHistogram("gateway_dns_answer_seconds", _meter, Latencies, "Time from a query's arrival here until its answer was handed back to the system, by transport; the queries of one batch share it");
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

    /// <summary>Makes a counter of something that is counted elsewhere.</summary>
    public void ObserveCounter(string name, string description, Func<long> value) => _meter.CreateObservableCounter(name, value, description: description);

    /// <summary>Makes a gauge.</summary>
    public void Observe(string name, string description, Func<long> value) => _meter.CreateObservableGauge(name, value, description: description);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private Measurement<long>[] Sum(Func<Tally, long> value)
    {
        lock (_lock) return [.. _tallies.GroupBy(tally => tally.Transport).Select(group => new Measurement<long>(group.Sum(value), Transport(group.Key)))];
    }

    // Only what was asked: most types never are.
    private Measurement<long>[] Queries()
    {
        lock (_lock)
        {
            return [.. from tally in _tallies
                       from type in Tally.Types
                       group tally.Of(type) by (tally.Transport, type) into sums
                       where sums.Key.type == Tally.Other || sums.Sum() > 0
                       select new Measurement<long>(sums.Sum(), Transport(sums.Key.Transport), new("type", Name(sums.Key.type)))];
        }
    }

    private HistogramSeries[] Latencies()
    {
        lock (_lock) return [.. _tallies.GroupBy(tally => tally.Transport).Select(group => LatencyCounts.Sum(Transport(group.Key), group.Select(tally => tally.Latency)))];
    }

    private static string Name(RecordType type) => type == Tally.Other ? "other" : type.ToString().ToUpperInvariant();

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

using System.Text.Json.Nodes;
using Gateway.Model;
using Gateway.Router;
using Gateway.Server.Metrics;

namespace Gateway.Server.Operating;

/// <summary>Queries, visits and bytes per second: now, and over the last hour, of the whole node and host by host.</summary>
/// <param name="metrics">The node's.</param>
/// <param name="hosts">The router's count; null where this process runs no router.</param>
/// <param name="time">The clock.</param>
internal sealed class TrafficHistory(MetricsText metrics, Func<HostTraffic?> hosts, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /* A point of the hour's line: ten seconds. */
    private const int SamplesPerPoint = 5;

    /* An hour. */
    private const int MostPoints = 360;

    private static readonly (string Name, string[] Families)[] Series =
    [
        ("queries", ["gateway_dns_queries_total"]),
        ("visits", ["gateway_router_connections_total", "gateway_router_http_requests_total"]),
    ];

    private readonly Lock _lock = new();
    private readonly Queue<double[]> _points = new();
    private readonly Dictionary<DomainName, HostHistory> _hosts = [];
    private readonly long _began = time.GetTimestamp();
    private double[] _now = new double[Series.Length + 1];
    private double[]? _totals;
    private double[]? _pointTotals;
    private long _taken;
    private long _pointTaken;

    /// <summary>Grows with every sample.</summary>
    public int Samples { get; private set; }

    /// <summary>Takes samples until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Every, time);
        Sample();
        while (await timer.WaitForNextTickAsync(stop)) Sample();
    }

    /// <summary>For each series the rate now, and those of the last hour, oldest first, one every ten seconds.</summary>
    public JsonObject Describe()
    {
        lock (_lock)
        {
            var page = new JsonObject();
            foreach (var (name, i) in Names.Select((name, i) => (name, i)))
                page[name] = new JsonObject { ["now"] = Math.Round(_now[i], 1), ["hour"] = new JsonArray([.. _points.Select(rate => (JsonNode)Math.Round(rate[i], 1))]) };
            return page;
        }
    }

    /// <summary>The hosts that moved most in the last hour: bytes per second now, bytes and visits of the hour, and bytes of each minute.</summary>
    public JsonArray DescribeHosts(ListQuery query)
    {
        lock (_lock)
        {
            var most = _hosts.Where(it => query.Fits(it.Key.ToString())).OrderByDescending(it => it.Value.Rate).ThenByDescending(it => it.Value.Bytes).ThenBy(it => it.Key);
            return [.. most.Take(query.Limit).Select(it => (JsonNode)Describe(it.Key, it.Value))];
        }
    }

    private static IEnumerable<string> Names => Series.Select(series => series.Name).Append("bytes");

    private static JsonObject Describe(DomainName host, HostHistory history) => new()
    {
        ["host"] = host.ToString(),
        ["now"] = Math.Round(history.Rate),
        ["present"] = history.Present,
        ["bytes"] = history.Bytes,
        ["visits"] = history.Visits,
        ["minutes"] = new JsonArray([.. history.Series.Select(bytes => (JsonNode)bytes)]),
    };

    private void Sample()
    {
        var now = time.GetTimestamp();
        var families = metrics.Totals(Series.Select(series => series.Families));
        lock (_lock)
        {
            var seconds = Math.Max(time.GetElapsedTime(_taken, now).TotalSeconds, 0.001);
            SampleHosts((long)time.GetElapsedTime(_began, now).TotalMinutes, seconds);
            double[] totals = [.. families, hosts()?.Bytes ?? 0];
            if (_totals is not null) _now = Rates(totals, _totals, seconds);
            (_totals, _taken) = (totals, now);
            if (Samples++ % SamplesPerPoint == 0) AddPoint(totals, now);
        }
    }

    private void AddPoint(double[] totals, long now)
    {
        if (_pointTotals is not null)
        {
            if (_points.Count == MostPoints) _points.Dequeue();
            _points.Enqueue(Rates(totals, _pointTotals, time.GetElapsedTime(_pointTaken, now).TotalSeconds));
        }

        (_pointTotals, _pointTaken) = (totals, now);
    }

    private static double[] Rates(double[] totals, double[] before, double seconds) => [.. totals.Select((total, i) => Math.Max(0, total - before[i]) / seconds)];

    private void SampleHosts(long minute, double seconds)
    {
        if (hosts() is not { } traffic) return;
        foreach (var (host, count) in traffic.Hosts)
        {
            if (!_hosts.TryGetValue(host, out var history)) _hosts[host] = history = new HostHistory();
            history.Take(minute, count.Bytes, count.Visits, count.Present, seconds);
            if (history is not { Present: 0, Rate: 0, Visits: 0, Bytes: 0 }) continue;
            // Silent for an hour: room for another.
            _hosts.Remove(host);
            traffic.Forget(host);
        }
    }
}

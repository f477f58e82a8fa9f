using System.Text.Json.Nodes;
using Gateway.Server.Metrics;

namespace Gateway.Server.Operating;

/// <summary>Queries, requests and bytes per second: now, and over the last hour.</summary>
internal sealed class TrafficHistory(MetricsText metrics, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    /* An hour. */
    private const int Most = 360;

    private static readonly (string Name, string[] Families)[] Series =
    [
        ("queries", ["gateway_dns_queries_total"]),
        ("visits", ["gateway_router_connections_total", "gateway_router_http_requests_total"]),
        ("bytes", ["gateway_router_relayed_bytes_total"]),
    ];

    private readonly Lock _lock = new();
    private readonly Queue<double[]> _rates = new();
    private double[]? _totals;
    private long _taken;

    /// <summary>Takes samples until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Every, time);
        Sample();
        while (await timer.WaitForNextTickAsync(stop)) Sample();
    }

    /// <summary>For each series the rates per second of the last hour, oldest first, one every ten seconds.</summary>
    public JsonObject Describe()
    {
        lock (_lock)
        {
            var page = new JsonObject { ["seconds"] = (int)Every.TotalSeconds };
            for (var i = 0; i < Series.Length; i++) page[Series[i].Name] = new JsonArray([.. _rates.Select(rate => (JsonNode)Math.Round(rate[i], 2))]);
            return page;
        }
    }

    private void Sample()
    {
        var totals = Array.ConvertAll(Series, series => series.Families.Sum(metrics.Total));
        var now = time.GetTimestamp();
        lock (_lock)
        {
            if (_totals is not null)
            {
                var seconds = time.GetElapsedTime(_taken, now).TotalSeconds;
                if (_rates.Count == Most) _rates.Dequeue();
                _rates.Enqueue([.. totals.Select((total, i) => Math.Max(0, total - _totals[i]) / seconds)]);
            }

            (_totals, _taken) = (totals, now);
        }
    }
}

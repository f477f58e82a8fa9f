using System.Diagnostics.Metrics;

namespace Gateway.Explorer;

/// <summary>The explorer's counters. Their labels take few values: the route is a template, never a path that somebody made up.</summary>
internal static class ExplorerMetrics
{
    private static readonly Meter Meter = new("Gateway.Explorer");

    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("gateway_explorer_requests_total", description: "Requests by method, route and status.");

    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("gateway_explorer_request_seconds", "s", "Time from a request's head to its answer.");

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("gateway_explorer_refused_total", description: "Requests refused before anything was done for them, by reason.");

    private static readonly Counter<long> Away = Meter.CreateCounter<long>("gateway_explorer_redis_failures_total", description: "Requests answered with 503 because Redis was away.");

    private static readonly Counter<long> Losses = Meter.CreateCounter<long>("gateway_explorer_store_losses_total", description: "Times Redis was found to have lost what the explorer had stored.");

    /// <summary>A request was answered after so many seconds.</summary>
    public static void Answered(string method, string route, int status, double seconds)
    {
        Requests.Add(1, new("method", method), new("route", route), new("status", status));
        Seconds.Record(seconds, new KeyValuePair<string, object?>("route", route));
    }

    /// <summary>A request was refused before anything was done for it.</summary>
    public static void RefusedEarly(string reason) => Refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Redis was emptied, replaced, or shows an older state.</summary>
    public static void StoreLost() => Losses.Add(1);

    /// <summary>Redis was away.</summary>
    public static void RedisAway() => Away.Add(1);
}

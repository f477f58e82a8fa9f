using System.Diagnostics.Metrics;

namespace Gateway.Store;

/// <summary>What this room counts; the meter is named <c>Gateway.Store</c>.</summary>
internal static class StoreMetrics
{
    private static readonly Meter Meter = new("Gateway.Store");

    private static readonly UpDownCounter<int> Connections =
        Meter.CreateUpDownCounter<int>("gateway_store_connections", description: "Connections to Redis that stand.");

    private static readonly Counter<long> Losses =
        Meter.CreateCounter<long>("gateway_store_connections_lost_total", description: "Connections to Redis that broke, or on which it fell silent.");

    private static readonly Counter<long> EventsOff =
        Meter.CreateCounter<long>("gateway_store_events_lapses_total", description: "Times the keyspace events of Redis were found switched off.");

    private static readonly Counter<long> Entries =
        Meter.CreateCounter<long>("gateway_store_ledger_entries_total", description: "Entries of the change ledger that were read.");

    private static readonly Counter<long> GapsFound =
        Meter.CreateCounter<long>("gateway_store_ledger_gaps_total", description: "Places where entries were missing, each followed by a comparison.");

    private static readonly Counter<long> Foreign =
        Meter.CreateCounter<long>("gateway_store_foreign_keys_total", description: "Keys that somebody else wrote, each read again.");

    private static readonly Counter<long> Changes =
        Meter.CreateCounter<long>("gateway_store_changes_applied_total", description: "Changed places that a reader has looked at.");

    private static readonly Counter<long> Comparisons =
        Meter.CreateCounter<long>("gateway_store_comparisons_total", description: "Full comparisons that a reader has finished.");

    private static readonly Counter<long> Failures =
        Meter.CreateCounter<long>("gateway_store_reader_failures_total", description: "Calls of a reader that failed, each followed by a comparison.");

    private static readonly Counter<long> Restarts =
        Meter.CreateCounter<long>("gateway_store_private_redis_restarts_total", description: "Times the private redis-server was started again.");

    private static readonly UpDownCounter<int> Held =
        Meter.CreateUpDownCounter<int>("gateway_store_held_entries", description: "Entries that are served although they vanished from Redis all at once.");

    private static readonly Histogram<double> Pings =
        Meter.CreateHistogram<double>("gateway_store_ping_seconds", "s", "Time that Redis took to answer the ping of each second, by connection.");

    internal static void Answered(string connection, TimeSpan took) => Pings.Record(took.TotalSeconds, new KeyValuePair<string, object?>("connection", connection));

    internal static void ConnectionOpened() => Connections.Add(1);

    internal static void ConnectionLost(bool isOurEnd)
    {
        Connections.Add(-1);
        if (!isOurEnd) Losses.Add(1);
    }

    internal static void EventsWereOff() => EventsOff.Add(1);

    internal static void EntriesRead(int count) => Entries.Add(count);

    internal static void GapFound() => GapsFound.Add(1);

    internal static void ForeignKeys(int count) => Foreign.Add(count);

    internal static void Applied(string reader, int count) => Changes.Add(count, Reader(reader));

    internal static void Compared(string reader) => Comparisons.Add(1, Reader(reader));

    internal static void Failed(string reader) => Failures.Add(1, Reader(reader));

    internal static void ChildRestarted() => Restarts.Add(1);

    internal static void Holding(string reader, int more)
    {
        if (more != 0) Held.Add(more, Reader(reader));
    }

    private static KeyValuePair<string, object?> Reader(string name) => new("reader", name);
}

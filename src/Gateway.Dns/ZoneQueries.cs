using System.Diagnostics.Metrics;
using Gateway.Dns.Zones;

namespace Gateway.Dns;

/// <summary>
/// Queries by zone, with a bound on labels: a hundred thousand zones must not become a hundred thousand series. The sum of the others
/// only grows, whichever zones join or leave the busiest.
/// </summary>
internal sealed class ZoneQueries(ZoneSet zones)
{
    /// <summary>Zones with a figure of their own.</summary>
    public const int Most = 100;

    /// <summary>The label of all other zones; no zone has that name, for it has no dot at its end.</summary>
    public const string Others = "other";

    private readonly Lock _lock = new();
    private long _others;

    /// <summary>The figures now.</summary>
    public IEnumerable<Measurement<long>> Measure()
    {
        lock (_lock)
        {
            var busiest = Busiest();
            var figures = busiest.Select(zone => Figure(Volatile.Read(ref zone.Queries), zone.Name.ToAbsoluteString())).ToList();
            foreach (var zone in zones.Zones)
                Count(zone, withOthers: !busiest.Contains(zone));
            figures.Add(Figure(_others, Others));
            return figures;
        }
    }

    private HashSet<Zone> Busiest()
    {
        var busiest = new PriorityQueue<Zone, long>();
        foreach (var zone in zones.Zones)
        {
            var queries = Volatile.Read(ref zone.Queries);
            if (queries == 0) continue;
            if (busiest.Count < Most) busiest.Enqueue(zone, queries);
            else busiest.EnqueueDequeue(zone, queries);
        }

        return [.. busiest.UnorderedItems.Select(item => item.Element)];
    }

    // What a zone got while it had a figure of its own is never added to the others: their rate must not jump when it leaves.
    private void Count(Zone zone, bool withOthers)
    {
        var queries = Volatile.Read(ref zone.Queries);
        if (withOthers) _others += queries - zone.QueriesSeen;
        zone.QueriesSeen = queries;
    }

    private static Measurement<long> Figure(long queries, string zone) => new(queries, new KeyValuePair<string, object?>("zone", zone));
}

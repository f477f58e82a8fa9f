using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model.Records;

namespace Gateway.Dns;

/// <summary>Counts of one thread. Others may read them a little late.</summary>
internal sealed class Tally(string transport)
{
    /// <summary>Where queries are counted that ask for a type without a name here, or for none.</summary>
    public const RecordType Other = 0;

    /// <summary>The types that are counted apart.</summary>
    public static readonly IReadOnlyList<RecordType> Types = [Other, .. Enum.GetValues<RecordType>()];

    // Where each number up to the highest that has a name is counted.
    private static readonly byte[] Places = [.. Enumerable.Range(0, (int)Types.Max() + 1).Select(number => (byte)Math.Max(0, Types.ToList().IndexOf((RecordType)number)))];

    private readonly long[] _responses = new long[32];
    private readonly long[] _types = new long[Types.Count];
    private Zone? _zone;
    private long _zoneQueries;

    public string Transport { get; } = transport;

    public LatencyCounts Latency { get; } = new();

    public long Queries;
    public long Dropped;
    public long Slipped;
    public long Defects;
    public long Lost;

    /// <summary>Counts one query and what became of it.</summary>
    public void Count(int length, in Verdict verdict)
    {
        Queries++;
        _types[PlaceOf(verdict.Type)]++;
        if (!ReferenceEquals(verdict.Zone, _zone)) FlushZone(verdict.Zone);
        _zoneQueries++;
        if (length > 0) _responses[(int)verdict.Rcode & 31]++;
    }

    /// <summary>The same, for many threads at once.</summary>
    public void CountShared(int length, in Verdict verdict)
    {
        Interlocked.Increment(ref Queries);
        Interlocked.Increment(ref _types[PlaceOf(verdict.Type)]);
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

    /// <summary>Queries for this type; those for a type without a name are with <see cref="Other"/>.</summary>
    public long Of(RecordType type) => Volatile.Read(ref _types[PlaceOf(type)]);

    private static int PlaceOf(RecordType type) => (int)type < Places.Length ? Places[(int)type] : 0;
}

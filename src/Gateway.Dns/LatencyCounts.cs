using Gateway.Model.Metrics;

namespace Gateway.Dns;

/// <summary>How long answers took, counted in buckets: one look at the clock serves a whole batch, and nothing is allocated.</summary>
internal sealed class LatencyCounts
{
    /// <summary>The upper bounds in seconds, from what a batch of one takes to what no client waits for.</summary>
    public static readonly IReadOnlyList<double> Bounds = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];

    private static readonly long[] Limits = [.. Bounds.Select(bound => (long)Math.Round(bound * TimeSpan.TicksPerSecond))];

    private readonly long[] _counts = new long[Limits.Length + 1];
    private long _sum;

    /// <summary>So many answers took so long. For one thread.</summary>
    public void Add(TimeSpan took, int answers)
    {
        _counts[BucketOf(took.Ticks)] += answers;
        _sum += took.Ticks * answers;
    }

    /// <summary>One answer took so long. For many threads at once.</summary>
    public void AddShared(TimeSpan took)
    {
        Interlocked.Increment(ref _counts[BucketOf(took.Ticks)]);
        Interlocked.Add(ref _sum, took.Ticks);
    }

    /// <summary>All of them as one series.</summary>
    public static HistogramSeries Sum(KeyValuePair<string, object?> label, IEnumerable<LatencyCounts> parts)
    {
        var counts = new long[Limits.Length + 1];
        var ticks = 0L;
        foreach (var part in parts)
        {
            for (var i = 0; i < counts.Length; i++) counts[i] += Volatile.Read(ref part._counts[i]);
            ticks += Volatile.Read(ref part._sum);
        }

        return new HistogramSeries(label, Bounds, counts, (double)ticks / TimeSpan.TicksPerSecond);
    }

    // Most answers are quick, so the search ends soon.
    private static int BucketOf(long ticks)
    {
        var at = 0;
        while (at < Limits.Length && ticks > Limits[at]) at++;
        return at;
    }
}

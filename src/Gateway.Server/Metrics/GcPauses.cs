using System.Diagnostics.Metrics;

namespace Gateway.Server.Metrics;

/// <summary>
/// Measures how long each garbage collection holds every thread. It hears of one by an object that nobody holds, which the
/// collection finds dead: a finalizer of its own, which plants the next one. Of two collections in a row the first may be missed.
/// </summary>
internal sealed class GcPauses : IDisposable
{
    private static readonly GCKind[] Kinds = [GCKind.Ephemeral, GCKind.FullBlocking, GCKind.Background];

    // Seconds, close together where a visitor begins to notice.
    private static readonly double[] Bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

    private readonly long[] _seen = new long[Kinds.Length];
    private readonly Histogram<double> _pauses;
    private volatile bool _isOver;

    public GcPauses(Meter meter)
    {
        _pauses = meter.CreateHistogram(
            "dotnet_gc_pause_duration_seconds", description: "How long one garbage collection held every thread at once.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Bounds });
        for (var i = 0; i < Kinds.Length; i++) _seen[i] = GC.GetGCMemoryInfo(Kinds[i]).Index;
        Plant();
    }

    /// <inheritdoc/>
    public void Dispose() => _isOver = true;

    private void Plant() => _ = new Canary(this);

    private void OnCollected()
    {
        if (_isOver) return;
        for (var i = 0; i < Kinds.Length; i++)
        {
            var last = GC.GetGCMemoryInfo(Kinds[i]);
            if (last.Index == _seen[i]) continue;
            _seen[i] = last.Index;
            foreach (var pause in last.PauseDurations)
                if (pause > TimeSpan.Zero) _pauses.Record(pause.TotalSeconds);
        }

        Plant();
    }

    private sealed class Canary(GcPauses owner)
    {
        ~Canary() => owner.OnCollected();
    }
}

using System.Globalization;

namespace Gateway.ReservationBenchmark;

/// <summary>Measured times in milliseconds.</summary>
internal sealed class Times
{
    private readonly List<double> _all = [];

    public void Add(TimeSpan time) => _all.Add(time.TotalMilliseconds);

    /// <summary>The value below which so many per cent lie.</summary>
    public double Percentile(double percent)
    {
        _all.Sort();
        return _all[Math.Clamp((int)Math.Ceiling(_all.Count * percent / 100.0) - 1, 0, _all.Count - 1)];
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"p50 {Percentile(50):F1} ms, p99 {Percentile(99):F1} ms, longest {Percentile(100):F1} ms");
}

using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Gateway.Model.Metrics;

namespace Gateway.Server.Metrics;

/// <summary>One instrument with all its label sets.</summary>
internal sealed class Family(Instrument instrument)
{
    /* 500: a page that an operator can still read, and a bound on what strangers can make grow. */
    private const int MaxSeries = 500;
    private const string Overflow = "overflow=\"true\"";

    // For times. What is no time brings bounds of its own.
    private static readonly double[] Seconds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

    private readonly Dictionary<string, double> _values = [];
    private readonly Dictionary<string, Histogram> _histograms = [];

    public string Name => instrument.Name;

    /// <summary>Takes a measurement; a label set beyond the bound is counted under one label of its own.</summary>
    public void Record(double value, string labels)
    {
        lock (_values)
        {
            if (Kind == "histogram")
            {
                if (!_histograms.ContainsKey(labels) && _histograms.Count >= MaxSeries) labels = Overflow;
                if (!_histograms.TryGetValue(labels, out var histogram)) _histograms[labels] = histogram = new Histogram(Bounds);
                histogram.Record(value);
                return;
            }

            if (!_values.ContainsKey(labels) && _values.Count >= MaxSeries) labels = Overflow;
            // Observable instruments report their total; the others report steps.
            _values[labels] = instrument.IsObservable || Kind == "gauge" && !IsUpDown ? value : _values.GetValueOrDefault(labels) + value;
        }
    }

    /// <summary>The sum of all series.</summary>
    public double Total()
    {
        lock (_values) return _values.Values.Sum();
    }

    /// <summary>Appends HELP, TYPE and all series.</summary>
    public void Write(StringBuilder text)
    {
        lock (_values)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {Name} {instrument.Description ?? Name}\n# TYPE {Name} {Kind}\n");
            foreach (var (labels, value) in _values.OrderBy(series => series.Key, StringComparer.Ordinal)) WriteSample(text, Name, labels, value);
            foreach (var series in (instrument as ObservedHistogram)?.Read() ?? []) HistogramText.Write(text, Name, MetricsText.Labels([series.Label]), series.Bounds, series.Counts, series.Sum);
            foreach (var (labels, histogram) in _histograms.OrderBy(series => series.Key, StringComparer.Ordinal)) histogram.Write(text, Name, labels);
            // A label set that is not observed any more must vanish instead of standing still.
            if (instrument.IsObservable) _values.Clear();
        }
    }

    private bool IsUpDown => instrument.GetType().Name.Contains("UpDown", StringComparison.Ordinal);

    private IReadOnlyList<double> Bounds => (instrument as Instrument<double>)?.Advice?.HistogramBucketBoundaries ?? (instrument as Instrument<int>)?.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound).ToArray() ?? Seconds;

    private string Kind => instrument.GetType().Name switch
    {
        var name when name.Contains("Histogram", StringComparison.Ordinal) => "histogram",
        var name when name.Contains("UpDown", StringComparison.Ordinal) || name.Contains("Gauge", StringComparison.Ordinal) => "gauge",
        _ => "counter",
    };

    /// <summary>Appends one line.</summary>
    public static void WriteSample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private sealed class Histogram(IReadOnlyList<double> bounds)
    {
        private readonly long[] _counts = new long[bounds.Count + 1];
        private double _sum;

        public void Record(double value)
        {
            var at = 0;
            while (at < bounds.Count && value > bounds[at]) at++;
            _counts[at]++;
            _sum += value;
        }

        public void Write(StringBuilder text, string name, string labels) => HistogramText.Write(text, name, labels, bounds, _counts, _sum);
    }
}

using System.Diagnostics.Metrics;

namespace Gateway.Model.Metrics;

/// <summary>
/// A histogram that somebody else keeps: it is read when the page of metrics is written, so that a hot path only adds to numbers of its own
/// (the platform's histograms call a listener for every value).
/// </summary>
public sealed class ObservedHistogram : ObservableInstrument<double>
{
    private readonly Func<IEnumerable<HistogramSeries>> _read;

    /// <param name="name">The name of the family, unit included.</param>
    /// <param name="meter">The meter that it belongs to.</param>
    /// <param name="read">Gives every series as it stands.</param>
    /// <param name="description">One sentence for people.</param>
    public ObservedHistogram(string name, Meter meter, Func<IEnumerable<HistogramSeries>> read, string description)
        : base(meter, name, unit: null, description)
    {
        _read = read;
        Publish();
    }

    /// <summary>Every series as it stands now.</summary>
    public IEnumerable<HistogramSeries> Read() => _read();

    /// <inheritdoc/>
    protected override IEnumerable<Measurement<double>> Observe() => [];
}

/// <summary>One series of a histogram.</summary>
/// <param name="Label">What tells it from the others.</param>
/// <param name="Bounds">The upper bound of each bucket, ascending; the last bucket has none.</param>
/// <param name="Counts">How many values fell into each bucket alone: one more than there are bounds.</param>
/// <param name="Sum">The sum of all values.</param>
public sealed record HistogramSeries(KeyValuePair<string, object?> Label, IReadOnlyList<double> Bounds, IReadOnlyList<long> Counts, double Sum);

using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Gateway.Server.Metrics;

/// <summary>
/// Collects every instrument of the meters named "Gateway.*" and writes them in the Prometheus text format 0.0.4.
/// Instruments already carry Prometheus names, so nothing is renamed here.
/// </summary>
internal sealed class MetricsText : IDisposable
{
    private readonly Dictionary<Instrument, Family> _families = [];
    private readonly MeterListener _listener = new();

    // What is observed stays in a family until it is written: two readers at once would take it from each other.
    private readonly Lock _reading = new();

    public MetricsText()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!instrument.Meter.Name.StartsWith("Gateway.", StringComparison.Ordinal)) return;
            var family = new Family(instrument);
            lock (_families) _families[instrument] = family;
            listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.MeasurementsCompleted = (instrument, _) =>
        {
            lock (_families) _families.Remove(instrument);
        };
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => Record(family, value, tags));
        _listener.Start();
    }

    /// <summary>All families in the text format, sorted by name.</summary>
    public string Write()
    {
        lock (_reading)
        {
            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var family in Families().OrderBy(family => family.Name, StringComparer.Ordinal)) family.Write(text);
            return text.ToString();
        }
    }

    /// <summary>For each group of names the sum over all label sets of these families; 0 when there are none.</summary>
    public double[] Totals(IEnumerable<string[]> groups)
    {
        lock (_reading)
        {
            _listener.RecordObservableInstruments();
            var families = Families();
            return [.. groups.Select(names => families.Where(family => names.Contains(family.Name)).Sum(family => family.Total()))];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private Family[] Families()
    {
        lock (_families) return [.. _families.Values];
    }

    // An instrument whose meter is disposed at this very moment is observed once more, and nothing is known of it any longer.
    private static void Record(object? family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => (family as Family)?.Record(value, Labels(tags));

    /// <summary>Labels as they stand between braces.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0) return "";
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            if (text.Length > 0) text.Append(',');
            text.Append(name).Append("=\"").Append(Escape(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")).Append('"');
        }

        return text.ToString();
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}

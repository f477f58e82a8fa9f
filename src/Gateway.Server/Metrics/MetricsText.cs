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

    public MetricsText()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!instrument.Meter.Name.StartsWith("Gateway.", StringComparison.Ordinal)) return;
            lock (_families) _families[instrument] = new Family(instrument);
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.MeasurementsCompleted = (instrument, _) =>
        {
            lock (_families) _families.Remove(instrument);
        };
        _listener.SetMeasurementEventCallback<byte>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>All families in the text format, sorted by name.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        Family[] families;
        lock (_families) families = [.. _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal)];
        var text = new StringBuilder();
        foreach (var family in families) family.Write(text);
        return text.ToString();
    }

    /// <summary>The sum over all label sets of the family of this name; 0 when there is none.</summary>
    public double Total(string name)
    {
        _listener.RecordObservableInstruments();
        Family[] families;
        lock (_families) families = [.. _families.Values.Where(family => family.Name == name)];
        return families.Sum(family => family.Total());
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Family? family;
        lock (_families) _families.TryGetValue(instrument, out family);
        family?.Record(value, Labels(tags));
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
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

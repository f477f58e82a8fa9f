using System.Diagnostics.Metrics;
using Gateway.Server.Admin;

namespace Gateway.Server.Metrics;

/// <summary>How the node's parts stand, as far as alerts need it.</summary>
internal sealed class PartMetrics : IDisposable
{
    private readonly Meter _meter = new("Gateway.Parts");

    /// <param name="conditions">How the parts stand.</param>
    /// <param name="parts">The parts.</param>
    /// <param name="isRedisConnected">True while Redis answers.</param>
    public PartMetrics(Func<IReadOnlyList<Condition>> conditions, NodeParts parts, Func<bool> isRedisConnected)
    {
        _meter.CreateObservableGauge("gateway_part_serving", () => Each(conditions(), condition => condition.Serving), description: "1 while a part serves what it should, by part.");
        _meter.CreateObservableGauge("gateway_part_degraded", () => Each(conditions(), condition => condition.Degraded), description: "1 while a part works on what was known last or needs attention, by part.");
        _meter.CreateObservableGauge("gateway_snapshot_age_seconds", () => parts.SnapshotAges().Select(it => new Measurement<double>(it.Age.TotalSeconds, Label("snapshot", it.Name))), description: "How long what is served may have fallen behind Redis: 0 while changes are followed, else the time since they were.");
        _meter.CreateObservableGauge("gateway_certificate_not_after_timestamp_seconds", () => parts.CertificateEnds().Select(it => new Measurement<double>(it.End.ToUnixTimeSeconds(), Label("certificate", it.Name))), description: "When a certificate that the node shows ends, in seconds since 1970.");
        _meter.CreateObservableGauge("gateway_store_up", () => isRedisConnected() ? 1 : 0, description: "1 while Redis answers.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<int>> Each(IReadOnlyList<Condition> conditions, Func<Condition, bool> holds) =>
        conditions.Select(condition => new Measurement<int>(holds(condition) ? 1 : 0, Label("part", condition.Name)));

    private static KeyValuePair<string, object?> Label(string name, object value) => new(name, value);
}

using System.Diagnostics.Metrics;

namespace Gateway.Reconciler;

/// <summary>What the reconciler counts. The names are Prometheus' own style, because the exporter passes them on.</summary>
internal sealed class ReconcilerMetrics : IDisposable
{
    private readonly Meter _meter = new("Gateway.Reconciler");

    public ReconcilerMetrics(Func<ReconcilerStatus> status)
    {
        Polls = _meter.CreateCounter<long>("gateway_reconciler_polls_total", description: "Answers and failures of polls, by outcome");
        Changes = _meter.CreateCounter<long>("gateway_reconciler_changes_total", description: "Changes written to Redis, by kind");
        Repairs = _meter.CreateCounter<long>("gateway_reconciler_repairs_total", description: "Changes that repaired damage found by a full comparison");
        Refusals = _meter.CreateCounter<long>("gateway_reconciler_refusals_total", description: "Reservations that were refused");
        Reports = _meter.CreateCounter<long>("gateway_reconciler_reports_total", description: "Reports to the explorer, by outcome");
        _meter.CreateObservableGauge("gateway_reconciler_reservations", () => status().Served, description: "Reservations that are served");
        _meter.CreateObservableGauge("gateway_reconciler_outbox", () => status().Waiting, description: "Reports that the explorer has not accepted yet");
        _meter.CreateObservableGauge("gateway_reconciler_deferred", () => status().Deferred, description: "Reservations that cannot be decided yet");
        _meter.CreateObservableGauge("gateway_reconciler_explorer_up", () => status().ExplorerFault is null ? 1 : 0, description: "1 while the explorer answers");
    }

    public Counter<long> Polls { get; }

    public Counter<long> Changes { get; }

    public Counter<long> Repairs { get; }

    public Counter<long> Refusals { get; }

    public Counter<long> Reports { get; }

    public void Dispose() => _meter.Dispose();
}

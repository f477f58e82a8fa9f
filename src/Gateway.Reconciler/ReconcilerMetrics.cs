using System.Diagnostics.Metrics;

namespace Gateway.Reconciler;

/// <summary>What the reconciler counts. The names are Prometheus' own style, because the exporter passes them on.</summary>
internal sealed class ReconcilerMetrics : IDisposable
{
    private static readonly InstrumentAdvice<int> PlanSizes = new() { HistogramBucketBoundaries = [0, 1, 2, 5, 10, 50, 100, 500, 1_000, 10_000] };

    private readonly Meter _meter = new("Gateway.Reconciler");
    private readonly TimeProvider _time;
    private double _lastSuccess;

    public ReconcilerMetrics(Func<ReconcilerStatus> status, TimeProvider time)
    {
        _time = time;
        PlanSize = _meter.CreateHistogram("gateway_reconciler_plan_changes", null, "Changes in each plan that was written", null, PlanSizes);
        Lag = _meter.CreateHistogram<double>("gateway_reconciler_lag_seconds", "s", "Time from the explorer's ring for a new or ended reservation until the round that followed it was through");
        Errors = _meter.CreateCounter<long>("gateway_reconciler_errors_total", description: "Rounds that failed, by what did: store (Redis) or explorer");
        _meter.CreateObservableGauge("gateway_reconciler_last_success_timestamp_seconds", LastSuccess, description: "When a round last went through, in seconds since 1970");
        _meter.CreateObservableGauge("gateway_reconciler_last_resync_timestamp_seconds", () => LastResync(status()), description: "When a full comparison was last finished, in seconds since 1970; absent before the first one");
        Polls = _meter.CreateCounter<long>("gateway_reconciler_polls_total", description: "Answers and failures of polls, by outcome");
        Changes = _meter.CreateCounter<long>("gateway_reconciler_changes_total", description: "Changes written to Redis, by kind");
        Repairs = _meter.CreateCounter<long>("gateway_reconciler_repairs_total", description: "Changes that repaired damage found by a full comparison");
        Losses = _meter.CreateCounter<long>("gateway_reconciler_store_losses_total", description: "Times Redis was found to have lost what was written to it");
        Refusals = _meter.CreateCounter<long>("gateway_reconciler_refusals_total", description: "Reservations that were refused");
        Resyncs = _meter.CreateCounter<long>("gateway_reconciler_resyncs_total", description: "Full comparisons with the explorer and Redis that were finished: the explorer told of every reservation");
        Reports = _meter.CreateCounter<long>("gateway_reconciler_reports_total", description: "Reports to the explorer, by outcome");
        _meter.CreateObservableGauge("gateway_reconciler_reservations", () => status().Served, description: "Reservations that are served");
        _meter.CreateObservableGauge("gateway_reconciler_outbox", () => status().Waiting, description: "Reports that the explorer has not accepted yet");
        _meter.CreateObservableGauge("gateway_reconciler_deferred", () => status().Deferred, description: "Reservations that cannot be decided yet");
        _meter.CreateObservableGauge("gateway_reconciler_unreadable", () => status().Unreadable, description: "Reservations in Redis that could not be read at the last comparison, or do not bear this gateway's seal: they are not believed");
        _meter.CreateObservableGauge("gateway_reconciler_unconfirmed", () => status().Unconfirmed, description: "Reservations that the explorer did not list at the last comparison, and has not answered for one by one yet");
        _meter.CreateObservableGauge("gateway_reconciler_explorer_up", () => status().ExplorerFault is null ? 1 : 0, description: "1 while the explorer answers");
    }

    public Counter<long> Polls { get; }

    public Counter<long> Changes { get; }

    public Counter<long> Repairs { get; }

    public Counter<long> Losses { get; }

    public Counter<long> Refusals { get; }

    public Counter<long> Resyncs { get; }

    public Counter<long> Reports { get; }

    public Histogram<int> PlanSize { get; }

    public Histogram<double> Lag { get; }

    public Counter<long> Errors { get; }

    /// <summary>A round went through.</summary>
    public void Succeeded() => Volatile.Write(ref _lastSuccess, _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);

    /// <summary>A round failed.</summary>
    public void Failed(string what) => Errors.Add(1, new KeyValuePair<string, object?>("kind", what));

    private IEnumerable<Measurement<double>> LastSuccess() => Volatile.Read(ref _lastSuccess) is > 0 and var at ? [new Measurement<double>(at)] : [];

    private static IEnumerable<Measurement<double>> LastResync(ReconcilerStatus status) => status.ComparedAt is { } at ? [new Measurement<double>(at.ToUnixTimeMilliseconds() / 1000.0)] : [];

    public void Dispose() => _meter.Dispose();
}

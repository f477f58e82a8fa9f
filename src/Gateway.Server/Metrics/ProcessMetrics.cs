using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Gateway.Server.Metrics;

/// <summary>What is counted of the process as a whole, by the names that Prometheus' own clients use.</summary>
internal sealed class ProcessMetrics : IDisposable
{
    private readonly Meter _meter = new("Gateway.Process");
    private readonly GcPauses _pauses;

    public ProcessMetrics()
    {
        _meter.CreateObservableGauge("gateway_build_info", () => new Measurement<int>(1, Label("version", CommandLine.Version)), description: "1, with the version that runs.");
        _meter.CreateObservableCounter("process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, description: "CPU time that the process took, in user and kernel mode.");
        _meter.CreateObservableGauge("process_resident_memory_bytes", () => Environment.WorkingSet, description: "Memory that the process holds.");
        _meter.CreateObservableGauge("process_open_fds", Machine.OpenDescriptors, description: "Descriptors that are open.");
        _meter.CreateObservableGauge("process_max_fds", Machine.MostDescriptors, description: "Descriptors that may be open at most.");
        _meter.CreateObservableGauge("process_start_time_seconds", StartTime, description: "When the process began, in seconds since 1970.");
        _meter.CreateObservableCounter("dotnet_gc_collections_total", Collections, description: "Garbage collections, by generation.");
        _meter.CreateObservableCounter("dotnet_gc_pause_seconds_total", () => GC.GetTotalPauseDuration().TotalSeconds, description: "Time for which garbage collections held every thread.");
        _pauses = new GcPauses(_meter);
        _meter.CreateObservableGauge("dotnet_gc_heap_bytes", () => GC.GetTotalMemory(forceFullCollection: false), description: "Memory that objects take.");
        _meter.CreateObservableGauge("dotnet_thread_pool_queue_length", () => ThreadPool.PendingWorkItemCount, description: "Work that waits for a thread.");
        _meter.CreateObservableGauge("dotnet_timers", () => Timer.ActiveCount, description: "Timers that run: whatever waits with a deadline has one.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pauses.Dispose();
        _meter.Dispose();
    }

    private static IEnumerable<Measurement<int>> Collections() =>
        Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => new Measurement<int>(GC.CollectionCount(generation), Label("generation", generation)));

    private static double StartTime()
    {
        using var process = Process.GetCurrentProcess();
        return (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
    }

    private static KeyValuePair<string, object?> Label(string name, object value) => new(name, value);
}

using Gateway.Server.Options;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Gateway.Server.Logs;

/// <summary>
/// Sends traces and log lines to a collector by OTLP over HTTP, when the operator names one. What it does not take in time is thrown away:
/// each kind has a queue with a bound, and nobody waits.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    /* Half of it is sent at once; beyond it, what is new is left out. */
    private const int MostWaiting = 2_048;
    private const int TimeoutMilliseconds = 2_000;
    private const int FarewellMilliseconds = 2_000;

    /// <summary>What makes spans.</summary>
    private static readonly string[] Sources = ["Gateway.Router", "Gateway.Reconciler", "Gateway.Explorer"];

    private readonly TracerProvider _traces;

    private OtlpExport(Uri collector, double ratio) => _traces = Sdk.CreateTracerProviderBuilder()
        .SetResourceBuilder(Node)
        .AddSource(Sources)
        .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(ratio)))
        .AddOtlpExporter(exporter => Direct(exporter, collector, "v1/traces"))
        .Build();

    private static ResourceBuilder Node => ResourceBuilder.CreateDefault().AddService("gatewayd", serviceVersion: CommandLine.Version, serviceInstanceId: Environment.MachineName);

    /// <summary>Begins to send traces; null: no collector is named.</summary>
    public static OtlpExport? Start(NodeOptions options) => options.OtlpEndpoint is { } collector ? new OtlpExport(collector, options.OtlpTraces) : null;

    /// <summary>Sends log lines too, those that pass the threshold.</summary>
    public static void AddLogs(ILoggingBuilder logging, NodeOptions options)
    {
        if (options.OtlpEndpoint is not { } collector) return;
        logging.AddOpenTelemetry(logs =>
        {
            logs.IncludeFormattedMessage = true;
            logs.SetResourceBuilder(Node);
            logs.AddOtlpExporter((exporter, batches) =>
            {
                Direct(exporter, collector, "v1/logs");
                batches.BatchExportProcessorOptions.MaxQueueSize = MostWaiting;
            });
        });
    }

    /// <summary>Sends what waits, as far as that is quickly done.</summary>
    public void Dispose()
    {
        _traces.Shutdown(FarewellMilliseconds);
        _traces.Dispose();
    }

    private static void Direct(OtlpExporterOptions exporter, Uri collector, string path)
    {
        exporter.Endpoint = new Uri(collector.AbsoluteUri.TrimEnd('/') + "/" + path);
        exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        exporter.TimeoutMilliseconds = TimeoutMilliseconds;
        exporter.BatchExportProcessorOptions.MaxQueueSize = MostWaiting;
    }
}

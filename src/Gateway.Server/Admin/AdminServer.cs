using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Server.Metrics;
using Gateway.Server.Operating;
using Gateway.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Server.Admin;

/// <summary>
/// The operator's window: <c>/healthz</c> (the process lives), <c>/readyz</c> (it serves what it should, with reasons),
/// <c>/status</c> (the same with addresses), <c>/metrics</c> (Prometheus text), <c>/</c> (a page), <c>/api</c>, and <c>POST /accept-loss</c> (what vanished from
/// Redis all at once shall be served no more).
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    /// <summary>Where the operator accepts a loss.</summary>
    public const string AcceptLossPath = "/accept-loss";

    /// <summary>A header that no page in the operator's browser can send here: a loss is not accepted by a link.</summary>
    public const string OperatorHeader = "X-Gateway-Operator";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /* A handful of operators and one collector of metrics. */
    private const int Backlog = 64;

    /* A restore is the only large request, and only the operator makes it. */
    private const long LargestBackup = 4L << 30;

    private readonly WebApplication _web;
    private readonly IPEndPoint _listen;
    private readonly UnixDoor? _door;
    private Socket? _listener;

    public AdminServer(IPEndPoint listen, string socket, Func<IReadOnlyList<Condition>> conditions, Func<CancellationToken, Task<JsonObject>> facts, Func<string> acceptLoss, MetricsText metrics, AdminApi api, ILoggerFactory logs)
    {
        (_listen, _door) = (listen, socket.Length > 0 ? new UnixDoor(socket) : null);
        // Empty, for any other builder takes settings from the working directory, and watches every file below it for changes.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "gatewayd" });
        builder.Services.AddSingleton(logs);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(Bound);
            if (_door is not null) kestrel.ListenUnixSocket(_door.Path);
        });
        builder.Services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = at => at is UnixDomainSocketEndPoint ? _door!.Listener : _listener!);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = LargestBackup);
        _web = builder.Build();
        api.Map(_web);
        DashboardPage.Map(_web);
        _web.MapGet("/healthz", () => Results.Text(new JsonObject { ["alive"] = true, ["version"] = CommandLine.Version }.ToJsonString(Indented) + "\n", "application/json"));
        _web.MapGet("/readyz", () => Page(conditions(), new JsonObject()));
        _web.MapGet("/status", async (CancellationToken stop) => Page(conditions(), await facts(stop)));
        _web.MapPost(AcceptLossPath, (HttpRequest request) => AcceptLoss(request, acceptLoss));
        _web.MapGet("/metrics", () => Results.Text(metrics.Write(), "text/plain; version=0.0.4; charset=utf-8"));
    }

    /// <summary>Where it listens, once bound.</summary>
    public IPEndPoint Bound { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Binds and serves from now on. The fault is one line; null when all is well.</summary>
    public async Task<string?> StartAsync(PassedSockets passed, CancellationToken stop)
    {
        var faults = new List<string>();
        if (Listening.Open("admin", [_listen], Backlog, passed, faults) is not [var listener, ..]) return $"admin: {faults[0]}";
        _listener = listener;
        if (_door?.Open() is { } fault) return fault;
        Bound = (IPEndPoint)listener.LocalEndPoint!;
        await _web.StartAsync(stop);
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        _listener?.Dispose();
        _door?.Dispose();
    }

    private static IResult AcceptLoss(HttpRequest request, Func<string> accept) => request.Headers.ContainsKey(OperatorHeader)
        ? Results.Text(accept() + "\n")
        : Results.Text($"Send the header {OperatorHeader}: yes.\n", statusCode: StatusCodes.Status403Forbidden);

    private static IResult Page(IReadOnlyList<Condition> conditions, JsonObject page)
    {
        var ready = conditions.All(condition => condition.Serving);
        page["ready"] = ready;
        page["degraded"] = conditions.Any(condition => condition.Degraded);
        page["conditions"] = new JsonArray([.. conditions.Select(Describe)]);
        return Results.Text(page.ToJsonString(Indented) + "\n", "application/json", statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static JsonObject Describe(Condition condition) => new()
    {
        ["name"] = condition.Name,
        ["serving"] = condition.Serving,
        ["degraded"] = condition.Degraded,
        ["text"] = condition.Text,
    };
}

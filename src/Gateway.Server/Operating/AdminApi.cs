using System.Net;
using System.Text.Json.Nodes;
using Gateway.Model;
using Gateway.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Gateway.Server.Operating;

/// <summary>
/// The operator's hands: lists, and the few things that an operator does to a running node. Every call shows the token; every
/// change is a line of the log.
/// </summary>
internal sealed partial class AdminApi(AdminKey key, NodeParts parts, LedgerView view, NameRelease release, UserFreeze freeze, StateBackup backup, LiveEvents events, TrafficHistory traffic, Func<CancellationToken, Task<JsonObject>> facts, TimeProvider time, ILogger<AdminApi> log)
{
    /// <summary>What all paths of the API begin with.</summary>
    public const string Prefix = "/api";

    /// <summary>What supervisors, load balancers and collectors ask for, by whatever name they know the node.</summary>
    private static readonly string[] OpenPaths = ["/healthz", "/readyz", "/metrics"];

    private readonly TokenGuesses _guesses = new(time);

    /// <summary>Adds the paths.</summary>
    public void Map(WebApplication web)
    {
        web.Use(GuardAsync);
        var api = web.MapGroup(Prefix);
        MapLists(api);
        MapChanges(api);
        api.MapGet("/openapi.json", () => Results.Text(AdminDocument.Text, "application/json"));
        // A page that stays open must not hold up a node that stops.
        var stopping = web.Lifetime.ApplicationStopping;
        api.MapGet("/events", async (HttpContext call, CancellationToken stop) =>
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, stopping);
            await events.WriteAsync(call.Response, facts, either.Token);
        });
        api.MapGet("/traffic", (string? search, string? limit) => Json(traffic.DescribeHosts(ListQuery.From(search, limit))));
        api.MapGet("/backup", async (HttpContext call, CancellationToken stop) =>
        {
            Audit(call, "backup", "the whole state");
            call.Response.ContentType = "application/x-ndjson";
            await backup.WriteAsync(call.Response.Body, stop);
        });
    }

    private void MapLists(RouteGroupBuilder api)
    {
        List("/zones", view.ZonesAsync);
        List("/names", view.NamesAsync);
        List("/quarantined", view.QuarantinedAsync);
        List("/frozen", view.FrozenAsync);
        List("/routes", view.RoutesAsync);
        List("/reservations", view.ReservationsAsync);
        api.MapGet("/tunnels", () => Json(Tunnels(parts)));

        void List(string path, Func<ListQuery, CancellationToken, Task<JsonArray>> list) =>
            api.MapGet(path, async (string? search, string? limit, CancellationToken stop) => Json(await list(ListQuery.From(search, limit), stop)));
    }

    private void MapChanges(RouteGroupBuilder api)
    {
        api.MapDelete("/tunnels/{id:long}", (long id, HttpContext call) =>
        {
            if (!parts.DropTunnel(id)) return Fault(StatusCodes.Status404NotFound, $"There is no tunnel session {id}: 'gateway node tunnels' lists them.");
            Audit(call, "drop", $"tunnel session {id}");
            return Json(new JsonObject { ["dropped"] = id });
        });
        api.MapDelete("/names/{name}", async (string name, HttpContext call, CancellationToken stop) =>
        {
            if (!DomainName.TryParse(name, out var parsed) || parsed.IsRoot) return Fault(StatusCodes.Status400BadRequest, $"'{PeerText.OneLine(name, 100)}' is no domain name.");
            if (await release.ReleaseAsync(parsed, stop) is { } fault) return Fault(StatusCodes.Status409Conflict, fault);
            Audit(call, "release", parsed.ToString());
            return Json(new JsonObject { ["released"] = parsed.ToString() });
        });
        MapFreezing(api);
        MapKeys(api);
        api.MapPost("/reconcile", async (bool? dry_run, HttpContext call, CancellationToken stop) =>
        {
            if (!parts.RunsReconciler) return Fault(StatusCodes.Status409Conflict, "This process runs no reconciler: ask the one that does.");
            if (dry_run == true) return Json(new JsonObject { ["changes"] = new JsonArray([.. (await parts.PreviewAsync(stop)).Select(line => (JsonNode)line)]) });
            Audit(call, "reconcile", "everything");
            parts.CompareNow();
            return Json(new JsonObject { ["started"] = true });
        });
        api.MapPost("/restore", async (HttpContext call, CancellationToken stop) =>
        {
            using var restoring = await parts.RestoringAsync(stop);
            var (fault, note) = await backup.RestoreAsync(call.Request.Body, stop);
            if (fault is not null) return Fault(StatusCodes.Status400BadRequest, fault);
            Audit(call, "restore", "the whole state");
            parts.Restored();
            return Json(new JsonObject { ["restored"] = true, ["note"] = note });
        });
    }

    private void MapKeys(RouteGroupBuilder api)
    {
        api.MapPost("/keys/token/rotate", (HttpContext call) =>
        {
            var until = key.Rotate();
            Audit(call, "rotate", "the admin token");
            return Json(new JsonObject { ["rotated"] = "token", ["former_until"] = until.ToString("O") });
        });
        api.MapPost("/keys/cookies/rotate", (HttpContext call) =>
        {
            if (parts.RotateCookies() is { } fault) return Fault(StatusCodes.Status409Conflict, fault);
            Audit(call, "rotate", "the DNS cookie secret");
            return Json(new JsonObject { ["rotated"] = "cookies" });
        });
    }

    private void MapFreezing(RouteGroupBuilder api)
    {
        api.MapPut("/frozen/{user:long:min(1)}", async (long user, string? reason, HttpContext call, CancellationToken stop) =>
        {
            if (await freeze.FreezeAsync(user, reason ?? "", stop) is { } fault) return Fault(StatusCodes.Status409Conflict, fault);
            Audit(call, "freeze", $"user {user}");
            return Json(new JsonObject { ["frozen"] = user });
        });
        api.MapDelete("/frozen/{user:long:min(1)}", async (long user, HttpContext call, CancellationToken stop) =>
        {
            if (await freeze.UnfreezeAsync(user, stop) is { } fault) return Fault(StatusCodes.Status404NotFound, fault);
            Audit(call, "unfreeze", $"user {user}");
            return Json(new JsonObject { ["unfrozen"] = user });
        });
    }

    /// <summary>The tunnel sessions of this process as the API shows them.</summary>
    public static JsonArray Tunnels(NodeParts parts) =>
    [
        .. parts.TunnelHosts().Select(tunnel => new JsonObject
        {
            ["id"] = tunnel.Facts.Session,
            ["client"] = tunnel.Facts.Client,
            ["name"] = tunnel.Facts.Name,
            ["protocol"] = tunnel.Facts.Protocol,
            ["visitors"] = tunnel.Facts.Visitors,
            ["since"] = tunnel.Facts.Since.UtcDateTime.ToString("O"),
            ["round_trip_ms"] = Math.Round(tunnel.Facts.RoundTrip.TotalMilliseconds, 1),
            ["hosts"] = new JsonArray([.. tunnel.Hosts.Select(host => (JsonNode)host.ToString())]),
        }),
    ];

    private async Task GuardAsync(HttpContext call, RequestDelegate next)
    {
        if (OpenPaths.Contains(call.Request.Path.Value)) await next(call);
        else if (Refusal(call.Request) is { } refusal) await refusal.ExecuteAsync(call);
        else await RunAsync(call, next);
    }

    /// <summary>Why a request is not heard; null when it is.</summary>
    private IResult? Refusal(HttpRequest request)
    {
        // A page of somebody else's whose name was pointed at this address has its own name here, and no business.
        if (!IsOwnName(request.Host)) return Fault(StatusCodes.Status421MisdirectedRequest, "Name the admin listener by its address or as localhost.");
        if (!request.Path.StartsWithSegments(Prefix, StringComparison.Ordinal)) return null;
        if (IsForeign(request)) return Fault(StatusCodes.Status403Forbidden, "A page of another origin cannot ask here.");
        if (key.IsShown(request.Headers.Authorization)) return null;
        if (request.Headers.Authorization.Count > 0 && !TakeGuess(request)) return Fault(StatusCodes.Status429TooManyRequests, "Too many wrong tokens: wait a moment.");
        return Fault(StatusCodes.Status401Unauthorized, $"Show the token: 'Authorization: Bearer …' with the content of '{AdminToken.FileName}' in the state directory.");
    }

    private bool TakeGuess(HttpRequest request)
    {
        var isTaken = _guesses.TryTake(out var isFirst);
        if (isFirst) WrongToken(log, ClientOf(request.HttpContext));
        return isTaken;
    }

    // What browsers say of a page that asks; programs say neither.
    private static bool IsForeign(HttpRequest request) =>
        (request.Headers.Origin is [var origin, ..] && origin != $"{request.Scheme}://{request.Host}") || request.Headers["Sec-Fetch-Site"] is ["cross-site" or "same-site", ..];

    private static async Task RunAsync(HttpContext call, RequestDelegate next)
    {
        try
        {
            await next(call);
        }
        catch (Exception e) when (RedisFaults.IsRedis(e) && !call.Response.HasStarted)
        {
            await Fault(StatusCodes.Status503ServiceUnavailable, $"Redis: {RedisFaults.Describe(e)}").ExecuteAsync(call);
        }
        catch (OperationCanceledException) when (call.RequestAborted.IsCancellationRequested || call.Response.HasStarted)
        {
            // Whoever asked has left, or the node stops.
        }
    }

    private static bool IsOwnName(HostString host) => host.Host == "localhost" || IPAddress.TryParse(host.Host.Trim('[', ']'), out _);

    private void Audit(HttpContext call, string action, string subject) => Changed(log, action, subject, ClientOf(call));

    private static string ClientOf(HttpContext call) => call.Connection.RemoteIpAddress?.ToString() ?? "the Unix socket";

    private static IResult Json(JsonNode page) => Results.Text(page.ToJsonString() + "\n", "application/json");

    private static IResult Fault(int status, string message) => Results.Text(new JsonObject { ["error"] = message }.ToJsonString() + "\n", "application/json", statusCode: status);

    [LoggerMessage(20, LogLevel.Warning, "Audit: {Action} of {Subject} by the admin API, asked from {Client}")]
    private static partial void Changed(ILogger log, string action, string subject, string client);

    [LoggerMessage(21, LogLevel.Warning, "The admin API was asked with a wrong token from {Client}; more of it is not told while it goes on")]
    private static partial void WrongToken(ILogger log, string client);
}

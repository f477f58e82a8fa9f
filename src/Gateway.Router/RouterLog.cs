using System.Net;
using Microsoft.Extensions.Logging;

namespace Gateway.Router;

/// <summary>Everything the router says. What a peer wrote is always a field, and no field ever holds a secret.</summary>
internal static partial class RouterLog
{
    [LoggerMessage(4001, LogLevel.Information, "TLS {ConnectionId} {Client} asked for {Host} via {Upstream}: {End} after {Milliseconds} ms, {ToUpstream} bytes to the upstream, {ToVisitor} to the visitor")]
    public static partial void VisitEnded(ILogger log, string connectionId, EndPoint? client, string host, object upstream, VisitEnd end, long milliseconds, long toUpstream, long toVisitor);

    [LoggerMessage(4002, LogLevel.Information, "HTTP {RequestId} {Client} {Method} {Host} via {Upstream}: {Status} {End} after {Milliseconds} ms, {FromVisitor} bytes from the visitor, {ToVisitor} to the visitor")]
    public static partial void RequestEnded(ILogger log, string requestId, IPAddress? client, string method, string host, string upstream, int status, VisitEnd end, long milliseconds, long fromVisitor, long toVisitor);

    [LoggerMessage(4020, LogLevel.Information, "HTTP {ConnectionId} {Client} was turned away, for it sent nothing that can be read as a request, or nothing was read: {End}")]
    public static partial void TurnedAway(ILogger log, string connectionId, EndPoint? client, VisitEnd end);

    [LoggerMessage(4012, LogLevel.Debug, "HTTP {RequestId} could not be forwarded: {Error}, {Reason}")]
    public static partial void RequestFailed(ILogger log, string requestId, string error, string reason);

    [LoggerMessage(4003, LogLevel.Information, "{Tunnel} from {Client} is up, protocol {Protocol}, client {Name}")]
    public static partial void TunnelUp(ILogger log, string tunnel, EndPoint? client, string protocol, string name);

    [LoggerMessage(4004, LogLevel.Information, "{Tunnel} from {Client} ended after {Milliseconds} ms: {Reason}, {Detail}")]
    public static partial void TunnelDown(ILogger log, string tunnel, EndPoint? client, long milliseconds, string reason, string detail);

    [LoggerMessage(4005, LogLevel.Warning, "A tunnel client from {Client} was turned away: {Reason}")]
    public static partial void TunnelRefused(ILogger log, EndPoint? client, string reason);

    [LoggerMessage(4006, LogLevel.Error, "The route in {Key} cannot be read, so the last good one is kept: {Fault}")]
    public static partial void RouteUndecodable(ILogger log, string key, string fault);

    [LoggerMessage(EventId = 4007, Message = "The route of {Host} is now {Upstream}")]
    public static partial void RouteChanged(ILogger log, LogLevel level, string host, string upstream);

    [LoggerMessage(EventId = 4008, Message = "The route of {Host} was deleted")]
    public static partial void RouteDeleted(ILogger log, LogLevel level, string host);

    [LoggerMessage(4021, LogLevel.Information, "{Changed} routes changed and {Deleted} were deleted")]
    public static partial void ManyRoutes(ILogger log, int changed, int deleted);

    [LoggerMessage(4009, LogLevel.Warning, "A connection could not be accepted, and will be tried again: {Reason}")]
    public static partial void AcceptFailed(ILogger log, string reason);

    [LoggerMessage(4010, LogLevel.Error, "A defect ended one connection; the others go on")]
    public static partial void VisitFault(ILogger log, Exception exception);

    [LoggerMessage(4011, LogLevel.Warning, "Serving {Count} routes from the last-known-good file of {SavedAt} until Redis can be read")]
    public static partial void ServingLastKnownGood(ILogger log, int count, DateTimeOffset savedAt);

    [LoggerMessage(4014, LogLevel.Warning, "The upstream {Address} port {Port} of {Host} is ill and asked last: {Reason}")]
    public static partial void UpstreamDown(ILogger log, string address, int port, string host, string reason);

    [LoggerMessage(4015, LogLevel.Information, "The upstream {Address} port {Port} of {Host} is well again")]
    public static partial void UpstreamUp(ILogger log, string address, int port, string host);

    [LoggerMessage(4016, LogLevel.Error, "The file of static routes: {Fault}")]
    public static partial void StaticRoutesFault(ILogger log, string fault);

    [LoggerMessage(4013, LogLevel.Information, "Routing {Kind} on {EndPoint}")]
    public static partial void Listening(ILogger log, string kind, EndPoint endPoint);

    [LoggerMessage(4017, LogLevel.Information, "Tunnel clients can pin this node's key: {Pin}")]
    public static partial void TunnelKey(ILogger log, string pin);

    [LoggerMessage(4018, LogLevel.Warning, "Redis does not hear which tunnels this node holds, and will when it can: {Fault}")]
    public static partial void RegistryBehind(ILogger log, string fault);

    [LoggerMessage(4019, LogLevel.Error, "The tunnel port keeps the certificate that it has: {Fault}")]
    public static partial void TunnelCertificateFault(ILogger log, string fault);
}

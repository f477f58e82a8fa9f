using System.Diagnostics.Metrics;
using Gateway.Router.Routing;
using Gateway.Router.Tunnelling;
using Gateway.Router.Upstreams;
using Gateway.Transport;

namespace Gateway.Router;

/// <summary>What the router counts. No label holds a host name or an address, so that their number does not grow with the tenants'.</summary>
internal sealed class RouterMetrics : IDisposable
{
    private static readonly string[] Classes = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"];

    private readonly Meter _meter = new("Gateway.Router");
    private readonly Counter<long> _connections;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _handshakes;
    private readonly Counter<long> _undecodable;
    private readonly Counter<long> _acceptErrors;
    private readonly Counter<long> _sessionsEnded;
    private readonly Counter<long> _tunnelsBack;
    private readonly Histogram<double> _sniff;
    private readonly UpDownCounter<long> _active;

    public RouterMetrics()
    {
        _connections = _meter.CreateCounter<long>("gateway_router_connections_total", description: "TLS connections that ended, by how they ended.");
        _requests = _meter.CreateCounter<long>("gateway_router_http_requests_total", description: "HTTP requests answered, by class of status.");
        _handshakes = _meter.CreateCounter<long>("gateway_router_tunnel_handshakes_total", description: "Tunnel clients that connected, by what came of it.");
        _undecodable = _meter.CreateCounter<long>("gateway_router_undecodable_routes_total", description: "Values in Redis that could not be read as a route; the last good one is kept.");
        _acceptErrors = _meter.CreateCounter<long>("gateway_router_accept_errors_total", description: "Accepts that failed, for want of descriptors for instance.");
        _sessionsEnded = _meter.CreateCounter<long>("gateway_router_tunnel_sessions_ended_total", description: "Tunnel sessions that ended, by reason; clients dial again by themselves.");
        _tunnelsBack = _meter.CreateCounter<long>("gateway_router_tunnel_reconnects_total", description: "Tunnel clients that took the place of one that was gone.");
        _sniff = _meter.CreateHistogram<double>("gateway_router_sniff_seconds", "s", "Time from a TLS connection's start until its server name was known, or it was given up.");
        _active = _meter.CreateUpDownCounter<long>("gateway_router_active_connections", description: "TLS connections served now.");
    }

    /// <summary>Watches numbers that others keep.</summary>
    public void Watch(RouteTable table, Tunnels sessions, UpstreamTurns turns, HostTraffic traffic)
    {
        _meter.CreateObservableCounter<long>("gateway_router_relayed_bytes_total", () => [.. Moved("tls", traffic.Tls), .. Moved("http", traffic.Http)], "bytes", "Bytes relayed, counted while they move, by protocol and direction; of HTTP as the upstreams see it.");
        _meter.CreateObservableGauge("gateway_router_tunnel_heartbeat_age_seconds", () => sessions.Sessions.Select(session => session.Silence.TotalSeconds).DefaultIfEmpty().Max(), description: "Time since the last sign of life of the tunnel client that has been silent longest; 0 without tunnels.");
        _meter.CreateObservableGauge("gateway_router_upstreams_checked", () => turns.CheckedCount, description: "Upstream addresses that health checks ask.");
        _meter.CreateObservableGauge("gateway_router_tunnel_streams", () => sessions.Sessions.Sum(session => session.Streams), description: "Visitors in tunnels now.");
        _meter.CreateObservableGauge("gateway_router_routes", () => table.Count, description: "Hosts that have a route.");
        _meter.CreateObservableGauge("gateway_router_upstreams_down", () => turns.DownCount, description: "Upstream addresses that a health check found ill.");
        _meter.CreateObservableGauge("gateway_router_tunnels", () => sessions.Count, description: "Tunnel clients connected now.");
    }

    public void VisitBegan() => _active.Add(1);

    public void VisitEnded(VisitEnd end)
    {
        _active.Add(-1);
        _connections.Add(1, new KeyValuePair<string, object?>("end", end.ToString()));
    }

    public void RequestAnswered(int status) => _requests.Add(1, new KeyValuePair<string, object?>("status", Classes[Math.Clamp(status / 100, 0, Classes.Length - 1)]));

    public void Handshake(string outcome) => _handshakes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void SessionEnded(string reason) => _sessionsEnded.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void TunnelCameBack() => _tunnelsBack.Add(1);

    public void Sniffed(TimeSpan took) => _sniff.Record(took.TotalSeconds);

    public void Undecodable() => _undecodable.Add(1);

    public void AcceptFailed() => _acceptErrors.Add(1);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static Measurement<long>[] Moved(string protocol, ByteCount bytes) => [Moved(bytes.ToUpstream, protocol, "to_upstream"), Moved(bytes.ToVisitor, protocol, "to_visitor")];

    private static Measurement<long> Moved(long bytes, string protocol, string direction) =>
        new(bytes, new KeyValuePair<string, object?>("protocol", protocol), new KeyValuePair<string, object?>("direction", direction));
}

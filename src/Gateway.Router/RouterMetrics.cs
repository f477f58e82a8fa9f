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
    private static readonly string[] Ends = Enum.GetNames<VisitEnd>();

    private readonly Meter _meter = new("Gateway.Router");

    // Counted for each visit, and read when somebody asks: a listener that is called each time costs more than the counting.
    private readonly long[] _connections = new long[Ends.Length];
    private readonly long[] _requests = new long[Classes.Length];
    private readonly long[] _turnedAway = new long[Ends.Length];
    private long _active;

    private readonly Counter<long> _handshakes;
    private readonly Counter<long> _undecodable;
    private readonly Counter<long> _acceptErrors;
    private readonly Counter<long> _sessionsEnded;
    private readonly Counter<long> _tunnelsBack;
    private readonly Histogram<double> _sniff;

    public RouterMetrics()
    {
        _meter.CreateObservableCounter("gateway_router_connections_total", () => Read(_connections, "end", Ends), description: "TLS connections that ended, by how they ended.");
        _meter.CreateObservableCounter("gateway_router_http_requests_total", () => Read(_requests, "status", Classes), description: "HTTP requests answered, by class of status.");
        _meter.CreateObservableCounter("gateway_router_http_turned_away_total", () => Read(_turnedAway, "end", Ends), description: "HTTP connections that were closed because no request was read, or none could be, by reason.");
        _handshakes = _meter.CreateCounter<long>("gateway_router_tunnel_handshakes_total", description: "Tunnel clients that connected, by what came of it.");
        _undecodable = _meter.CreateCounter<long>("gateway_router_undecodable_routes_total", description: "Values in Redis that could not be read as a route; the last good one is kept.");
        _acceptErrors = _meter.CreateCounter<long>("gateway_router_accept_errors_total", description: "Accepts that failed, for want of descriptors for instance.");
        _sessionsEnded = _meter.CreateCounter<long>("gateway_router_tunnel_sessions_ended_total", description: "Tunnel sessions that ended, by reason; clients dial again by themselves.");
        _tunnelsBack = _meter.CreateCounter<long>("gateway_router_tunnel_reconnects_total", description: "Tunnel clients that took the place of one that was gone.");
        _sniff = _meter.CreateHistogram<double>("gateway_router_sniff_seconds", "s", "Time from a TLS connection's start until its server name was known, or it was given up.");
        _meter.CreateObservableUpDownCounter("gateway_router_active_connections", () => Volatile.Read(ref _active), description: "TLS connections served now.");
    }

    /// <summary>Watches numbers that others keep.</summary>
    public void Watch(RouteTable table, Tunnels sessions, UpstreamTurns turns, HostTraffic traffic, Func<int> tasks)
    {
        _meter.CreateObservableCounter<long>("gateway_router_relayed_bytes_total", () => [.. Moved("tls", traffic.Tls), .. Moved("http", traffic.Http)], "bytes", "Bytes relayed, counted while they move, by protocol and direction; of HTTP as the upstreams see it.");
        _meter.CreateObservableGauge("gateway_router_tunnel_heartbeat_age_seconds", () => sessions.Sessions.Select(session => session.Silence.TotalSeconds).DefaultIfEmpty().Max(), description: "Time since the last sign of life of the tunnel client that has been silent longest; 0 without tunnels.");
        _meter.CreateObservableGauge("gateway_router_upstreams_checked", () => turns.CheckedCount, description: "Upstream addresses that health checks ask.");
        _meter.CreateObservableGauge("gateway_router_tunnel_streams", () => sessions.Sessions.Sum(session => session.Streams), description: "Visitors in tunnels now.");
        _meter.CreateObservableGauge("gateway_router_routes", () => table.Count, description: "Hosts that have a route.");
        _meter.CreateObservableGauge("gateway_router_tasks", tasks, description: "Connections that have a task now: of visitors, of tunnel clients, and those that these keep ready.");
        _meter.CreateObservableGauge("gateway_router_upstreams_down", () => turns.DownCount, description: "Upstream addresses that a health check found ill.");
        _meter.CreateObservableGauge("gateway_router_tunnels", () => sessions.Count, description: "Tunnel clients connected now.");
    }

    public void VisitBegan() => Interlocked.Increment(ref _active);

    public void VisitEnded(VisitEnd end)
    {
        Interlocked.Decrement(ref _active);
        Interlocked.Increment(ref _connections[(int)end]);
    }

    public void RequestAnswered(int status) => Interlocked.Increment(ref _requests[Math.Clamp(status / 100, 0, Classes.Length - 1)]);

    public void TurnedAway(VisitEnd end) => Interlocked.Increment(ref _turnedAway[(int)end]);

    public void Handshake(string outcome) => _handshakes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void SessionEnded(string reason) => _sessionsEnded.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void TunnelCameBack() => _tunnelsBack.Add(1);

    public void Sniffed(TimeSpan took) => _sniff.Record(took.TotalSeconds);

    public void Undecodable() => _undecodable.Add(1);

    public void AcceptFailed() => _acceptErrors.Add(1);

    // What never happened has no line, as if it were counted when it happens.
    private static IEnumerable<Measurement<long>> Read(long[] counts, string label, string[] values)
    {
        for (var i = 0; i < counts.Length; i++)
            if (Volatile.Read(ref counts[i]) is > 0 and var count) yield return new Measurement<long>(count, new KeyValuePair<string, object?>(label, values[i]));
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static Measurement<long>[] Moved(string protocol, ByteCount bytes) => [Moved(bytes.ToUpstream, protocol, "to_upstream"), Moved(bytes.ToVisitor, protocol, "to_visitor")];

    private static Measurement<long> Moved(long bytes, string protocol, string direction) =>
        new(bytes, new KeyValuePair<string, object?>("protocol", protocol), new KeyValuePair<string, object?>("direction", direction));
}

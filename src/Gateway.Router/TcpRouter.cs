using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router.Http;
using Gateway.Router.Tunnelling;
using Gateway.Router.Upstreams;
using Gateway.Store;
using Gateway.Transport;
using Gateway.Transport.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Gateway.Router;

/// <summary>
/// The router: visitors come in by TLS server name or HTTP host, and go to an address or into a tunnel. It owns its listeners
/// and everything that runs behind them; routes come from the <see cref="RouteFeed"/>, which it does not own.
/// </summary>
public sealed class TcpRouter : IAsyncDisposable
{
    /// <summary>Connections the kernel holds before we accept them.</summary>
    private const int Backlog = 4096;

    /// <summary>What the last words to tunnel clients may take.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    /// <summary>Often enough for a box on the way that forgets silent connections after half a minute.</summary>
    private static readonly TimeSpan TunnelKeepAlive = TimeSpan.FromSeconds(10);

    private readonly RouterOptions _options;
    private readonly RouteFeed _routes;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _logs;
    private readonly ILogger<TcpRouter> _log;
    private readonly DialGuard _guard;
    private readonly Tunnels _tunnels;
    private readonly Dialer _dialer;
    private readonly List<Socket> _tls = [];
    private readonly List<Socket> _http = [];
    private readonly List<Socket> _clients = [];
    private readonly string? _keptCertificate;
    private readonly VisitorIds _ids = new();
    private volatile PolledAcceptLoop[] _loops = [];
    private volatile TunnelCertificate? _certificate;
    private HttpFront? _front;

    /// <summary>
    /// Builds the router; nothing is opened before <see cref="Bind"/>. Where the operator gives no certificate for tunnels, one is
    /// kept in the file <paramref name="keptCertificate"/>; null: a new one is made each time. The machine's addresses are those of
    /// <paramref name="machine"/>; null: the router looks them up by itself.
    /// </summary>
    public TcpRouter(RouterOptions options, RouteFeed routes, TimeProvider time, ILoggerFactory logs, string? keptCertificate = null, MachineAddresses? machine = null)
    {
        (_options, _routes, _time, _logs, _keptCertificate) = (options, routes, time, logs, keptCertificate);
        _log = logs.CreateLogger<TcpRouter>();
        _guard = new DialGuard(options.DialPolicy, machine ?? new MachineAddresses(time, options.OwnAddresses));
        _tunnels = new Tunnels(options.TunnelsPerSecret, time);
        _dialer = new Dialer(_guard, _tunnels, options.ConnectTimeout, time);
        routes.Metrics.Watch(routes.Table, _tunnels, _dialer.Turns, Traffic, () => Running);
    }

    /// <summary>The tunnel clients that are connected, in the order in which they came.</summary>
    public IReadOnlyList<TunnelFacts> Tunnels => [.. _tunnels.Sessions.Select(session => session.Facts).OrderBy(tunnel => tunnel.Session)];

    /// <summary>What visitors moved, by host.</summary>
    public HostTraffic Traffic { get; } = new();

    /// <summary>Says in Redis which tunnels this node holds, until told to stop.</summary>
    public Task RegisterTunnelsAsync(RedisConnection redis, string node, CancellationToken stop) => new TunnelRegistry(redis, node, _tunnels, _time, _log).RunAsync(stop);

    /// <summary>Where TLS is taken, after <see cref="Bind"/>.</summary>
    public IReadOnlyList<IPEndPoint> TlsBound { get; private set; } = [];

    /// <summary>Where HTTP is taken, after <see cref="Bind"/>.</summary>
    public IReadOnlyList<IPEndPoint> HttpBound { get; private set; } = [];

    /// <summary>Where tunnel clients connect, after <see cref="Bind"/>.</summary>
    public IReadOnlyList<IPEndPoint> TunnelBound { get; private set; } = [];

    /// <summary>What tunnel clients pin, after <see cref="Bind"/>; null: there is no tunnel port.</summary>
    public KeyPin? TunnelPin => _certificate?.Pin;

    /// <summary>When the certificate of the tunnel port ends, after <see cref="Bind"/>; null: there is no tunnel port.</summary>
    public DateTimeOffset? TunnelCertificateEnd => _certificate?.NotAfter;

    /// <summary>How many connections are served now, of visitors and of tunnel clients: each has one task, which everything else of it ends before.</summary>
    public int Running => _loops.Sum(loop => loop.Running) + (_front?.Running ?? 0);

    /// <summary>All of them.</summary>
    public IReadOnlyList<IPEndPoint> Bound => [.. TlsBound, .. HttpBound, .. TunnelBound];

    /// <summary>The same, each with the hosts whose visitors it takes.</summary>
    public IReadOnlyList<(TunnelFacts Facts, IReadOnlyList<DomainName> Hosts)> TunnelHosts()
    {
        var hosts = _routes.Table.Routes.Where(route => route.Target is Target.Tunnel).ToLookup(route => ((Target.Tunnel)route.Target).Secret, route => route.Host);
        return [.. _tunnels.Sessions.OrderBy(session => session.Id).Select(session => (session.Facts, (IReadOnlyList<DomainName>)[.. hosts[session.Secret].Order()]))];
    }

    /// <summary>The hosts whose visitors tunnels take, wherever their clients are connected; a tunnel is named by <see cref="RedisSchema.TunnelId"/>.</summary>
    public ILookup<string, DomainName> HostsOf(IReadOnlySet<string> tunnels) => _routes.Table.Routes.Where(_ => tunnels.Count > 0)
        .Select(route => (route.Host, Tunnel: route.Target is Target.Tunnel tunnel ? RedisSchema.TunnelId(tunnel.Secret) : ""))
        .Where(it => tunnels.Contains(it.Tunnel)).ToLookup(it => it.Tunnel, it => it.Host, StringComparer.Ordinal);

    /// <summary>Cuts a tunnel client off, with the visitors in it; it may dial again. False when there is no session of this number.</summary>
    public bool DropTunnel(long id)
    {
        var session = _tunnels.Sessions.FirstOrDefault(session => session.Id == id);
        session?.Displaced.Cancel();
        return session is not null;
    }

    /// <summary>Opens every listener that was not passed. Returns every fault at once, and then holds none open; empty: all are bound.</summary>
    public IReadOnlyList<string> Bind(PassedSockets? passed = null)
    {
        var faults = new List<string>();
        TlsBound = Open("tls", _options.TlsListen, _tls);
        HttpBound = Open("http", _options.HttpListen, _http);
        TunnelBound = Open("tunnel", _options.TunnelListen, _clients);
        if (TunnelBound.Count > 0)
        {
            if (TunnelCertificate.TryTake(_options, _keptCertificate, out var certificate, out var certificateFault)) _certificate = certificate;
            else faults.Add(certificateFault);
        }

        if (faults.Count == 0) faults.AddRange(ProxyFaults());

        if (faults.Count > 0) Close();
        else _guard.ProtectVisitors(Bound);
        return faults;

        IReadOnlyList<IPEndPoint> Open(string name, IReadOnlyList<IPEndPoint> wanted, List<Socket> listeners)
        {
            listeners.AddRange(Listening.Open(name, wanted, Backlog, passed ?? PassedSockets.None, faults, _options.SharedPorts));
            return [.. listeners.Select(listener => (IPEndPoint)listener.LocalEndPoint!)];
        }
    }

    /// <summary>
    /// Reads the operator's certificate of the tunnel port again, for clients who come from now on; sessions go on. One that cannot be
    /// used changes nothing, and its fault is logged.
    /// </summary>
    public void ReloadCertificate()
    {
        if (_certificate is not { } before || _options.TunnelCertificate.Length == 0) return;
        if (!TunnelCertificate.TryTake(_options, _keptCertificate, out var certificate, out var fault))
        {
            RouterLog.TunnelCertificateFault(_log, fault);
            return;
        }

        _certificate = certificate;
        if (certificate.Pin != before.Pin) RouterLog.TunnelKey(_log, certificate.Pin.ToString());
    }

    /// <summary>What the router does not dial, after <see cref="Bind"/> and <see cref="Protect"/>.</summary>
    public DialRules Rules => _guard.Rules;

    /// <summary>Names the node's other ports, which no tenant's route may lead to, whatever networks are allowed.</summary>
    public void Protect(IEnumerable<IPEndPoint> ports) => _guard.ProtectInner(ports);

    /// <summary>Serves until told to stop; then accepts no more, lets visitors finish within the drain, and ends the tunnels last.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // New tunnel clients are turned away at once, but visitors in a tunnel need it until they are done.
        using var tunnelsStop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var clients = new TunnelListener(_routes.Table, _tunnels, () => _certificate, _options, _routes.Metrics, _time, _log);
        var doors = _clients.Select(socket => ClientLoop(socket, clients)).ToArray();
        var accepting = Task.WhenAll(doors.Select(door => door.RunAsync(tunnelsStop.Token)));
        var leaving = GoAwayAsync(tunnelsStop.Token);
        _tunnels.Expect(_options.TunnelReturn);
        var visitors = new AddressBudget(_options.ConnectionsPerAddress);
        var house = new VisitHouse(_routes.Table, _dialer, visitors, new AddressBudget(_options.HelloBytesPerAddress), Traffic, _options, _routes.Metrics, _ids, _time, _log);
        var entrances = _tls.Select(socket => VisitorLoop(socket, house)).ToArray();
        _loops = [.. doors, .. entrances];
        var serving = entrances.Select(entrance => entrance.RunAsync(stop));
        try
        {
            using var client = UpstreamClient.Create(_dialer, Traffic, _options, _time);
            var http = await StartHttpAsync(client, visitors, stop);
            Tell();
            var checks = new HealthChecks(_routes.Table, _dialer, _options.ConnectTimeout, _time, _log);
            await Task.WhenAll([.. serving, http(), _routes.RunAsync(stop), checks.RunAsync(stop)]);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop before everything stood: a stop like any other.
        }
        finally
        {
            await tunnelsStop.CancelAsync();
            await leaving;
            foreach (var door in doors) door.Dispose();
            await accepting;
        }
    }

    /// <summary>At the stop, before anything closes: tunnel clients are told, and have the time of the drain to take another node's session.</summary>
    private async Task GoAwayAsync(CancellationToken stop)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _tunnels.GoAwayAsync(_options.Drain, CancellationToken.None);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Close();
        if (_front is not null) await _front.DisposeAsync();
    }

    /// <summary>Starts the HTTP server, which may throw, before the tasks that do not; the result waits for its end.</summary>
    private async Task<Func<Task>> StartHttpAsync(HttpMessageInvoker client, AddressBudget visitors, CancellationToken stop)
    {
        if (_http.Count == 0) return () => Task.CompletedTask;
        _front = new HttpFront([.. _http], _ids, visitors, OnAcceptError, fault => RouterLog.VisitFault(_log, fault), OnTurnedAway, _options, _time, _logs);
        // Its listeners are bound, so it starts at once; a stop meanwhile is seen by the drain.
        await _front.StartAsync(new HttpVisit(_routes.Table, _tunnels, _dialer.Turns, _front.Forwarder, client, Traffic, _options, _routes.Metrics, _time, _log), CancellationToken.None);
        return () => _front.DrainAsync(_options.Drain, _time, stop);
    }

    private PolledAcceptLoop ClientLoop(Socket listener, TunnelListener clients) =>
        new(listener, _options.MaxTunnels + _options.MaxConnections, clients.VisitAsync, _time)
        {
            Drain = _options.Drain + Margin,
            VisitorsSpeakFirst = true,
            KeepAlive = TunnelKeepAlive,
            OnAcceptError = OnAcceptError,
            OnVisitFault = fault => RouterLog.VisitFault(_log, fault),
        };

    private PolledAcceptLoop VisitorLoop(Socket listener, VisitHouse house)
    {
        var proxies = TrustedProxies.Of((IPEndPoint)listener.LocalEndPoint!, _options.ListenerProxies, _options.TlsProxies);
        return new(listener, _options.MaxConnections, (visitor, cut) => new Visit(house, proxies, visitor).RunAsync(cut), _time)
        {
            Drain = _options.Drain,
            VisitorsSpeakFirst = true,
            OnAcceptError = OnAcceptError,
            OnVisitFault = fault => RouterLog.VisitFault(_log, fault),
        };
    }

    /// <summary>A trust that was meant for a listener must not be lost because its address was written otherwise.</summary>
    private IEnumerable<string> ProxyFaults() => _options.ListenerProxies
        .Where(proxy => !TlsBound.Concat(HttpBound).Any(proxy.IsFor))
        .Select(proxy => $"listener_proxies names {proxy.Listener}, where neither TLS nor HTTP is taken: write the address and port of one of the listeners ({string.Join(", ", TlsBound.Concat(HttpBound))}).");

    private void OnAcceptError(Exception e)
    {
        _routes.Metrics.AcceptFailed();
        RouterLog.AcceptFailed(_log, e.Message);
    }

    private void OnTurnedAway(ConnectionContext visitor, VisitEnd end)
    {
        _routes.Metrics.TurnedAway(end);
        RouterLog.TurnedAway(_log, visitor.ConnectionId, visitor.RemoteEndPoint, end);
    }

    private void Close()
    {
        foreach (var listener in _tls.Concat(_http).Concat(_clients)) listener.Dispose();
        _tls.Clear();
        _http.Clear();
        _clients.Clear();
    }

    private void Tell()
    {
        foreach (var endPoint in TlsBound) RouterLog.Listening(_log, "TLS", endPoint);
        foreach (var endPoint in HttpBound) RouterLog.Listening(_log, "HTTP", endPoint);
        foreach (var endPoint in TunnelBound) RouterLog.Listening(_log, "tunnels", endPoint);
        if (TunnelPin is { } pin) RouterLog.TunnelKey(_log, pin.ToString());
    }
}

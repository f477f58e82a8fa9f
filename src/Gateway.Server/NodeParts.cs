using System.Net;
using Gateway.Dns;
using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.Routes;
using Gateway.Reconciler;
using Gateway.Router;
using Gateway.Server.Admin;
using Gateway.Server.Options;
using Gateway.Store;
using Gateway.Transport;
using Microsoft.Extensions.Logging;

namespace Gateway.Server;

/// <summary>The parts that this node runs, put together. They meet in Redis only, so nothing here passes anything between them.</summary>
internal sealed class NodeParts : IAsyncDisposable
{
    private readonly Configuration _configuration;
    private readonly Identity? _identity;
    private readonly string _state;
    private readonly RedisConnection _redis;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _logs;
    private readonly HttpClient _http = ExplorerClient.CreateHttpClient();
    private readonly ZoneFeed? _zones;
    private readonly NameServer? _dns;
    private readonly RouteFeed? _routes;
    private readonly TcpRouter? _router;
    private readonly ExplorerServer? _explorer;
    private readonly MachineAddresses _machine;
    private DialRules _dialling;
    private ReconcileLoop? _reconciler;
    private ChangeFeed? _feed;

    public NodeParts(Configuration configuration, NodeDirectory directory, Identity? identity, RedisConnection redis, TimeProvider time, ILoggerFactory logs)
    {
        (_configuration, _identity, _redis, _time, _logs) = (configuration, identity, redis, time, logs);
        _state = directory.Path;
        _machine = new MachineAddresses(time, configuration.Router.OwnAddresses);
        _dialling = new DialRules(configuration.Router.DialPolicy);
        if (configuration.Runs(Role.Dns))
        {
            configuration.Dns.NameServers = configuration.Node.Nameservers;
            _zones = new ZoneFeed(redis, configuration.Dns, Spare("zones"), time, logs);
            _dns = new NameServer(configuration.Dns, _zones, time, logs);
        }

        if (configuration.Runs(Role.Router))
        {
            _routes = new RouteFeed(redis, Spare("routes"), time, logs.CreateLogger<RouteFeed>(), new StaticRoutes(configuration.Router.Routes));
            _router = new TcpRouter(configuration.Router, _routes, time, logs, directory.File("tunnel.pem"), _machine);
            _routes.Restore();
        }

        if (configuration.Runs(Role.Explorer)) _explorer = new ExplorerServer(configuration.Explorer, redis, time, logs, directory.File("explorer.ids"), Spare("explorer"));

        LastKnownGood Spare(string name) => new(directory.File(name + ".lkg"), logs.CreateLogger<LastKnownGood>(), time);
    }

    /// <summary>What listens where, by short names.</summary>
    public IReadOnlyList<(string Name, IPEndPoint EndPoint)> Listening =>
    [
        .. Named("explorer", _explorer?.Bound),
        .. Named("dns", _dns?.Bound),
        .. Named("http", _router?.HttpBound),
        .. Named("tls", _router?.TlsBound),
        .. Named("tunnel", _router?.TunnelBound),
    ];

    /// <summary>What visitors moved, by host; null without a router.</summary>
    public HostTraffic? Traffic => _router?.Traffic;

    /// <summary>The tunnel clients that are connected.</summary>
    public IReadOnlyList<TunnelFacts> Tunnels => _router?.Tunnels ?? [];

    /// <summary>The first domain under which names can be reserved; null when there is none.</summary>
    public string? ManagedDomain => _configuration.Node.Domains is [var first, ..] ? first.ToString() : null;

    /// <summary>Opens every socket that was not passed. All faults at once; empty when all are open.</summary>
    public IReadOnlyList<string> Bind(PassedSockets passed) => [.. _dns?.Bind(passed) ?? [], .. _router?.Bind(passed) ?? [], .. _explorer?.Bind(passed) ?? [], .. MachineFaults()];

    // Without them a user's proxy could lead back into the node.
    private IEnumerable<string> MachineFaults() =>
        (_configuration.Runs(Role.Router) || _configuration.Runs(Role.Reconciler)) && _machine.Fault is { } fault
            ? [$"the addresses of this machine cannot be read: {fault}; let the service open netlink sockets (RestrictAddressFamilies= with AF_NETLINK)"]
            : [];

    /// <summary>Reads again what may change while the node runs: the operator's own routes, and the tunnel port's certificate.</summary>
    public Task ReloadAsync(CancellationToken stop)
    {
        _router?.ReloadCertificate();
        return _routes?.ReloadAsync(stop) ?? Task.CompletedTask;
    }

    /// <summary>Names all ports of the node to the router and the reconciler, once everything is bound, so that no tenant's route leads to them.</summary>
    public void Protect(IEnumerable<IPEndPoint> others)
    {
        IPEndPoint[] all = [.. Listening.Select(it => it.EndPoint), .. others];
        _router?.Protect(all);
        _dialling = _router?.Rules ?? _dialling with { InnerPorts = all };
    }

    /// <summary>Starts everything. Each task ends when told to stop, or fails.</summary>
    public IReadOnlyList<Task> Start(CancellationToken stop)
    {
        if (_configuration.Runs(Role.Reconciler)) _reconciler = CreateReconciler(_identity!, Spare("reservations"));
        _feed = new ChangeFeed(_redis, [.. Readers()], new ChangeFeedOptions(), _time, _logs.CreateLogger<ChangeFeed>(), Spare("fence"));
        return [.. Runs(stop)];
    }

    private LastKnownGood Spare(string name) => new(Path.Combine(_state, name + ".lkg"), _logs.CreateLogger<LastKnownGood>(), _time);

    /// <summary>True when this process turns reservations into configuration.</summary>
    public bool RunsReconciler => _configuration.Runs(Role.Reconciler);

    /// <summary>The tunnel clients of this process with the hosts whose visitors they take; none without a router.</summary>
    public IReadOnlyList<(TunnelFacts Facts, IReadOnlyList<DomainName> Hosts)> TunnelHosts() => _router?.TunnelHosts() ?? [];

    /// <summary>The hosts whose visitors tunnels take, whichever node holds them (named as in <see cref="TunnelFacts.Tunnel"/>); none without a router.</summary>
    public ILookup<string, DomainName> HostsOf(IReadOnlySet<string> tunnels) => _router?.HostsOf(tunnels) ?? Array.Empty<DomainName>().ToLookup(_ => "");

    /// <summary>Makes DNS cookies with a new secret. The fault is one line; null when it is done.</summary>
    public string? RotateCookies()
    {
        if (_dns is null) return "This process runs no name server: ask the one that does.";
        return _dns.TryRotateCookies() ? null : "The cookie secret stands in the configuration: move it to dns.previous_cookie_secret, put a new one into dns.cookie_secret, and restart.";
    }

    /// <summary>Cuts a tunnel client off; false when there is none of this number.</summary>
    public bool DropTunnel(long id) => _router?.DropTunnel(id) ?? false;

    /// <summary>Compares everything with Redis and the explorer as soon as may be.</summary>
    public void CompareNow() => _reconciler?.CompareNow();

    /// <summary>What a comparison would change now, a line for each change.</summary>
    public async Task<IReadOnlyList<string>> PreviewAsync(CancellationToken stop)
    {
        using var beside = CreateReconciler(_identity!);
        return await beside.DryRunAsync(stop);
    }

    /// <summary>How each part stands.</summary>
    public IEnumerable<Condition> Conditions()
    {
        if (_feed is { ShowsOlderState: true })
            yield return Condition.Strained("state", "Redis shows an older state than the one that is served (a backup, or a replica that lagged): that stays served until a reconciler has written again. If the older one is meant, run 'gatewayd accept-loss'.");
        if (_explorer?.Loss is { } loss) yield return Condition.Strained("explorer", loss + ".");
        if (_zones is not null) yield return Snapshot("zones", _zones.ZoneCount, _zones.ServedFromFile, _zones.Guard.Held);
        if (_routes is not null) yield return Snapshot("routes", _routes.Count, _routes.ServedFromFile, _routes.Guard.Held);
        if (_reconciler is not null) yield return Reconciling(_reconciler.Status);
        if (_reconciler?.Status.HeldByOthers is { Count: > 0 } held)
            yield return Condition.Strained("domains", $"Not managed by this node, nor announced, because somebody else holds them: {string.Join(", ", held.Select(it => $"{it.Key} ({it.Value})"))}. Take them out of the option 'domains', or let their holders give them up.");
    }

    /// <summary>For how long each snapshot may have fallen behind Redis: nothing while changes are followed. One that was never filled is left out.</summary>
    public IEnumerable<(string Name, TimeSpan Age)> SnapshotAges()
    {
        if (_zones is not null && AgeOf(_zones.ServedFromFile) is { } zones) yield return ("zones", zones);
        if (_routes is not null && AgeOf(_routes.ServedFromFile) is { } routes) yield return ("routes", routes);
    }

    /// <summary>When each certificate that is shown ends.</summary>
    public IEnumerable<(string Name, DateTimeOffset End)> CertificateEnds() => _router?.TunnelCertificateEnd is { } end ? [("tunnel", end)] : [];

    /// <summary>The operator's word that what vanished from Redis shall be served no more. Gives what that means, in one line.</summary>
    public string AcceptLoss()
    {
        var accepted = (_zones?.Guard.Accept() ?? 0) + (_routes?.Guard.Accept() ?? 0);
        var isOlder = _feed?.AcceptOlderState() ?? false;
        if (accepted > 0) _feed?.CompareSoon();
        var isNumbered = _explorer?.AcceptLoss() ?? false;
        if (accepted > 0) return $"{accepted} entries that vanished from Redis are served no more.";
        if (isNumbered) return "The explorer takes reservations again, with numbers that nobody had.";
        return isOlder ? "The older state that Redis shows is served from now on." : "Nothing is missing.";
    }

    /// <summary>The operator is about to put a backup of Redis back: until the answer is disposed of nobody puts anything else back. Null where no explorer runs.</summary>
    public async Task<IDisposable?> RestoringAsync(CancellationToken stop) => _explorer is null ? null : await _explorer.RestoringAsync(stop);

    /// <summary>The operator has put a backup of Redis back.</summary>
    public void Restored()
    {
        _explorer?.Restored();
        CompareNow();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _reconciler?.Dispose();
        if (_explorer is not null) await _explorer.DisposeAsync();
        if (_router is not null) await _router.DisposeAsync();
        if (_dns is not null) await _dns.DisposeAsync();
        _routes?.Dispose();
        _http.Dispose();
    }

    private IEnumerable<IChangeReader> Readers()
    {
        if (_zones is not null) yield return _zones;
        if (_routes is not null) yield return _routes;
        if (_reconciler is not null) yield return _reconciler.Doorbell;
    }

    private IEnumerable<Task> Runs(CancellationToken stop)
    {
        yield return _feed!.RunAsync(stop);
        if (_dns is not null) yield return _dns.RunAsync(stop);
        if (_router is not null) yield return _router.RunAsync(stop);
        if (_router is not null) yield return _router.RegisterTunnelsAsync(_redis, _identity!.Id, stop);
        if (_explorer is not null) yield return _explorer.RunAsync(stop);
        if (_reconciler is not null) yield return _reconciler.RunAsync(stop);
    }

    private ReconcileLoop CreateReconciler(Identity identity, LastKnownGood? copy = null)
    {
        var options = _configuration.Reconciler;
        var url = ExplorerAddress.Normalise(options.Explorer ?? new Uri($"http://{_explorer!.Bound[0]}"));
        var client = new ExplorerClient(_http, url, ExplorerSigner.Gateway(identity), time: _time);
        return new ReconcileLoop(options, Describe(identity), _redis, client, url, _time, _logs, copy);
    }

    private ReconciledNode Describe(Identity identity)
    {
        var node = _configuration.Node;
        var tunnels = _router?.TunnelBound ?? [.. _configuration.Router.TunnelListen];
        return new ReconciledNode(identity, node.Domains, node.Nameservers, tunnels is [var first, ..] ? first.Port : 0, $"gateway@{CommandLine.Version}", _dialling)
        {
            Instance = $"{Environment.MachineName}:{_state}",
            Address = node.Address.Length > 0 ? node.Address : OwnAddress(tunnels),
            OwnAddresses = () => _machine.Current,
            OwnServers = _dns?.Bound ?? [],
            TunnelPin = _router?.TunnelPin?.ToString() ?? "",
        };
    }

    private TimeSpan? AgeOf(DateTimeOffset? savedAt)
    {
        if (_feed is { IsCurrent: true }) return TimeSpan.Zero;
        return (_feed?.LastCurrent ?? savedAt) is { } at ? _time.GetUtcNow() - at : null;
    }

    // A node that listens everywhere cannot know by which of its addresses the world reaches it.
    private static string OwnAddress(IReadOnlyList<IPEndPoint> tunnels) =>
        tunnels is [var first, ..] && !first.Address.Equals(IPAddress.Any) && !first.Address.Equals(IPAddress.IPv6Any) ? first.Address.ToString() : "";

    private Condition Snapshot(string name, int count, DateTimeOffset? savedAt, int held) => this switch
    {
        _ when held > 0 => Condition.Strained(name, $"{count} {name}; {held} entries of them are gone from Redis, all at once and for no reason that is known, and are served as they were: restore Redis, or accept the loss with 'gatewayd accept-loss'."),
        { _feed.IsCurrent: true } => Condition.Good(name, $"{count} {name}, as Redis has them."),
        _ when savedAt is { } at => Condition.Strained(name, $"{count} {name} from the last-known-good file of {at:yyyy-MM-dd HH:mm:ss}Z, because Redis has not been read yet."),
        _ when count > 0 || _feed?.LastCurrent is not null => Condition.Strained(name, $"{count} {name} as they were read last, because Redis cannot be read now."),
        _ => Condition.Bad(name, $"No {name} yet: Redis has not been read, and there is no last-known-good file."),
    };

    private Condition Reconciling(ReconcilerStatus status) => status switch
    {
        _ when !_redis.IsConnected => Condition.Strained("reconciler", "Reservations wait for Redis."),
        { StandsBehind: { } other } => Condition.Good("reconciler", $"Stands by: the reconciler {other} writes to this Redis."),
        { IsLoaded: false } => Condition.Bad("reconciler", "The reservations in Redis have not been read yet."),
        { IsRegistered: false, ExplorerFault: null } => Condition.Bad("reconciler", "The explorer has not registered the node yet."),
        { StoreFault: { } fault } => Condition.Strained("reconciler", $"Reservations wait: {fault}"),
        { ExplorerFault: { } fault } => Condition.Strained("reconciler", $"{status.Served} reservations are served; no new ones come: {fault}"),
        { Unreadable: > 0 } => Condition.Strained("reconciler", $"{status.Served} reservations are served; {status.Unreadable} more in Redis cannot be read, or were written or changed by somebody else, and are not believed: the log names them. Find out who else writes to Redis."),
        { EnquiryFault: { } fault } => Condition.Strained("reconciler", $"{status.Served} reservations are served; the explorer does not say of {status.Unconfirmed} of them whether they still stand: {fault}"),
        _ => Condition.Good("reconciler", $"{status.Served} reservations are served, {status.Waiting} reports wait.{Loss(status)}"),
    };

    private static string Loss(ReconcilerStatus status) => status.LostAt is { } at ? $" Redis lost what was written to it at {at:yyyy-MM-dd HH:mm:ss}Z; it was written again." : "";

    private static IEnumerable<(string, IPEndPoint)> Named(string name, IReadOnlyList<IPEndPoint>? endPoints) =>
        endPoints?.Select(endPoint => (name, endPoint)) ?? [];
}

using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router;
using Gateway.Store;
using Gateway.Transport.Tls;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>A running router on loopback ports of its own, with routes put in by the test.</summary>
internal sealed class RouterHarness : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpRouter _router;
    private readonly Task _running;

    public RouterHarness(Action<RouterOptions>? set = null, RouteFeed? feed = null, string? keptCertificate = null)
    {
        var options = new RouterOptions
        {
            TlsListen = [new IPEndPoint(IPAddress.Loopback, 0)],
            HttpListen = [new IPEndPoint(IPAddress.Loopback, 0)],
            TunnelListen = [new IPEndPoint(IPAddress.Loopback, 0)],
            AllowedNetworks = [IPNetwork.Parse("127.0.0.0/8")],
            Drain = TimeSpan.FromMilliseconds(200),
            TunnelReturn = TimeSpan.Zero,
        };
        set?.Invoke(options);
        Assert.Empty(options.Faults());
        Feed = feed ?? new RouteFeed(null, null, TimeProvider.System, Log.CreateLogger<RouteFeed>());
        _router = new TcpRouter(options, Feed, TimeProvider.System, Log, keptCertificate);
        Assert.Empty(_router.Bind());
        _running = Task.Run(() => _router.RunAsync(_stop.Token));
    }

    public LogLines Log { get; } = new();

    public RouteFeed Feed { get; }

    public IPEndPoint Tls => _router.TlsBound[0];

    /// <summary>All listeners for TLS and for HTTP, in the order of the options.</summary>
    public (IReadOnlyList<IPEndPoint> Tls, IReadOnlyList<IPEndPoint> Http) Visitors => (_router.TlsBound, _router.HttpBound);

    public IPEndPoint Http => _router.HttpBound[0];

    public IPEndPoint Tunnels => _router.TunnelBound[0];

    /// <summary>The tunnel clients that are connected.</summary>
    public IReadOnlyList<TunnelFacts> Facts => _router.Tunnels;

    /// <summary>As SIGHUP does.</summary>
    public void ReloadCertificate() => _router.ReloadCertificate();

    /// <summary>Cuts a tunnel client off, as the operator would.</summary>
    public bool Drop(long session) => _router.DropTunnel(session);

    /// <summary>The connections that are served now; each has one task.</summary>
    public int Running => _router.Running;

    /// <summary>What visitors moved.</summary>
    public HostTraffic Traffic => _router.Traffic;

    /// <summary>What tunnel clients pin.</summary>
    public KeyPin Pin => _router.TunnelPin!.Value;

    public Task RegisterTunnelsAsync(RedisConnection redis, string node, CancellationToken stop) => _router.RegisterTunnelsAsync(redis, node, stop);

    public void Dial(string host, IPEndPoint to) => Put(host, new Target.Dial(to.Address.ToString(), to.Port, to.Port));

    public void Tunnel(string host, string secret) => Put(host, new Target.Tunnel(new Secret(secret)));

    public void Put(string host, Target target, RouteRules? rules = null) =>
        Feed.Table.Put(new Route(DomainName.Parse(host), target, "7") { Rules = rules ?? RouteRules.Default });

    public void Protect(IPEndPoint port) => _router.Protect([port]);

    public void Delete(string host) => Feed.Table.Remove(DomainName.Parse(host));

    public static async Task<Socket> ConnectAsync(IPEndPoint to)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to);
        return socket;
    }

    /// <summary>The first log line that holds all of these.</summary>
    public async Task<string> LineAsync(params string[] parts)
    {
        string? line = null;
        await Eventually.TrueAsync(
            () => (line = Log.Lines.FirstOrDefault(it => parts.All(part => it.Contains(part, StringComparison.Ordinal)))) is not null,
            () => $"a log line with {string.Join(", ", parts)} among\n{string.Join('\n', Log.Lines)}");
        return line!;
    }

    public Task StopAsync()
    {
        _stop.Cancel();
        return _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await _router.DisposeAsync();
        Feed.Dispose();
        _stop.Dispose();
        Assert.DoesNotContain(Log.Lines, line => line.Contains("defect", StringComparison.Ordinal));
    }
}

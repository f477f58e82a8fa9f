using System.Net;
using Gateway.Model.Options;
using Gateway.Model.Routes;

namespace Gateway.Router;

/// <summary>What an operator can say about the router.</summary>
public sealed class RouterOptions : ICheckedOptions
{
    /* No visitor waits longer for a page, whatever comes. */
    private static readonly TimeSpan MostPatience = TimeSpan.FromMinutes(10);

    [Option("Where visitors' TLS connections are taken and routed by server name; empty: nowhere.")]
    public IReadOnlyList<IPEndPoint> TlsListen { get; set; } = [new(IPAddress.Loopback, 8443)];

    [Option("Where visitors' HTTP requests are taken and routed by host; empty: nowhere.")]
    public IReadOnlyList<IPEndPoint> HttpListen { get; set; } = [new(IPAddress.Loopback, 8080)];

    [Option("Where tunnel clients connect; empty: nowhere.")]
    public IReadOnlyList<IPEndPoint> TunnelListen { get; set; } = [new(IPAddress.Loopback, 18000)];

    [Option("The certificate of the tunnel listeners, a PEM file with its chain, read again on SIGHUP; empty: one that the node makes and keeps in its state directory. Clients pin its key.")]
    public string TunnelCertificate { get; set; } = "";

    [Option("The private key of tunnel_certificate, a PEM file; empty: it stands in the certificate's file.")]
    public string TunnelKey { get; set; } = "";

    [Option("Let a second gatewayd of the same user listen on the same ports (SO_REUSEPORT), so that a new one can be started before the old one is stopped where no service manager holds the sockets. Both share the visitors meanwhile; a mistaken second start is not noticed.")]
    public bool SharedPorts { get; set; }

    [Option("Take tunnel clients without TLS too; clients of the old protocol have none. Their secrets and what their visitors say over HTTP can be read on the way.")]
    public bool TunnelPlain { get; set; } = true;

    [Option("A JSON file with routes of the operator's own (docs/routes.md), read again on SIGHUP; they come before those of Redis, and the address policy is not asked about them. Empty: none.")]
    public string Routes { get; set; } = "";

    [Option("Networks of proxies in front of the TLS listeners that listener_proxies does not name: they must send a PROXY header (version 1 or 2) and are believed; nobody else may.")]
    public IReadOnlyList<IPNetwork> TlsProxies { get; set; } = [];

    [Option("Networks of proxies in front of the HTTP listeners that listener_proxies does not name: they must send a PROXY header (version 1 or 2) and are believed; nobody else may.")]
    public IReadOnlyList<IPNetwork> HttpProxies { get; set; } = [];

    [Option("The proxies of single listeners: a listener's address, an equals sign, and a network or the word nobody. A listener that is named trusts these alone, instead of tls_proxies or http_proxies; port 0 means every port of the address.")]
    public IReadOnlyList<ListenerProxy> ListenerProxies { get; set; } = [];

    [Option("The port that visitors use for HTTPS, for redirects to it.", Minimum = 1, Maximum = 65535)]
    public int HttpsPort { get; set; } = 443;

    [Option("Networks that routes may point to although they are private, local or otherwise not public.")]
    public IReadOnlyList<IPNetwork> AllowedNetworks { get; set; } = [];

    [Option("Addresses that lead to this machine although none of its interfaces has them, as behind a translating router; routes may not lead back here.")]
    public IReadOnlyList<IPAddress> OwnAddresses { get; set; } = [];

    [Option("Ports that are never dialled, whatever a route says.", Minimum = 1, Maximum = 65535)]
    public IReadOnlyList<int> RefusedPorts { get; set; } = AddressPolicy.DefaultRefusedPorts;

    [Option("Visitors served at once on one listener; more wait in the kernel's queue.", Minimum = 1, Maximum = 1_000_000)]
    public int MaxConnections { get; set; } = 60_000;

    [Option("Visitors of one address served at once, on all TLS and HTTP listeners together (an IPv6 /64 counts as one); more are closed.", Minimum = 1)]
    public int ConnectionsPerAddress { get; set; } = 10_000;

    [Option("Bytes of TLS hellos held for one address until their upstreams have them; those of up to 2 KiB do not count (an IPv6 /64 counts as one).", Unit = "bytes", Minimum = 16384)]
    public long HelloBytesPerAddress { get; set; } = 256 * 1024;

    [Option("How long a visitor may take to say which host it wants.")]
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Option("How long resolving and connecting to an upstream may take, all its addresses together.")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Option("A relayed connection or WebSocket on which nothing moves for this long is cut.")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromHours(1);

    [Option("A visitor or upstream that takes less than 128 bytes a second of what waits for it, for this long, is cut: the data of a paused download is not held for ever.")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(5);

    [Option("An HTTP request during which nothing moves for this long is given up with 504.")]
    public TimeSpan HttpTimeout { get; set; } = TimeSpan.FromSeconds(100);

    [Option("How long an HTTP visitor who has ended his side after his request is waited for while he takes nothing: he may want the answer, or have left, and TCP does not tell. Zero: he has left, and his request ends at once.")]
    public TimeSpan HalfClosed { get; set; } = TimeSpan.FromSeconds(30);

    [Option("How long a tunnel client may take to prove its secret.")]
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Option("How often a tunnel client is asked for a sign of life; one that gives none for 2.4 times as long is gone.")]
    public TimeSpan TunnelHeartbeat { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the stream ids of tunnels begin, for tests of their end.</summary>
    internal uint? FirstStream { get; set; }

    [Option("Tunnel clients connected at once.", Minimum = 1, Maximum = 1_000_000)]
    public int MaxTunnels { get; set; } = 20_000;

    [Option("Tunnel clients connected at once from one address (an IPv6 /64 counts as one).", Minimum = 1)]
    public int TunnelsPerAddress { get; set; } = 256;

    [Option("Tunnel clients that share one secret and take turns; one more displaces the oldest.", Minimum = 1)]
    public int TunnelsPerSecret { get; set; } = 8;

    [Option("Let tunnel clients dial a connection of its own for each visitor who speaks TLS, so that the kernel carries his bytes.")]
    public bool TunnelDirect { get; set; } = true;

    [Option("Tunnel clients let in a second; when more come at once, after a restart, they wait in turn.", Minimum = 1, Maximum = 100_000)]
    public int TunnelHandshakesPerSecond { get; set; } = 200;

    [Option("Tunnel clients let in a second from one address (an IPv6 /64 counts as one), beyond a burst of tunnels_per_address.", Minimum = 1, Maximum = 100_000)]
    public int TunnelHandshakesPerAddress { get; set; } = 20;

    [Option("After a start, how long visitors of a tunnel wait for its client to come back, instead of being told that it is away.")]
    public TimeSpan TunnelReturn { get; set; } = TimeSpan.FromSeconds(3);

    [Option("How long a stop waits for running connections before it cuts them.")]
    public TimeSpan Drain { get; set; } = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public IEnumerable<OptionFault> Faults()
    {
        foreach (var (name, value) in Timeouts)
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(7)) yield return $"{name} is {value}: give a time above zero and up to seven days.";
        if (HalfClosed < TimeSpan.Zero || HalfClosed > TimeSpan.FromDays(7)) yield return $"half_closed is {HalfClosed}: give zero up to seven days.";
        if (Drain < TimeSpan.Zero) yield return $"drain is {Drain}: give zero or more.";
        if (TunnelReturn < TimeSpan.Zero || TunnelReturn > MostPatience) yield return $"tunnel_return is {TunnelReturn}: give zero up to ten minutes.";
        if (TunnelKey.Length > 0 && TunnelCertificate.Length == 0) yield return "tunnel_key is given without tunnel_certificate: name the certificate that it belongs to.";
        foreach (var fault in new StaticRoutes(Routes).Load()) yield return fault;
        var taken = new HashSet<IPEndPoint>();
        foreach (var (name, endPoint) in Listeners)
            if (endPoint.Port != 0 && !taken.Add(endPoint)) yield return new OptionFault($"{name}: {endPoint} is named twice among the router's listeners: give each its own port.") { Because = ["router.tls_listen", "router.http_listen", "router.tunnel_listen"] };
    }

    /// <summary>Which addresses and ports are dialled on a tenant's word.</summary>
    public AddressPolicy DialPolicy => new(AllowedNetworks, RefusedPorts);

    /// <summary>How long a connection of a route may be silent.</summary>
    internal TimeSpan IdleOf(RouteRules rules) => rules.IdleSeconds > 0 ? TimeSpan.FromSeconds(rules.IdleSeconds) : IdleTimeout;

    /// <summary>How long one side of a connection of a route may take next to nothing of what waits for it.</summary>
    internal TimeSpan StallOf(RouteRules rules) => rules.StallSeconds > 0 ? TimeSpan.FromSeconds(rules.StallSeconds) : StallTimeout;

    private IEnumerable<(string Name, IPEndPoint At)> Listeners =>
        [.. TlsListen.Select(at => ("tls_listen", at)), .. HttpListen.Select(at => ("http_listen", at)), .. TunnelListen.Select(at => ("tunnel_listen", at))];

    private (string Name, TimeSpan Value)[] Timeouts =>
    [
        ("hello_timeout", HelloTimeout), ("connect_timeout", ConnectTimeout), ("idle_timeout", IdleTimeout), ("stall_timeout", StallTimeout),
        ("http_timeout", HttpTimeout), ("handshake_timeout", HandshakeTimeout), ("tunnel_heartbeat", TunnelHeartbeat),
    ];
}

using System.Net;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Model.Options;

namespace Gateway.Dns;

/// <summary>How the name server behaves. Limits follow the recommendations of RFC 7766, RFC 8482 and the DNS flag days.</summary>
public sealed partial class DnsOptions : ICheckedOptions
{
    /// <summary>More than these are not put into an answer.</summary>
    public const int MostNameServers = NameCompiler.MostNameServers;

    /// <summary>Addresses to listen on.</summary>
    [Option("Addresses and ports on which DNS queries are answered, by UDP and TCP alike.")]
    public IReadOnlyList<IPEndPoint> Listen { get; set; } = [new(IPAddress.Loopback, 8053)];

    /// <summary>
    /// Names of this gateway's name servers: the NS records of every zone that has none of its own; the first one also stands
    /// in the SOA. The node sets them, because they are told to users as well.
    /// </summary>
    public IReadOnlyList<DomainName> NameServers { get; set; } = [];

    /// <summary>Mailbox of zones without SOA.</summary>
    [Option("Mailbox in the SOA of zones that have none, with a dot for the @ (hostmaster.example.org). The root stands for hostmaster in the zone itself.")]
    public DomainName Hostmaster { get; set; }

    /// <summary>TTL of records that carry none.</summary>
    [Option("TTL of records that carry none.", Unit = "s", Minimum = 1, Maximum = 604_800)]
    public TimeSpan DefaultTtl { get; set; } = TimeSpan.FromSeconds(300);

    /// <summary>Longest TTL.</summary>
    [Option("Longest TTL that is served, whatever a record says.", Unit = "s", Minimum = 1, Maximum = 604_800)]
    public TimeSpan MaximumTtl { get; set; } = TimeSpan.FromSeconds(300);

    /// <summary>TTL of denials.</summary>
    [Option("How long resolvers may remember that a name does not exist, in zones without a SOA of their own. Short, so that a name that is reserved after somebody asked for it is soon found.", Unit = "s", Minimum = 0, Maximum = 86_400)]
    public TimeSpan NegativeTtl { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest UDP answer.</summary>
    [Option("Longest UDP answer; what is longer is truncated and asked for again by TCP.", Unit = "octets", Minimum = 512, Maximum = 4_096)]
    public int UdpSize { get; set; } = 1_232;

    /// <summary>Threads per address.</summary>
    [Option("Threads that answer UDP queries, for each address; 0 for one per core.", Minimum = 0, Maximum = 256)]
    public int UdpThreads { get; set; }

    /// <summary>Pause of a busy thread.</summary>
    [Option("How long a busy UDP thread lets queries gather before it answers them together, which takes a quarter off their cost; 0 for never. Nothing waits when little goes on.", Unit = "µs", Minimum = 0, Maximum = 1_000)]
    public int UdpGather { get; set; } = 200;

    /// <summary>TCP connections.</summary>
    [Option("TCP connections at once, for each address listened on.", Minimum = 1, Maximum = 100_000)]
    public int TcpConnections { get; set; } = 1_000;

    /// <summary>TCP connections per client.</summary>
    [Option("TCP connections at once of one client address.", Minimum = 1, Maximum = 100_000)]
    public int TcpConnectionsPerClient { get; set; } = 32;

    /// <summary>Idle deadline.</summary>
    [Option("How long a TCP client may say nothing before its connection is closed.", Unit = "s", Minimum = 0.1, Maximum = 3_600)]
    public TimeSpan TcpIdle { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Stall deadline.</summary>
    [Option("How long a TCP client may take to send one query, or to read an answer.", Unit = "s", Minimum = 0.1, Maximum = 600)]
    public TimeSpan TcpStall { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>RRL.</summary>
    [Option("UDP responses per second to one network (/24 or /56) about one zone, for clients without a valid cookie; 0 for no limit.", Unit = "1/s", Minimum = 0, Maximum = 16_000)]
    public int RateLimit { get; set; } = 100;

    /// <summary>RRL slip.</summary>
    [Option("Every n-th response over the rate limit is sent truncated, so that real clients come back by TCP; 0 for none.", Minimum = 0, Maximum = 100)]
    public int RateLimitSlip { get; set; } = 2;

    /// <summary>RRL exemption.</summary>
    [Option("Networks whose clients are not rate limited.")]
    public IReadOnlyList<IPNetwork> RateLimitExempt { get; set; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Cookie secret.</summary>
    [Option("Secret of the DNS cookies, 32 hexadecimal digits, the same on all nodes that share an address; empty for a new one at each start.")]
    public Secret CookieSecret { get; set; }

    /// <summary>Previous cookie secret.</summary>
    [Option("The cookie secret before this one: cookies made with it are still accepted, so that secrets can be changed without a gap.")]
    public Secret PreviousCookieSecret { get; set; }

    /// <summary>BADCOOKIE.</summary>
    [Option("Answer UDP clients that send a cookie without ours in it, or with a wrong one, with BADCOOKIE and a good one, so that they ask again. For a server under attack: it costs each such client a round trip.")]
    public bool RequireCookies { get; set; }

    /// <summary>NSID.</summary>
    [Option("What is told to clients that ask which server answers (NSID); empty for nothing.")]
    public string Nsid { get; set; } = "";

    /// <inheritdoc/>
    public IEnumerable<OptionFault> Faults()
    {
        if (Listen.Count == 0) yield return "listen: name at least one address and port.";
        if (!IsSecret(CookieSecret)) yield return "cookie_secret: write 32 hexadecimal digits, as `openssl rand -hex 16` prints them.";
        if (!IsSecret(PreviousCookieSecret)) yield return "previous_cookie_secret: write 32 hexadecimal digits, or leave it empty.";
        if (Nsid.Length > 64) yield return "nsid: at most 64 characters.";
        foreach (var fault in TransferFaults()) yield return fault;
        foreach (var fault in ForwardFaults()) yield return fault;
    }

    /// <summary>What zones do not say themselves.</summary>
    internal ZoneDefaults ZoneDefaults => new()
    {
        Ttl = Seconds(DefaultTtl),
        MaximumTtl = Seconds(MaximumTtl),
        NegativeTtl = Seconds(NegativeTtl),
        NameServers = new(NameServers),
        Hostmaster = Hostmaster,
        IsTransferable = !TransferPolicy.IsClosed,
    };

    private static uint Seconds(TimeSpan time) => (uint)Math.Clamp(time.TotalSeconds, 0, int.MaxValue);

    private static bool IsSecret(Secret secret) =>
        secret.IsEmpty || (secret.Reveal() is { Length: 2 * Cookies.SecretLength } hex && hex.All(char.IsAsciiHexDigit));
}

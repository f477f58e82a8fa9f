using System.Net;
using Gateway.Model.Options;

namespace Gateway.Explorer;

/// <summary>Options of the reservation API.</summary>
public sealed class ExplorerOptions : ICheckedOptions
{
    /// <summary>Addresses to listen on; port 0 takes any free one.</summary>
    [Option("Addresses and ports the reservation API listens on (HTTP; put a TLS proxy before it when others than this machine use it).")]
    public IReadOnlyList<IPEndPoint> Listen { get; set; } = [new IPEndPoint(IPAddress.Loopback, 8090)];

    /// <summary>Largest request body.</summary>
    [Option("Largest request body.", Unit = "octets", Minimum = 4096, Maximum = 16 * 1024 * 1024)]
    public int BodyLimit { get; set; } = 256 * 1024;

    /// <summary>Connections at once.</summary>
    [Option("Connections served at once; more are closed.", Minimum = 1, Maximum = 1_000_000)]
    public int ConnectionLimit { get; set; } = 2000;

    /// <summary>How long a request may take, its body included.</summary>
    [Option("How long one request may take, reading its body included.", Unit = "seconds", Minimum = 1, Maximum = 300)]
    public TimeSpan RequestDeadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests per second and address.</summary>
    [Option("Requests per second that one address (IPv6: one /64) may make; four times as many in a burst. 0: no limit.", Unit = "requests per second", Minimum = 0, Maximum = 1_000_000)]
    public int RatePerAddress { get; set; } = 50;

    /// <summary>Networks without that limit.</summary>
    [Option("Networks whose requests are not limited by address. When a proxy on this machine forwards the requests of others, name it in trusted_proxies, or leave 127.0.0.0/8 out here.")]
    public IReadOnlyList<IPNetwork> RateExempt { get; set; } = [new IPNetwork(IPAddress.Parse("127.0.0.0"), 8), new IPNetwork(IPAddress.IPv6Loopback, 128)];

    /// <summary>Requests per second and key.</summary>
    [Option("Requests per second that one user may sign with his key, from whatever addresses; four times as many in a burst. Requests that gateways sign are not limited by it: they report thousands of results at once. 0: no limit.", Unit = "requests per second", Minimum = 0, Maximum = 1_000_000)]
    public int RatePerKey { get; set; } = 50;

    /// <summary>Proxies whose word about a request's sender is taken.</summary>
    [Option("Networks of proxies in front of the API, whose X-Forwarded-For is believed: the last address in it that is in none of these networks is the sender's, for the rate per address and in the log. Nobody else is believed. A proxy must add the address to the header or write the header anew.")]
    public IReadOnlyList<IPNetwork> TrustedProxies { get; set; } = [];

    /// <summary>How old a request's signature may be.</summary>
    [Option("How far a request's signature may be from this machine's clock, before or after. 0: any age, as the original explorer did, which lets anybody replay what he overheard.", Unit = "seconds", Minimum = 0)]
    public TimeSpan SignatureTolerance { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether gateways' reports are checked.</summary>
    [Option("Accept results and deletions only from the gateway they are about (by its signature on the result or on the request). Off: from anybody, as the original explorer did.")]
    public bool VerifyReports { get; set; } = true;

    /// <summary>Workloads a user may have at once.</summary>
    [Option("Workloads that one user may have at once, deleted ones not counted. 0: no limit.", Minimum = 0)]
    public int WorkloadsPerUser { get; set; } = 10_000;

    /// <summary>Workloads a user may make in a minute.</summary>
    [Option("Workloads that one user may make in a minute, from whatever addresses and at however many servers over one Redis; as fast as rate_per_key lets him. 0: no limit.", Unit = "1/min", Minimum = 0, Maximum = 1_000_000)]
    public int ReservationsPerMinute { get; set; } = 3_000;

    /// <summary>Pools a user may have.</summary>
    [Option("Pools that one user may have. 0: no limit.", Minimum = 0)]
    public int PoolsPerUser { get; set; } = 100;

    /// <summary>Gateways in the directory.</summary>
    [Option("Gateways that the directory holds at most; each list of them reads all. 0: no limit.", Minimum = 0)]
    public int GatewayLimit { get; set; } = 10_000;

    /// <summary>Whom to ask about contested domains.</summary>
    [Option("Resolvers that are asked whose a managed domain is when several gateways announce it, each with its port (192.0.2.53:53); empty: those of /etc/resolv.conf.")]
    public IReadOnlyList<IPEndPoint> Resolvers { get; set; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionFault> Faults()
    {
        if (Listen.Count == 0) yield return "listen names no address: name one, or leave the role explorer out.";
    }
}

using System.Net;
using Gateway.Model.Options;
using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler;

/// <summary>What an operator can say about the reconciler.</summary>
public sealed class ReconcilerOptions : ICheckedOptions
{
    /// <summary>The explorer to work for.</summary>
    [Option("The reservation API to work for, https://explorer.example.org; empty: the one that this process runs itself.")]
    public Uri? Explorer { get; set; }

    /// <summary>The farm in the directory.</summary>
    [Option("Id of the farm under which the gateway is listed.", Minimum = 1)]
    public long Farm { get; set; } = 1;

    /// <summary>City in the directory.</summary>
    [Option("City in which the gateway is listed.")]
    public string City { get; set; } = "Unknown";

    /// <summary>Country in the directory.</summary>
    [Option("Country in which the gateway is listed.")]
    public string Country { get; set; } = "Unknown";

    /// <summary>Continent in the directory.</summary>
    [Option("Continent on which the gateway is listed.")]
    public string Continent { get; set; } = "Unknown";

    /// <summary>Degrees north.</summary>
    [Option("Degrees north of the gateway's place.", Minimum = -90, Maximum = 90)]
    public double Latitude { get; set; }

    /// <summary>Degrees east.</summary>
    [Option("Degrees east of the gateway's place.", Minimum = -180, Maximum = 180)]
    public double Longitude { get; set; }

    /// <summary>Whether unpaid capacity will do.</summary>
    [Option("Offer the gateway to users without paid capacity.")]
    public bool FreeToUse { get; set; }

    /// <summary>Time between polls.</summary>
    [Option("How often the explorer is asked for reservations when nothing says that there are any.")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between full comparisons.</summary>
    [Option("How often everything the explorer knows and everything in Redis is compared and repaired.")]
    public TimeSpan ResyncInterval { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Time between reports that the gateway lives.</summary>
    [Option("How often the explorer is told that the gateway is alive.")]
    public TimeSpan UptimeInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Calls at once.</summary>
    [Option("Results that are reported to the explorer at once.", Minimum = 1, Maximum = 256)]
    public int ReportsAtOnce { get; set; } = 16;

    /// <summary>Labels that nobody may claim under a managed domain.</summary>
    [Option("Labels that nobody may reserve under a managed domain, because clients trust names that carry them.")]
    public IReadOnlyList<string> ReservedLabels { get; set; } =
    [
        "_acme-challenge", "_dmarc", "_mta-sts", "_sish", "autoconfig", "autodiscover", "isatap", "localhost", "mta-sts", "wpad",
    ];

    /// <summary>How long a released name rests.</summary>
    [Option("How long a name that a user gave up rests before another user may have it; he himself gets it back at once. 0: it does not rest.", Unit = "s", Minimum = 0, Maximum = 30 * 24 * 3600)]
    public TimeSpan Quarantine { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Who may have a host that lies outside the managed domains.</summary>
    [Option("Who may have the visitors of a host outside the managed domains: proof (whoever shows by a delegation of his domain, a TXT record, an alias or its addresses that it is his) or firstcome.")]
    public ForeignHosts ForeignHosts { get; set; } = ForeignHosts.Proof;

    /// <summary>Time between two looks at a proof.</summary>
    [Option("How often the proof of such a host is looked at again. 0: never.", Unit = "s", Minimum = 0, Maximum = 30 * 24 * 3600)]
    public TimeSpan ProofInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a proof may be gone.</summary>
    [Option("How long a proof may be gone from the DNS before its host's visitors are not carried any more. A proof that cannot be looked up is not gone.", Unit = "s", Minimum = 0, Maximum = 365 * 24 * 3600)]
    public TimeSpan ProofGrace { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Sub-domains of one user.</summary>
    [Option("Sub-domains that one user may have on this gateway. 0: no limit.", Minimum = 0)]
    public int SubdomainsPerUser { get; set; } = 10_000;

    /// <summary>Proxies of one user.</summary>
    [Option("Proxies that one user may have on this gateway. 0: no limit.", Minimum = 0)]
    public int ProxiesPerUser { get; set; } = 10_000;

    /// <summary>Tunnels of one user.</summary>
    [Option("Tunnels that one user may have on this gateway. 0: no limit.", Minimum = 0)]
    public int TunnelsPerUser { get; set; } = 10_000;

    /// <summary>Delegated domains of one user.</summary>
    [Option("Delegated domains that one user may have on this gateway. 0: no limit.", Minimum = 0)]
    public int DomainsPerUser { get; set; } = 1_000;

    /// <summary>Names of one user.</summary>
    [Option("Different names that one user may have on this gateway, of whatever kind. 0: no limit.", Minimum = 0)]
    public int NamesPerUser { get; set; } = 10_000;

    /// <summary>Reservations of one user in one minute.</summary>
    [Option("Reservations that one user may make on this gateway in one minute of the explorer's clock, those that he gives back or that are refused counted too. It does not hold for the explorer of this process, which has explorer.reservations_per_minute. 0: no limit.", Unit = "1/min", Minimum = 0, Maximum = 1_000_000)]
    public int ReservationsPerMinute { get; set; } = 6_000;

    /// <summary>Whom to ask for proofs.</summary>
    [Option("Resolvers that are asked for such proofs, each with its port (192.0.2.53:53); empty: those of /etc/resolv.conf.")]
    public IReadOnlyList<IPEndPoint> Resolvers { get; set; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionFault> Faults()
    {
        if (Explorer is { } url && url.Scheme is not ("http" or "https")) yield return $"explorer is '{url}': give an address like https://explorer.example.org.";
        if (Latitude == 0 && Longitude == 0 && City.Length + Country.Length + Continent.Length == 0) yield return new OptionFault("city, country and continent are all empty, and no explorer lists a gateway without a place: give one of them.") { Because = ["reconciler.country", "reconciler.continent"] };
        foreach (var (name, value) in ((string, TimeSpan)[])[("poll_interval", PollInterval), ("resync_interval", ResyncInterval), ("uptime_interval", UptimeInterval)])
            if (value < TimeSpan.FromMilliseconds(100) || value > TimeSpan.FromDays(1)) yield return $"{name} is {value}: give a time from 0.1 seconds to one day.";
    }
}

using System.Net;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Waiting;

/// <summary>
/// Whether what a reservation promises has come true for the world: the gateway's name servers answer the name, and a visitor who comes
/// by TLS or by HTTP reaches the service.
/// </summary>
/// <param name="names">The gateway's name servers.</param>
/// <param name="entrances">Where visitors come in, when that is not at the usual ports of the host's addresses.</param>
/// <param name="time">The clock.</param>
internal sealed class Arrival(NameWatch names, Entrances entrances, TimeProvider time)
{
    private const int HttpsPort = 443;
    private const int HttpPort = 80;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>How long one visitor waits.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Looks until the reservation stands, or gives what is missing at the deadline. It looks once at least.</summary>
    public async Task<Sighting> WaitAsync(Workload reserved, DomainName name, TimeSpan deadline, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var seen = await LookAsync(reserved, name, stop);
            if (seen.IsUp || time.GetElapsedTime(began) >= deadline) return seen;
            await Task.Delay(LookAgain, time, stop);
        }
    }

    private Task<Sighting> LookAsync(Workload reserved, DomainName name, CancellationToken stop) => reserved.WorkloadType switch
    {
        WorkloadType.DomainDelegate => names.ZoneAsync(name, stop),
        WorkloadType.Subdomain => names.AddressesAsync(name, [.. (reserved.Ips ?? []).Select(IPAddress.Parse)], stop),
        WorkloadType.Proxy => VisitAsync(name, byTls: reserved.PortTls > 0, byHttp: reserved.Port > 0, stop),
        _ => VisitAsync(name, byTls: true, byHttp: true, stop),
    };

    // One way in is enough: not every service speaks both. What HTTP says is the clearer word.
    private async Task<Sighting> VisitAsync(DomainName host, bool byTls, bool byHttp, CancellationToken stop)
    {
        var (name, addresses) = await names.FindAsync(host, stop);
        if (!name.IsUp) return name;
        var last = name;
        foreach (var address in addresses)
        {
            var tls = byTls ? await TlsKnock.VisitAsync(entrances.Tls ?? new IPEndPoint(address, HttpsPort), host, Patience, stop) : null;
            if (tls is { IsUp: true }) return tls;
            var http = byHttp ? await HttpKnock.VisitAsync(entrances.Http ?? new IPEndPoint(address, HttpPort), host, Patience, stop) : null;
            if (http is { IsUp: true }) return http;
            last = http is null || (http.Reason is "entrance_closed" or "unknown_host" && tls is not null) ? tls! : http;
        }

        return last;
    }
}

/// <summary>Where visitors come in on a node with other ports than the usual ones; null for those.</summary>
internal sealed record Entrances(IPEndPoint? Tls, IPEndPoint? Http);

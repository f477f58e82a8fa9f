using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Reconciler.Proving;
using Microsoft.Extensions.Logging;

namespace Gateway.Reconciler;

/// <summary>
/// The gateway's entry in the explorer's directory: made once the name server serves its zones, kept alive by reports of its uptime,
/// and made again when the explorer forgot it. Nothing else waits for it.
/// </summary>
internal sealed partial class Registration(ReconciledNode node, ReconcilerOptions options, ServedProofs proofs, ExplorerClient explorer, TimeProvider time, ILogger<Registration> log)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>Counters are told at most this often, for nothing depends on them.</summary>
    private static readonly TimeSpan CountersEvery = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _zonesStand = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IReadOnlyList<DomainName> _domains = [];
    private IReadOnlyList<DomainName> _announced = [];
    private WorkloadAmount _served = new();
    private int _isDoubtful;

    /// <summary>True while the explorer's directory lists this gateway, as far as we know.</summary>
    public bool IsRegistered { get; private set; }

    /// <summary>
    /// These domains stand in Redis as this gateway's, with the proof that the explorer looks for: no others are announced, for it refuses
    /// an entry with one that is not. Where the directory shows others, it is told anew.
    /// </summary>
    public void Announce(IReadOnlyList<DomainName> domains)
    {
        if (!domains.SequenceEqual(_domains)) _domains = domains;
        _zonesStand.TrySetResult();
    }

    /// <summary>The explorer may have lost its directory: it is told again soon that the gateway lives, and asked to list it when it does not know it.</summary>
    public void Again() => Volatile.Write(ref _isDoubtful, 1);

    /// <summary>How many reservations of each kind are served now.</summary>
    public void Serve(WorkloadAmount served) => Volatile.Write(ref _served, served);

    /// <summary>Registers and reports until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await _zonesStand.Task.WaitAsync(stop);
        while (!stop.IsCancellationRequested)
        {
            await RegisterAsync(stop);
            await ReportAsync(stop);
            IsRegistered = false;
        }
    }

    /// <summary>Tries until the explorer takes it; says so once for each new reason.</summary>
    private async Task RegisterAsync(CancellationToken stop)
    {
        var backoff = new Pauses(FirstPause, LongestPause);
        var reason = "";
        while (await RefusalAsync(stop) is { } refusal)
        {
            if (refusal != reason) NotRegistered(refusal);
            reason = refusal;
            await Task.Delay(backoff.Next(), time, stop);
        }

        IsRegistered = true;
        Registered(node.Identity.Id);
    }

    // Explorers ask the DNS for the proof, and what they hear once, their resolvers remember.
    private async Task<string?> RefusalAsync(CancellationToken stop)
    {
        _announced = _domains;
        return await proofs.MissingAsync(_announced, stop) ??
            (await explorer.RegisterGatewayAsync(Entry(), stop)).Match<string?>(_ => null, refused => refused.ToString(), unreachable => unreachable.ToString());
    }

    /// <summary>Ends when the explorer does not know the gateway any more, or has to be told of other domains.</summary>
    private async Task ReportAsync(CancellationToken stop)
    {
        var told = new WorkloadAmount();
        var due = time.GetUtcNow();
        var reason = "";
        while (ReferenceEquals(_announced, _domains))
        {
            if (Interlocked.Exchange(ref _isDoubtful, 0) == 1 || time.GetUtcNow() >= due)
            {
                var outcome = await explorer.ReportUptimeAsync(node.Identity.Id, Uptime(), stop);
                if (outcome is ExplorerOutcome<Accepted>.Refused { Status: 404 }) return;
                var refusal = outcome is ExplorerOutcome<Accepted>.Refused ? outcome.ToString()! : "";
                if (refusal.Length > 0 && refusal != reason) NotTold(refusal);
                reason = refusal;
                due = time.GetUtcNow() + (outcome is ExplorerOutcome<Accepted>.Ok ? options.UptimeInterval : CountersEvery);
            }

            var served = Volatile.Read(ref _served);
            if (served != told && await TellAsync(served, stop)) told = served;
            await Task.Delay(CountersEvery < options.UptimeInterval ? CountersEvery : options.UptimeInterval, time, stop);
        }
    }

    private async Task<bool> TellAsync(WorkloadAmount served, CancellationToken stop)
    {
        var resources = new ReservedResources { Proxy = served.Proxy, ReverseProxy = served.ReverseProxy, Subdomain = served.Subdomain, DelegateDomain = served.DelegateDomain };
        return await explorer.ReportReservedResourcesAsync(node.Identity.Id, resources, stop) is ExplorerOutcome<Accepted>.Ok;
    }

    private GatewayNode Entry() => new()
    {
        NodeId = node.Identity.Id,
        Address = node.Address,
        FarmId = options.Farm,
        OsVersion = node.Version,
        Uptime = (long)Uptime().TotalSeconds,
        Location = new GatewayLocation { City = options.City, Country = options.Country, Continent = options.Continent, Latitude = options.Latitude, Longitude = options.Longitude },
        PublicKeyHex = node.Identity.PublicKey.Hex,
        Workloads = Volatile.Read(ref _served),
        ManagedDomains = [.. _announced.Select(it => it.ToString())],
        TcpRouterPort = node.TunnelPort,
        TunnelPin = node.TunnelPin.Length > 0 ? node.TunnelPin : null,
        DnsNameserver = [.. node.NameServers.Select(it => it.ToString())],
        FreeToUse = options.FreeToUse,
    };

    // On Linux the ticks count from the start of the host: that is what the directory shows.
    private static TimeSpan Uptime() => TimeSpan.FromMilliseconds(Environment.TickCount64);

    [LoggerMessage(3201, LogLevel.Information, "The explorer lists this gateway as {Identity}")]
    private partial void Registered(string identity);

    [LoggerMessage(3202, LogLevel.Warning, "The explorer does not list this gateway: {Reason}; trying again in the background")]
    private partial void NotRegistered(string reason);

    [LoggerMessage(3203, LogLevel.Warning, "The explorer does not take it that this gateway lives: {Reason}; trying again in the background")]
    private partial void NotTold(string reason);
}

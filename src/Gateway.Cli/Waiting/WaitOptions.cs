using System.CommandLine;
using System.Net;
using Gateway.Cli.Doctor;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Waiting;

/// <summary>The options that say how long a reservation is waited for, and where the gateway is found.</summary>
internal sealed class WaitOptions(TimeProvider time)
{
    private const int DnsPort = 53;

    /// <summary>How long the gateway's word is waited for when nobody says.</summary>
    private static readonly TimeSpan Word = TimeSpan.FromSeconds(30);

    /* A name server close by answers in milliseconds, one at the other end of the world in a third of this. */
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Option<int?> _wait = new("--wait")
    {
        Description = "Seconds to wait until the gateway's name servers answer the name and visitors reach the service; what is missing then is told. Without it the gateway's word is waited for; 0: nothing is.",
        Recursive = true,
    };

    private readonly Option<string[]> _servers = new("--nameserver") { Description = "With --wait: the gateway's name servers, address or address:port, instead of those that the directory names.", Recursive = true };
    private readonly Option<string?> _tls = new("--tls-at") { Description = "With --wait: where visitors come by TLS, address:port, instead of port 443 of the host's addresses.", Recursive = true };
    private readonly Option<string?> _http = new("--http-at") { Description = "With --wait: where visitors come by HTTP, address:port, instead of port 80 of the host's addresses.", Recursive = true };

    /// <summary>Adds them to a command and those below it.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_wait, _servers, _tls, _http]) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            foreach (var (option, texts) in ((Option, IEnumerable<string?>)[])[(_servers, result.GetValue(_servers) ?? []), (_tls, [result.GetValue(_tls)]), (_http, [result.GetValue(_http)])])
                foreach (var text in texts.Where(text => text is not null && !IPEndPoint.TryParse(text, out _))) result.AddError($"{option.Name}: '{text}' is no address with a port.");
            if (result.GetValue(_wait) < 0) result.AddError("--wait takes a number of seconds.");
        });
    }

    /// <summary>How long the gateway's word is waited for.</summary>
    public TimeSpan WordOf(ParseResult parsed) => parsed.GetValue(_wait) is { } seconds ? TimeSpan.FromSeconds(seconds) : Word;

    /// <summary>True when more than the gateway's word is waited for.</summary>
    public bool IsAsked(ParseResult parsed) => parsed.GetValue(_wait) > 0;

    /// <summary>Waits until a reservation that the gateway accepted has come true, and says what is missing when it has not.</summary>
    public async Task<Sighting> WaitAsync(ParseResult parsed, GatewayNode gateway, Workload reserved, DomainName name, TimeSpan deadline, CancellationToken stop)
    {
        var servers = await ServersAsync(parsed.GetValue(_servers) ?? [], gateway, stop);
        if (servers.Count == 0) return new Sighting("name_server_unknown", $"This machine knows no address of the gateway's name servers ({string.Join(", ", gateway.DnsNameserver ?? [])}): name one with --nameserver.");
        var entrances = new Entrances(EndPoint(parsed.GetValue(_tls)), EndPoint(parsed.GetValue(_http)));
        return await new Arrival(new NameWatch(new Asker(Patience), servers), entrances, time).WaitAsync(reserved, name, deadline, stop);
    }

    private static async Task<IReadOnlyList<IPEndPoint>> ServersAsync(string[] given, GatewayNode gateway, CancellationToken stop)
    {
        if (given.Length > 0) return [.. given.Select(EndPoint).OfType<IPEndPoint>().Select(it => it.Port == 0 ? new IPEndPoint(it.Address, DnsPort) : it)];
        var found = new List<IPEndPoint>();
        foreach (var name in gateway.DnsNameserver ?? [])
            found.AddRange((await HostAddresses.OfAsync(name, stop)).Select(address => new IPEndPoint(address, DnsPort)));
        return found;
    }

    private static IPEndPoint? EndPoint(string? text) => text is not null && IPEndPoint.TryParse(text, out var endPoint) ? endPoint : null;
}

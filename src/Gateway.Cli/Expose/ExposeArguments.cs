using System.Globalization;
using System.Text;
using Gateway.Model;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;
using Gateway.Transport.Tls;

namespace Gateway.Cli.Expose;

/// <summary>What was typed, or stood in the variables of the old client, before it is checked.</summary>
/// <param name="Targets">URLs of the local service: http, https or tcp.</param>
/// <param name="Local">`host:port`, as the old client took it.</param>
/// <param name="LocalTls">`host:port` for visitors who speak TLS.</param>
/// <param name="Remotes">Each `host[:port]`, `tcp://…` or `tls://…`.</param>
/// <param name="Secret">The secret itself.</param>
/// <param name="SecretFile">A file that holds it.</param>
/// <param name="BackOff">The longest pause in seconds.</param>
internal sealed record ExposeArguments(IReadOnlyList<string> Targets, string? Local, string? LocalTls, IReadOnlyList<string> Remotes, string? Secret, string? SecretFile, string? BackOff)
{
    /// <summary>The key that gateways must show which name none themselves.</summary>
    public IReadOnlyList<string> Pins { get; init; } = [];

    /// <summary>How often a gateway is asked for a sign of life, in seconds.</summary>
    public string? Heartbeat { get; init; }

    /// <summary>`v1` or `v2`: the PROXY header that the local service wants.</summary>
    public string? ProxyProtocol { get; init; }

    /// <summary>Dial connections of their own for visitors who speak TLS.</summary>
    public bool Direct { get; init; } = true;

    /// <summary>Tell each visitor in a line.</summary>
    public bool LogVisits { get; init; }

    /// <summary>How the user tells several services apart.</summary>
    public string Service { get; init; } = "";

    /// <summary>How the gateway's operator sees this client.</summary>
    public string Name { get; init; } = "";

    /// <summary>Checks everything; the first fault is told with its cure.</summary>
    public Step<TunnelClientOptions> Check()
    {
        if (ReadTargets().Failed(out var fault, out var targets)) return fault;
        if (ReadRemotes().Failed(out fault, out var remotes)) return fault;
        if (ReadSecret().Failed(out fault, out var secret)) return fault;
        if (ReadProxyProtocol().Failed(out fault, out var proxy)) return fault;
        var options = new TunnelClientOptions
        {
            Remotes = remotes,
            Secret = new Secret(secret),
            Local = targets.Local,
            LocalTls = targets.Tls,
            Serves = targets.Serves,
            Service = Service,
            Name = Name,
            ProxyProtocol = proxy,
            Direct = Direct,
            LogVisits = LogVisits,
        };
        if (ReadSeconds("--backoff", BackOff, 3600, options.LongestPause).Failed(out fault, out var pause)) return fault;
        if (ReadSeconds("--heartbeat", Heartbeat, 300, options.Yamux.PingInterval).Failed(out fault, out var heartbeat)) return fault;
        return options with { LongestPause = pause, Yamux = options.Yamux.Beating(heartbeat) };
    }

    private static Step<TimeSpan> ReadSeconds(string option, string? text, int most, TimeSpan usual)
    {
        if (text is null) return usual;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds < 1 || seconds > most) return Usage($"{option} takes 1 to {most} seconds, not '{text}'.");
        return TimeSpan.FromSeconds(seconds);
    }

    private Step<LocalTargets> ReadTargets()
    {
        HostPort? local = null, tls = null;
        var serves = Local is null && LocalTls is null ? ServedTraffic.None : ServedTraffic.Any;
        if (Local is not null && !HostPort.TryParse(Local, 0, out local)) return Usage($"--local takes host:port, not '{Local}'.");
        if (LocalTls is not null && !HostPort.TryParse(LocalTls, 0, out tls)) return Usage($"--local-tls takes host:port, not '{LocalTls}'.");
        foreach (var target in Targets)
        {
            if (!TryReadUrl(target, out var scheme, out var at)) return Usage($"'{target}' is no local service: write http://host:port, https://host:port or tcp://host:port.");
            serves |= scheme == Uri.UriSchemeHttps ? ServedTraffic.Tls : scheme == Uri.UriSchemeHttp ? ServedTraffic.Http : ServedTraffic.Any;
            if (scheme == Uri.UriSchemeHttps) tls ??= at;
            else local ??= at;
        }
        if ((local ?? tls) is not { } any) return Usage("Say what to expose, for example 'gateway expose http://localhost:8000 …'.");
        // One target serves both kinds of visitors when the other is not named, as with the old client.
        return new LocalTargets(local ?? any, tls ?? any, serves);
    }

    private Step<IReadOnlyList<TunnelRemote>> ReadRemotes()
    {
        var pins = new List<KeyPin>();
        foreach (var text in Pins)
        {
            if (!KeyPin.TryParse(text, out var pin)) return Usage($"--pin takes sha256: and 64 hexadecimal digits, not '{text}'.");
            pins.Add(pin);
        }

        var remotes = new List<TunnelRemote>();
        foreach (var text in Remotes.SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (!TunnelRemote.TryParse(text, pins, out var remote, out var fault)) return Usage(fault);
            if (!remotes.Contains(remote)) remotes.Add(remote);
        }
        return remotes.Count > 0 ? remotes : Usage("Say which gateway to dial: --remote host:port [variable TRC_REMOTE].");
    }

    private Step<ProxyVersion> ReadProxyProtocol() => ProxyProtocol switch
    {
        null => ProxyVersion.None,
        "v1" => ProxyVersion.One,
        "v2" => ProxyVersion.Two,
        _ => Usage($"--proxy-protocol takes v1 or v2, not '{ProxyProtocol}'."),
    };

    private Step<string> ReadSecret()
    {
        if (Secret is not null && SecretFile is not null) return Usage("Give --secret or --secret-file, not both.");
        var secret = Secret;
        try
        {
            if (SecretFile is not null) secret = File.ReadAllText(SecretFile).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Outcome.Fault(ExitCode.Failed, $"The secret file cannot be read: {e.Message}");
        }
        if (string.IsNullOrEmpty(secret)) return Usage("Give the tunnel's secret: --secret-file file, or --secret [variable TRC_SECRET].");
        return Encoding.UTF8.GetByteCount(secret) <= TunnelHandshake.MaxSecret ? secret : Usage("The secret is longer than 65535 bytes; no gateway takes that.");
    }

    private static bool TryReadUrl(string text, out string scheme, out HostPort at)
    {
        (scheme, at) = ("", new HostPort("", 0));
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.PathAndQuery is not ("" or "/") || url.UserInfo.Length > 0) return false;
        if (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps && url.Scheme != "tcp") return false;
        (scheme, at) = (url.Scheme, new HostPort(url.IdnHost, url.Port));
        return url.IdnHost.Length > 0 && url.Port is > 0 and <= ushort.MaxValue;
    }

    private static Outcome.Fault Usage(string message) => new(ExitCode.Usage, message);

    private sealed record LocalTargets(HostPort Local, HostPort Tls, ServedTraffic Serves);
}

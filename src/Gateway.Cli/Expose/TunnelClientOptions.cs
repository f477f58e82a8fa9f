using Gateway.Model;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;
using Gateway.Transport.Yamux;

namespace Gateway.Cli.Expose;

/// <summary>What a tunnel client serves, and where it dials.</summary>
internal sealed record TunnelClientOptions
{
    /// <summary>The gateways; each gets a session of its own, all at once.</summary>
    public required IReadOnlyList<TunnelRemote> Remotes { get; init; }

    /// <summary>Proves which service this is.</summary>
    public required Secret Secret { get; init; }

    /// <summary>Where visitors go.</summary>
    public required HostPort Local { get; init; }

    /// <summary>Where visitors go whose first byte is that of a TLS handshake; the same as the others when null.</summary>
    public HostPort? LocalTls { get; init; }

    /// <summary>How the user tells its services apart; empty when there is one.</summary>
    public string Service { get; init; } = "";

    /// <summary>Which visitors the local service takes; a newer gateway sends no others.</summary>
    public ServedTraffic Serves { get; init; } = ServedTraffic.Any;

    /// <summary>How the gateway's operator sees this client; 64 characters at most.</summary>
    public string Name { get; init; } = "";

    /// <summary>The PROXY header that the local service gets before each visitor; none by default.</summary>
    public ProxyVersion ProxyProtocol { get; init; } = ProxyVersion.None;

    /// <summary>
    /// Dial a connection of its own for each visitor who speaks TLS, where the gateway wants that. They are not encrypted by us, since
    /// what they carry is; so they are not used when the visitor's address is handed on, which must not be forged on the way.
    /// </summary>
    public bool Direct { get; init; } = true;

    /// <summary>A line for each visitor, and not only for each change.</summary>
    public bool LogVisits { get; init; }

    /// <summary>The longest pause between two tries at a gateway. Default 30 s.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one address may take to answer a dial. Default 5 s.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a gateway may take to answer the handshake. Default 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a session has to stand after the handshake before it counts as connected: a gateway checks the secret after it. Default 250 ms.</summary>
    public TimeSpan Probation { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a visitor's first byte is waited for before he counts as one who lets the server speak first. Default 250 ms.</summary>
    public TimeSpan PeekTimeout { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long running visits may go on after the stop. Default 2 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A session that held for so long has earned an immediate retry. Default 10 s.</summary>
    public TimeSpan Settled { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The same for a session that a gateway has let in and the line has ended: nobody sent us away. Default 1 s.</summary>
    public TimeSpan Proven { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The bounds of each session.</summary>
    public YamuxOptions Yamux { get; init; } = YamuxOptions.Default;
}

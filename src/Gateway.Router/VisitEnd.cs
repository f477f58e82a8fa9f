using Gateway.Router.Upstreams;
using Gateway.Transport;

namespace Gateway.Router;

/// <summary>How a visitor's connection ended; its name is what log lines and metrics say.</summary>
internal enum VisitEnd
{
    /// <summary>Both sides ended and everything was carried.</summary>
    Finished,

    /// <summary>The visitor's connection broke while it was relayed.</summary>
    VisitorBroke,

    /// <summary>The upstream's connection broke while it was relayed.</summary>
    UpstreamBroke,

    /// <summary>Nothing moved for the idle time.</summary>
    Idle,

    /// <summary>The visitor took next to nothing of what waited for it.</summary>
    VisitorStalled,

    /// <summary>The upstream took next to nothing of what waited for it.</summary>
    UpstreamStalled,

    /// <summary>The router stopped.</summary>
    Stopped,

    /// <summary>The route was deleted while it was used.</summary>
    Deleted,

    /// <summary>The visitor left before it said which host it wants.</summary>
    Left,

    /// <summary>The visitor took too long to say which host it wants.</summary>
    TooSlow,

    /// <summary>The visitor's address has as many connections as one may have.</summary>
    Crowded,

    /// <summary>A trusted proxy did not send the PROXY header that it must send.</summary>
    NoProxyHeader,

    /// <summary>Not TLS.</summary>
    NotTls,

    /// <summary>HTTP on the TLS port.</summary>
    PlainHttp,

    /// <summary>A hello that no server would accept, or a request that can be read in two ways.</summary>
    Malformed,

    /// <summary>Nobody here has the name.</summary>
    NoRoute,

    /// <summary>The operator froze the user whose name it is.</summary>
    Frozen,

    /// <summary>The name is not served for this kind of traffic.</summary>
    NotServed,

    /// <summary>The upstream's address is not one that the gateway dials.</summary>
    Forbidden,

    /// <summary>The upstream's name has no address.</summary>
    Unresolved,

    /// <summary>The upstream refused.</summary>
    Refused,

    /// <summary>The upstream did not answer in time.</summary>
    TimedOut,

    /// <summary>No client of the tunnel is connected.</summary>
    NoTunnel,
}

/// <summary>Reads the outcomes of other parts as the end of a visit.</summary>
internal static class VisitEnds
{
    /// <summary>Why the dial failed.</summary>
    public static VisitEnd Of(DialFault fault) => fault switch
    {
        DialFault.NotServed => VisitEnd.NotServed,
        DialFault.Forbidden => VisitEnd.Forbidden,
        DialFault.Unresolved => VisitEnd.Unresolved,
        DialFault.Refused => VisitEnd.Refused,
        DialFault.TimedOut => VisitEnd.TimedOut,
        _ => VisitEnd.NoTunnel,
    };

    /// <summary>How the relay ended; whatever it looked like, one whose route is gone was cut for that.</summary>
    public static VisitEnd Of(RelayEnd end, CancellationToken gone) => end switch
    {
        RelayEnd.Finished => VisitEnd.Finished,
        _ when gone.IsCancellationRequested => VisitEnd.Deleted,
        RelayEnd.VisitorBroke => VisitEnd.VisitorBroke,
        RelayEnd.UpstreamBroke => VisitEnd.UpstreamBroke,
        RelayEnd.Idle => VisitEnd.Idle,
        RelayEnd.VisitorStalled => VisitEnd.VisitorStalled,
        RelayEnd.UpstreamStalled => VisitEnd.UpstreamStalled,
        _ => VisitEnd.Stopped,
    };
}

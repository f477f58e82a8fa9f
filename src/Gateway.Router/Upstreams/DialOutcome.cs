using System.Diagnostics;
using Gateway.Transport;

namespace Gateway.Router.Upstreams;

/// <summary>Why there is no connection to an upstream.</summary>
internal enum DialFault
{
    /// <summary>The route has no port for this kind of traffic.</summary>
    NotServed,

    /// <summary>The address is not one that the gateway dials on a tenant's word, or cannot be read as one.</summary>
    Forbidden,

    /// <summary>The upstream's name has no address.</summary>
    Unresolved,

    /// <summary>The upstream answered with a refusal, or there is no way to it.</summary>
    Refused,

    /// <summary>The upstream did not answer in time.</summary>
    TimedOut,

    /// <summary>No client of the tunnel is connected.</summary>
    NoTunnel,
}

/// <summary>What came of trying to reach an upstream.</summary>
/// <param name="Name">Writes itself as a log line may name the upstream: an address and port, or the number of a tunnel session.</param>
internal abstract record DialOutcome(object Name)
{
    /// <summary>The name, written.</summary>
    public string Label => Name.ToString()!;

    /// <summary>Chooses by kind.</summary>
    public T Match<T>(Func<Open, T> open, Func<Failed, T> failed) => this switch
    {
        Open it => open(it),
        Failed it => failed(it),
        _ => throw new UnreachableException(),
    };

    /// <summary>A connection, which the caller owns.</summary>
    public sealed record Open(Duplex Upstream, object Name) : DialOutcome(Name)
    {
        /// <summary>True: the other end expects a visitor's header before the visitor's bytes.</summary>
        public bool Announces { get; init; }
    }

    /// <summary>None, for this reason.</summary>
    public sealed record Failed(DialFault Fault, object Name) : DialOutcome(Name);
}

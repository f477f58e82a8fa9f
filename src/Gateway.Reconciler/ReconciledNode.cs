using System.Collections.Frozen;
using System.Net;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.Routes;

namespace Gateway.Reconciler;

/// <summary>What the reconciler has to know of the node that it works for.</summary>
/// <param name="Identity">The gateway's key pair; it signs results and reads secrets.</param>
/// <param name="ManagedDomains">Zones under which anybody may reserve a name.</param>
/// <param name="NameServers">What users put into NS records.</param>
/// <param name="TunnelPort">The port for tunnel clients that the directory shows.</param>
/// <param name="Version">Name and version of the program.</param>
/// <param name="Dialling">What is dialled on a user's word.</param>
public sealed record ReconciledNode(
    Identity Identity,
    IReadOnlyList<DomainName> ManagedDomains,
    IReadOnlyList<DomainName> NameServers,
    int TunnelPort,
    string Version,
    DialRules Dialling)
{
    /// <summary>The host name or address by which tunnel clients reach the node, as the directory shows it; empty: not known.</summary>
    public string Address { get; init; } = "";

    /// <summary>The pin of the tunnel port's key, as the directory shows it to tunnel clients; empty: not known here.</summary>
    public string TunnelPin { get; init; } = "";

    /// <summary>The addresses of its machine, as they are when asked.</summary>
    public Func<OwnAddresses> OwnAddresses { get; init; } = () => Model.Routes.OwnAddresses.LoopbackOnly;

    /// <summary>Where this node's own name server answers; empty when it runs none.</summary>
    public IReadOnlyList<IPEndPoint> OwnServers { get; init; } = [];

    /// <summary>Which of several nodes that share one Redis this is: the same over restarts, and of nobody else.</summary>
    public string Instance { get; init; } = "";

    /// <summary>The names by which the gateway itself is found: its name servers', and <see cref="Address"/> when that is a name.</summary>
    internal FrozenSet<DomainName> OwnNames => (DomainName.TryParse(Address, out var name) ? NameServers.Append(name) : NameServers).ToFrozenSet();
}

using System.Diagnostics;
using System.Globalization;

namespace Gateway.Model.Reservations;

/// <summary>What a user asked of this gateway. A closed hierarchy; one sealed record for each primitive.</summary>
/// <param name="Id">Global workload id, `&lt;id&gt;-&lt;workload_id&gt;`; its first number grows with every reservation.</param>
/// <param name="User">Decimal id of the user (explorer "tid").</param>
/// <param name="NodeId">Identity of the gateway it was made for.</param>
/// <param name="Created">When the explorer stored it.</param>
public abstract record Reservation(string Id, long User, string NodeId, DateTimeOffset Created)
{
    /// <summary>The user's id as Redis and the tunnel secrets spell it.</summary>
    public string UserText => User.ToString(CultureInfo.InvariantCulture);

    /// <summary>Chooses by kind; a new kind breaks every caller at compile time, which is the point.</summary>
    public T Match<T>(
        Func<DelegateDomain, T> delegateDomain,
        Func<Subdomain, T> subdomain,
        Func<Proxy, T> proxy,
        Func<ReverseProxy, T> reverseProxy,
        Func<Gateway4To6, T> gateway4To6,
        Func<Unsupported, T> unsupported) => this switch
        {
            DelegateDomain it => delegateDomain(it),
            Subdomain it => subdomain(it),
            Proxy it => proxy(it),
            ReverseProxy it => reverseProxy(it),
            Gateway4To6 it => gateway4To6(it),
            Unsupported it => unsupported(it),
            _ => throw new UnreachableException(),
        };

    /// <summary>The user pointed the NS records of <paramref name="Domain"/> at this gateway.</summary>
    public sealed record DelegateDomain(string Id, long User, string NodeId, DateTimeOffset Created, DomainName Domain)
        : Reservation(Id, User, NodeId, Created);

    /// <summary>A and AAAA records for a name under a managed or delegated zone. Literals that are no address were dropped and are counted.</summary>
    public sealed record Subdomain(string Id, long User, string NodeId, DateTimeOffset Created, DomainName Domain, EquatableList<System.Net.IPAddress> Addresses)
        : Reservation(Id, User, NodeId, Created);

    /// <summary>Visitors of a host go to an address that the gateway dials.</summary>
    public sealed record Proxy(string Id, long User, string NodeId, DateTimeOffset Created, DomainName Domain, string Address, int HttpPort, int TlsPort)
        : Reservation(Id, User, NodeId, Created);

    /// <summary>Visitors of a host go into the tunnel whose client knows the secret, which is still encrypted here.</summary>
    /// <param name="EncryptedSecret">Hex ciphertext as the explorer holds it.</param>
    /// <param name="Version">0: sealed box; 1 and 2: X25519 shared key (provisioning contract, section 2.8).</param>
    public sealed record ReverseProxy(string Id, long User, string NodeId, DateTimeOffset Created, DomainName Domain, string EncryptedSecret, int Version)
        : Reservation(Id, User, NodeId, Created);

    /// <summary>A WireGuard peer that gets an IPv6 address from this gateway.</summary>
    public sealed record Gateway4To6(string Id, long User, string NodeId, DateTimeOffset Created, string PublicKey)
        : Reservation(Id, User, NodeId, Created);

    /// <summary>A kind we do not serve, or one whose content cannot be read; <paramref name="Reason"/> is told to the user.</summary>
    public sealed record Unsupported(string Id, long User, string NodeId, DateTimeOffset Created, string Kind, string Reason)
        : Reservation(Id, User, NodeId, Created);
}

using System.Net;

namespace Gateway.Model.Routes;

/// <summary>
/// Which addresses the gateway dials on a tenant's word. Only public unicast is: everything inside the operator's house, the
/// clouds' metadata services and every notation that wraps such an address is refused, unless a network that the operator
/// allowed covers it. Asked when a reservation is made and again at every dial, about the address that is really dialled.
/// </summary>
/// <param name="allowed">Networks that the operator opened; they win over every refusal of an address, not of a port.</param>
/// <param name="refusedPorts">Ports that are never dialled; null means <see cref="DefaultRefusedPorts"/>.</param>
public sealed class AddressPolicy(IEnumerable<IPNetwork> allowed, IEnumerable<int>? refusedPorts = null)
{
    /// <summary>Mail, DNS, Redis and memcached: a stranger's way to make the gateway send spam or talk to a neighbour's store.</summary>
    public static readonly IReadOnlyList<int> DefaultRefusedPorts = [25, 53, 6379, 11211];

    /// <summary>Nothing is allowed beyond public unicast.</summary>
    public static readonly AddressPolicy PublicOnly = new([]);

    private static readonly IPNetwork AnyIPv4 = IPNetwork.Parse("0.0.0.0/0");

    /// <summary>RFC 6890 and its successors in IANA's special-purpose registry, and 168.63.129.16, by which Azure answers its guests.</summary>
    private static readonly IPNetwork[] RefusedIPv4 = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4");

    /// <summary>RFC 4291 section 2.4: outside it lie loopback, link-local, unique local, multicast, mapped and NAT64 addresses.</summary>
    private static readonly IPNetwork GlobalUnicastIPv6 = IPNetwork.Parse("2000::/3");

    /// <summary>IETF protocol assignments with Teredo (RFC 4380), and 6to4 (RFC 3056): both carry an IPv4 address inside.</summary>
    private static readonly IPNetwork[] RefusedIPv6 = Networks("2001::/23", "2002::/16");

    private readonly IPNetwork[] _allowed = [.. allowed];
    private readonly HashSet<int> _refusedPorts = [.. refusedPorts ?? DefaultRefusedPorts];

    /// <summary>True when the gateway may dial this address and port.</summary>
    public bool Allows(IPEndPoint endPoint) => endPoint.Port != 0 && !_refusedPorts.Contains(endPoint.Port) && Allows(endPoint.Address);

    /// <summary>True when the gateway may dial this address.</summary>
    public bool Allows(IPAddress address) => Opens(address) || IsPublic(Unmapped(address));

    /// <summary>True when a network that the operator allowed covers this address.</summary>
    public bool Opens(IPAddress address) => IsIn(_allowed, Unmapped(address));

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsPublic(IPAddress address) => AnyIPv4.Contains(address)
        ? !IsIn(RefusedIPv4, address)
        : address.ScopeId == 0 && GlobalUnicastIPv6.Contains(address) && !IsIn(RefusedIPv6, address);

    private static bool IsIn(IPNetwork[] networks, IPAddress address)
    {
        foreach (var network in networks)
            if (network.Contains(address)) return true;
        return false;
    }

    private static IPNetwork[] Networks(params ReadOnlySpan<string> texts)
    {
        var networks = new IPNetwork[texts.Length];
        for (var i = 0; i < texts.Length; i++) networks[i] = IPNetwork.Parse(texts[i]);
        return networks;
    }
}

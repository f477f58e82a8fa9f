using System.Net;
using Gateway.Transport;

namespace Gateway.Dns.Forwarding;

/// <summary>Whether an upstream is this very server: then every forwarded query would come back for ever.</summary>
internal static class OwnAddresses
{
    /// <summary>The upstreams that are places where we listen ourselves.</summary>
    public static IEnumerable<IPEndPoint> Among(IEnumerable<IPEndPoint> upstreams, IReadOnlyList<IPEndPoint> listening) =>
        upstreams.Where(upstream => listening.Any(own => own.Port == upstream.Port && Covers(own.Address, upstream.Address)));

    private static bool Covers(IPAddress own, IPAddress upstream)
    {
        if (own.Equals(upstream)) return true;
        var isEverywhere = own.Equals(IPAddress.Any) || own.Equals(IPAddress.IPv6Any);
        return isEverywhere && own.AddressFamily == upstream.AddressFamily && IsOfThisMachine(upstream);
    }

    private static bool IsOfThisMachine(IPAddress address) =>
        IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
        || MachineAddresses.OfInterfaces().Contains(address);
}

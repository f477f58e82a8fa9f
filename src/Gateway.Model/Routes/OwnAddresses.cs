using System.Collections.Frozen;
using System.Net;

namespace Gateway.Model.Routes;

/// <summary>The addresses that lead back to the machine itself, as they were at one moment; loopback is always among them.</summary>
/// <param name="addresses">Those of its interfaces, and what the operator named besides.</param>
public sealed class OwnAddresses(IEnumerable<IPAddress> addresses)
{
    /// <summary>Nothing is known of the machine.</summary>
    public static readonly OwnAddresses LoopbackOnly = new([]);

    private readonly FrozenSet<IPAddress> _addresses = addresses.Select(Unmapped).ToFrozenSet();

    /// <summary>True when a connection to this address would end at this machine.</summary>
    public bool Contains(IPAddress address)
    {
        var real = Unmapped(address);
        // Linux takes a connection to the unspecified address for one to itself.
        return IPAddress.IsLoopback(real) || real.Equals(IPAddress.Any) || real.Equals(IPAddress.IPv6Any) || _addresses.Contains(real);
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}

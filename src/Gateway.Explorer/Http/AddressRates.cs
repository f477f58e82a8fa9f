using System.Net;
using System.Net.Sockets;

namespace Gateway.Explorer.Http;

/// <summary>A token bucket for each address (IPv6: each /64, which one host owns whole).</summary>
internal sealed class AddressRates(int perSecond, IReadOnlyList<IPNetwork> exempt)
{
    private readonly TokenBuckets<UInt128> _buckets = new(perSecond);

    /// <summary>Takes one token at <paramref name="now"/> (milliseconds of a clock that never goes back); false when there is none.</summary>
    public bool Admit(IPAddress? address, long now)
    {
        if (address is null) return true;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return exempt.Any(network => network.Contains(address)) || _buckets.Admit(KeyOf(address), now);
    }

    private static UInt128 KeyOf(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out var length);
        var isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        UInt128 key = isV6 ? 1u : 0u;
        foreach (var octet in octets[..(isV6 ? 8 : length)]) key = (key << 8) | octet;
        return key;
    }
}

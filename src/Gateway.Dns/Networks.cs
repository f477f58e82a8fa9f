using System.Net;

namespace Gateway.Dns;

/// <summary>A list of networks that can be asked on a hot path: no allocation, no address object.</summary>
internal sealed class Networks(IEnumerable<IPNetwork> networks)
{
    private readonly Network[] _networks = [.. networks.Select(network => new Network(network.BaseAddress.GetAddressBytes(), network.PrefixLength))];

    /// <summary>True when one of them holds the address of 4 or 16 octets.</summary>
    public bool Contains(ReadOnlySpan<byte> address)
    {
        foreach (var network in _networks)
            if (network.Contains(address)) return true;
        return false;
    }

    private readonly record struct Network(byte[] Address, int PrefixLength)
    {
        public bool Contains(ReadOnlySpan<byte> address)
        {
            if (Address.Length != address.Length) return false;
            var whole = PrefixLength / 8;
            var rest = (byte)(0xFF00 >> (PrefixLength % 8));
            return address[..whole].SequenceEqual(Address.AsSpan(0, whole)) && (rest == 0 || ((address[whole] ^ Address[whole]) & rest) == 0);
        }
    }
}

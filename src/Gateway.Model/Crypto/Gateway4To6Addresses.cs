using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Model.Crypto;

/// <summary>The IPv6 addresses that a gateway's seed gives to itself and to its WireGuard peers (the provisioning contract, section 2.9).</summary>
[SuppressMessage("Security", "CA5351:Do not use broken cryptographic algorithms", Justification = "The contract makes addresses with MD5; nothing secret depends on it.")]
public static class Gateway4To6Addresses
{
    private const int Half = 8;

    /// <summary>The gateway's /64.</summary>
    public static IPNetwork Subnet(Identity gateway) => new(new IPAddress(Prefix(gateway)), 64);

    /// <summary>The gateway's own address, the first of its /64.</summary>
    public static IPAddress Own(Identity gateway)
    {
        var address = Prefix(gateway);
        address[^1] = 1;
        return new IPAddress(address);
    }

    /// <summary>The address of a user: one each, whatever his keys are.</summary>
    public static IPAddress Peer(Identity gateway, string user)
    {
        var address = Prefix(gateway);
        MD5.HashData([.. gateway.Seed, .. Encoding.UTF8.GetBytes(user)]).AsSpan(0, Half).CopyTo(address.AsSpan(Half));
        return new IPAddress(address);
    }

    /// <summary>The gateway's WireGuard public key in base64; its private key is the seed.</summary>
    public static string WireGuardKey(Identity gateway)
    {
        Span<byte> point = stackalloc byte[PublicKey.Length];
        Sodium.ScalarMultBase(point, gateway.Seed);
        return Convert.ToBase64String(point);
    }

    private static byte[] Prefix(Identity gateway)
    {
        var address = new byte[2 * Half];
        // fd00::/8 (RFC 4193): the hash stands where the random part of a local prefix goes.
        address[0] = 0xFD;
        MD5.HashData(gateway.Seed).AsSpan(0, Half - 1).CopyTo(address.AsSpan(1));
        return address;
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using Gateway.Model;

namespace Gateway.Cli.Doctor;

/// <summary>Whether a DS record of the parent is about a DNSKEY of the zone (RFC 4034 section 5.2, RFC 4509).</summary>
internal static class DelegationSigner
{
    /* Key tag, algorithm, digest type; then the digest. */
    private const int DigestAt = 4;

    /* Flags, protocol, algorithm; then the key. */
    private const int KeyAt = 4;

    /// <summary>True when the record was made from the key.</summary>
    /// <param name="zone">The owner of both.</param>
    /// <param name="ds">RDATA of the DS, as it came.</param>
    /// <param name="key">RDATA of the DNSKEY, as it came.</param>
    public static bool Fits(DomainName zone, ReadOnlySpan<byte> ds, ReadOnlySpan<byte> key)
    {
        if (ds.Length <= DigestAt || key.Length <= KeyAt) return false;
        if (BinaryPrimitives.ReadUInt16BigEndian(ds) != TagOf(key) || ds[2] != key[3]) return false;
        // A digest that we do not know is not held against the operator: tag and algorithm say as much.
        return Digest(ds[3], [.. zone.Wire, .. key]) is not { } digest || ds[DigestAt..].SequenceEqual(digest);
    }

    /// <summary>RFC 4034 appendix B.</summary>
    private static ushort TagOf(ReadOnlySpan<byte> key)
    {
        var sum = 0u;
        for (var i = 0; i < key.Length; i++) sum += (i & 1) == 0 ? (uint)key[i] << 8 : key[i];
        return (ushort)(sum + (sum >> 16));
    }

#pragma warning disable CA5350 // Old records are to be recognized, not trusted.
    private static byte[]? Digest(byte type, byte[] content) => type switch
    {
        1 => SHA1.HashData(content),
        2 => SHA256.HashData(content),
        4 => SHA384.HashData(content),
        _ => null,
    };
#pragma warning restore CA5350
}

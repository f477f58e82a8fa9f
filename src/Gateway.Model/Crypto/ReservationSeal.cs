using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Gateway.Model.Reservations;

namespace Gateway.Model.Crypto;

/// <summary>
/// The gateway's own mark on each reservation that it keeps in Redis: an HMAC (RFC 2104) over whose it is and what was asked, with a key
/// that only who has the gateway's seed can make. Whoever else writes to Redis can neither make one nor move it to another reservation.
/// </summary>
public sealed class ReservationSeal
{
    /// <summary>Octets: more than anybody can guess, and short in a hundred thousand values.</summary>
    private const int Length = 16;

    private readonly byte[] _key;

    /// <summary>The seal of a gateway.</summary>
    public ReservationSeal(Identity gateway) => _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, gateway.Seed.ToArray(), SHA256.HashSizeInBytes, info: "gateway reservation seal"u8.ToArray());

    /// <summary>The reservation with its seal.</summary>
    public StoredReservation Put(StoredReservation stored) => stored with { Seal = Of(stored) };

    /// <summary>True when this gateway sealed just this.</summary>
    public bool Holds(StoredReservation stored)
    {
        if (stored.Seal.Length == 0) return false;
        Span<byte> seal = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<char> text = stackalloc char[Base64Url.GetEncodedLength(Length)];
        Make(stored, seal);
        Base64Url.EncodeToChars(seal[..Length], text);
        return CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(text), MemoryMarshal.AsBytes(stored.Seal.AsSpan()));
    }

    private string Of(StoredReservation stored)
    {
        Span<byte> seal = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Make(stored, seal);
        return Base64Url.EncodeToString(seal[..Length]);
    }

    private void Make(StoredReservation stored, Span<byte> seal) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(RedisSchema.SealedContent(stored)), seal);
}

using System.Security.Cryptography;

namespace Gateway.Model.Crypto;

/// <summary>
/// An Ed25519 key pair: the identity of a gateway or of a user (the provisioning contract, section 2.7). Its seed is 32 octets,
/// and is at the same time the entropy of the 24 words and the WireGuard private key.
/// </summary>
public sealed class Identity
{
    /// <summary>Octets of a seed.</summary>
    public const int SeedLength = 32;

    private const int PrivateLength = 64;

    private readonly byte[] _private = new byte[PrivateLength];

    private Identity(ReadOnlySpan<byte> seed)
    {
        Span<byte> key = stackalloc byte[PublicKey.Length];
        Sodium.SignSeedKeyPair(key, _private, seed);
        PublicKey.TryFromBytes(key, out var publicKey);
        PublicKey = publicKey!;
    }

    /// <summary>The half that everybody may know.</summary>
    public PublicKey PublicKey { get; }

    /// <summary>Base58 of the public key.</summary>
    public string Id => PublicKey.Id;

    /// <summary>The seed as 24 English words (BIP-39).</summary>
    public Secret Words => Mnemonic.Encode(Seed);

    /// <summary>The 32 octets that make the pair. Never to be printed or logged.</summary>
    public ReadOnlySpan<byte> Seed => _private.AsSpan(0, SeedLength);

    /// <summary>The pair of a seed.</summary>
    /// <exception cref="ArgumentException">The seed has not 32 octets.</exception>
    public static Identity FromSeed(ReadOnlySpan<byte> seed) =>
        seed.Length == SeedLength
            ? new Identity(seed)
            : throw new ArgumentException($"A seed has {SeedLength} octets, not {seed.Length}.", nameof(seed));

    /// <summary>A new pair from the system's randomness.</summary>
    public static Identity Create()
    {
        Span<byte> seed = stackalloc byte[SeedLength];
        RandomNumberGenerator.Fill(seed);
        var identity = new Identity(seed);
        CryptographicOperations.ZeroMemory(seed);
        return identity;
    }

    /// <summary>The signature over exactly these octets, 64 octets (RFC 8032, no pre-hash).</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signature = new byte[PublicKey.SignatureLength];
        Sodium.SignDetached(signature, 0, message, (ulong)message.Length, _private);
        return signature;
    }

    /// <summary>The signature in lower-case hex, as the reservation API carries it.</summary>
    public string SignHex(ReadOnlySpan<byte> message) => Convert.ToHexStringLower(Sign(message));

    /// <summary>True when the owner of the base58 identity <paramref name="id"/> signed the message; false for anything malformed.</summary>
    public static bool TryVerify(string id, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        PublicKey.TryFromId(id, out var key) && key.Verifies(message, signature);

    /// <summary>The identity, never the seed.</summary>
    public override string ToString() => Id;

    /// <summary>The private scalar on Curve25519, 32 octets.</summary>
    internal void ToCurve25519(Span<byte> curve) => Sodium.PrivateToCurve25519(curve, _private);
}

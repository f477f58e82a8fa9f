using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Model.Crypto;

/// <summary>
/// The encrypted secret of a tunnel reservation, in hex (the provisioning contract, section 2.8). Version 0 is a sealed box from
/// nobody in particular; from version 1 on the key is shared by user and gateway.
/// </summary>
public static class SealedSecret
{
    /// <summary>Octets of plain text that are accepted: the length field of the tunnel handshake could say more, no secret needs it.</summary>
    public const int MaxPlainLength = 1024;

    private const int NonceLength = 24;

    private const int TagLength = 16;

    private const int KeyLength = 32;

    private const int SealLength = KeyLength + TagLength;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Encrypts for version 1 and later: only <paramref name="user"/> and <paramref name="gateway"/> can read it.</summary>
    /// <exception cref="ArgumentException">The gateway's key is no usable point.</exception>
    public static string Encrypt(Secret secret, Identity user, PublicKey gateway)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        RandomNumberGenerator.Fill(nonce);
        return Encrypt(secret, user, gateway, nonce);
    }

    /// <summary>As above with a given nonce; a nonce must never serve twice, so this is for test vectors.</summary>
    internal static string Encrypt(Secret secret, Identity user, PublicKey gateway, ReadOnlySpan<byte> nonce)
    {
        Span<byte> key = stackalloc byte[KeyLength];
        if (!TryShareKey(user, gateway, key)) throw new ArgumentException("The gateway's key is no usable point.", nameof(gateway));
        var plain = Encoding.UTF8.GetBytes(secret.Reveal());
        var cipher = new byte[NonceLength + TagLength + plain.Length];
        nonce.CopyTo(cipher);
        Sodium.SecretBox(cipher.AsSpan(NonceLength), plain, (ulong)plain.Length, nonce, key);
        return Convert.ToHexStringLower(cipher);
    }

    /// <summary>Encrypts for version 0: the recipient cannot tell who wrote it.</summary>
    /// <exception cref="ArgumentException">The gateway's key is no usable point.</exception>
    public static string EncryptSealed(Secret secret, PublicKey gateway)
    {
        Span<byte> point = stackalloc byte[KeyLength];
        if (!gateway.TryToCurve25519(point)) throw new ArgumentException("The gateway's key is no usable point.", nameof(gateway));
        var plain = Encoding.UTF8.GetBytes(secret.Reveal());
        var cipher = new byte[SealLength + plain.Length];
        Sodium.BoxSeal(cipher, plain, (ulong)plain.Length, point);
        return Convert.ToHexStringLower(cipher);
    }

    /// <summary>
    /// Reads what a user encrypted for <paramref name="gateway"/>. An empty text is an empty secret. The sender's key is needed
    /// from version 1 on. The fault is a sentence for the user; it never holds plain text.
    /// </summary>
    public static bool TryDecrypt(string hex, int version, Identity gateway, PublicKey? sender, out Secret secret, out string fault)
    {
        secret = default;
        if (!IsPlausible(hex, version, out fault)) return false;
        if (hex.Length == 0) return true;
        var cipher = Convert.FromHexString(hex);
        var plain = new byte[cipher.Length - Overhead(version)];
        if (!TryOpen(cipher, version, gateway, sender, plain))
        {
            fault = "the secret cannot be decrypted: encrypt it with the key of this gateway and the user's own registered key";
            return false;
        }

        return TryReadText(plain, out secret, out fault);
    }

    /// <summary>False, with the reason, for a text that no key could decrypt: no hex, too short or too long for the version. Needs no key.</summary>
    public static bool IsPlausible(string hex, int version, out string fault)
    {
        var octets = hex.Length / 2;
        if (hex.Length % 2 != 0 || hex.AsSpan().ContainsAnyExcept(HexDigits)) fault = "the secret is not hexadecimal";
        else if (hex.Length != 0 && octets < Overhead(version)) fault = string.Create(CultureInfo.InvariantCulture, $"the secret is too short: {octets} octets, an encrypted one has at least {Overhead(version)}");
        else if (octets > Overhead(version) + MaxPlainLength) fault = string.Create(CultureInfo.InvariantCulture, $"the secret is too long: {octets} octets, at most {Overhead(version) + MaxPlainLength} are accepted");
        else fault = "";
        return fault.Length == 0;
    }

    /// <summary>False, with the contract's message, unless the secret has the form `&lt;user id&gt;:random` (the random part may be empty).</summary>
    public static bool IsWellFormed(Secret secret, long user, out string fault)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{user}:");
        fault = secret.Reveal().StartsWith(prefix, StringComparison.Ordinal) ? "" : "secret must follow the format 'threebotID:random'";
        return fault.Length == 0;
    }

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private static int Overhead(int version) => version <= 0 ? SealLength : NonceLength + TagLength;

    private static bool TryOpen(ReadOnlySpan<byte> cipher, int version, Identity gateway, PublicKey? sender, Span<byte> plain)
    {
        Span<byte> key = stackalloc byte[KeyLength];
        if (version > 0)
        {
            return sender is not null && TryShareKey(gateway, sender, key)
                && Sodium.SecretBoxOpen(plain, cipher[NonceLength..], (ulong)(cipher.Length - NonceLength), cipher[..NonceLength], key) == 0;
        }

        Span<byte> point = stackalloc byte[KeyLength];
        gateway.ToCurve25519(key);
        return gateway.PublicKey.TryToCurve25519(point) && Sodium.BoxSealOpen(plain, cipher, (ulong)cipher.Length, point, key) == 0;
    }

    // BLAKE2b-256 of the bare X25519 product: not the NaCl box key.
    private static bool TryShareKey(Identity own, PublicKey other, Span<byte> key)
    {
        Span<byte> scalar = stackalloc byte[KeyLength], point = stackalloc byte[KeyLength], product = stackalloc byte[KeyLength];
        own.ToCurve25519(scalar);
        if (!other.TryToCurve25519(point) || Sodium.ScalarMult(product, scalar, point) != 0) return false;
        return Sodium.GenericHash(key, KeyLength, product, KeyLength, 0, 0) == 0;
    }

    private static bool TryReadText(byte[] plain, out Secret secret, out string fault)
    {
        (secret, fault) = (default, "");
        try
        {
            secret = new Secret(StrictUtf8.GetString(plain));
            return true;
        }
        catch (DecoderFallbackException)
        {
            fault = "the decrypted secret is not UTF-8 text";
            return false;
        }
    }
}

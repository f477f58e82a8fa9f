using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using SimpleBase;

namespace Gateway.Model.Crypto;

/// <summary>The public half of an Ed25519 key: who a gateway or a user is. Equal when its 32 bytes are.</summary>
public sealed class PublicKey : IEquatable<PublicKey>
{
    /// <summary>Octets of a key.</summary>
    public const int Length = 32;

    /// <summary>Octets of a signature.</summary>
    public const int SignatureLength = 64;

    /// <summary>The longest base58 text of 32 octets.</summary>
    private const int MaxIdLength = 44;

    private static readonly SearchValues<char> Alphabet = SearchValues.Create("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");

    private readonly byte[] _bytes;

    private PublicKey(byte[] bytes)
    {
        _bytes = bytes;
        Id = Base58.Bitcoin.Encode(bytes);
    }

    /// <summary>The key in base58 (Bitcoin alphabet), 32 to 44 characters: the "node id" of a gateway.</summary>
    public string Id { get; }

    /// <summary>The key in lower-case hex, 64 characters: as users and gateways write it into the reservation API.</summary>
    public string Hex => Convert.ToHexStringLower(_bytes);

    /// <summary>The 32 octets.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Takes 32 octets; any other number is refused.</summary>
    public static bool TryFromBytes(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out PublicKey? key)
    {
        key = bytes.Length == Length ? new PublicKey(bytes.ToArray()) : null;
        return key is not null;
    }

    /// <summary>Reads 64 hex digits of either case.</summary>
    public static bool TryFromHex(string? text, [NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        Span<byte> bytes = stackalloc byte[Length];
        return text is { Length: 2 * Length }
            && Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done
            && TryFromBytes(bytes, out key);
    }

    /// <summary>Reads a base58 identity; leading zero octets are written '1'.</summary>
    public static bool TryFromId(string? text, [NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        if (text is null or { Length: < Length or > MaxIdLength } || text.AsSpan().ContainsAnyExcept(Alphabet)) return false;
        Span<byte> bytes = stackalloc byte[2 * MaxIdLength];
        return Base58.Bitcoin.TryDecode(text, bytes, out var written) && TryFromBytes(bytes[..written], out key) && key.Id == text;
    }

    /// <summary>True when the owner of this key signed exactly this message (RFC 8032). A signature of another length is false.</summary>
    public bool Verifies(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        signature.Length == SignatureLength && Sodium.SignVerifyDetached(signature, message, (ulong)message.Length, _bytes) == 0;

    /// <summary>As <see cref="Verifies"/>, for a signature in hex; text that is no hex is false.</summary>
    public bool VerifiesHex(ReadOnlySpan<byte> message, string? signature)
    {
        Span<byte> bytes = stackalloc byte[SignatureLength];
        return signature is { Length: 2 * SignatureLength }
            && Convert.FromHexString(signature, bytes, out _, out _) == OperationStatus.Done
            && Verifies(message, bytes);
    }

    /// <inheritdoc/>
    public bool Equals(PublicKey? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Id, StringComparison.Ordinal);

    /// <summary>The identity.</summary>
    public override string ToString() => Id;

    /// <summary>The same point on Curve25519; false for a key of low order, with which no secret can be shared.</summary>
    internal bool TryToCurve25519(Span<byte> curve) => Sodium.PublicToCurve25519(curve, _bytes) == 0;
}

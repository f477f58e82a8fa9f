using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Gateway.Transport.Tls;

/// <summary>
/// The SHA-256 of a certificate's public key (its SubjectPublicKeyInfo, as RFC 7469 section 2.4 pins it). A certificate that is
/// renewed for the same key keeps its pin.
/// </summary>
public readonly record struct KeyPin
{
    private const string Prefix = "sha256:";
    private const int Digits = 2 * SHA256.HashSizeInBytes;

    private readonly string _hex;

    private KeyPin(string hex) => _hex = hex;

    /// <summary>The pin of this certificate's key.</summary>
    public static KeyPin Of(X509Certificate2 certificate) =>
        new(Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())));

    /// <summary>Reads <c>sha256:</c> and 64 hexadecimal digits of either case.</summary>
    public static bool TryParse(string text, out KeyPin pin)
    {
        pin = default;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length != Prefix.Length + Digits) return false;
        var hex = text[Prefix.Length..];
        if (!hex.All(char.IsAsciiHexDigit)) return false;
        pin = new KeyPin(hex.ToLowerInvariant());
        return true;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => Prefix + _hex;
}

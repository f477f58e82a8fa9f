using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Gateway.Model;

namespace Gateway.Dns.Tsig;

/// <summary>An algorithm that signs transactions (RFC 8945 section 6): the three that are both required or recommended, and unbroken.</summary>
internal sealed class TsigAlgorithm
{
    /// <summary>Octets of the longest MAC.</summary>
    public const int LongestMac = 64;

    private static readonly TsigAlgorithm[] All =
    [
        new("hmac-sha256", HashAlgorithmName.SHA256, 32),
        new("hmac-sha384", HashAlgorithmName.SHA384, 48),
        new("hmac-sha512", HashAlgorithmName.SHA512, 64),
    ];

    private TsigAlgorithm(string name, HashAlgorithmName hash, int macLength) => (Name, Hash, MacLength) = (DomainName.Parse(name), hash, macLength);

    /// <summary>Its name in messages.</summary>
    public DomainName Name { get; }

    /// <summary>The hash under the HMAC.</summary>
    public HashAlgorithmName Hash { get; }

    /// <summary>Octets of a whole MAC.</summary>
    public int MacLength { get; }

    /// <summary>Finds an algorithm by its name.</summary>
    public static bool TryFind(DomainName name, [NotNullWhen(true)] out TsigAlgorithm? algorithm)
    {
        algorithm = Array.Find(All, one => one.Name == name);
        return algorithm is not null;
    }
}

using System.Diagnostics.CodeAnalysis;
using Gateway.Model;

namespace Gateway.Dns.Tsig;

/// <summary>A secret that we share with a peer, known to both by its name (RFC 8945 section 2). Prints its name alone.</summary>
internal sealed class TsigKey
{
    // RFC 8945 section 8 asks for a secret as long as the MAC; what is in use is often shorter, but never as short as this.
    private const int ShortestSecret = 8;

    private readonly byte[] _secret;

    /// <summary>Makes a key.</summary>
    public TsigKey(DomainName name, TsigAlgorithm algorithm, byte[] secret) => (Name, Algorithm, _secret) = (name, algorithm, secret);

    /// <summary>The key's name.</summary>
    public DomainName Name { get; }

    /// <summary>The one algorithm it is used with.</summary>
    public TsigAlgorithm Algorithm { get; }

    /// <summary>The shared secret, for computing a MAC.</summary>
    public ReadOnlySpan<byte> Octets => _secret;

    /// <summary>Reads <c>name:algorithm:base64</c>. On a fault, a sentence that tells which part it is and never shows it.</summary>
    public static bool TryParse(Secret option, [NotNullWhen(true)] out TsigKey? key, out string fault)
    {
        key = null;
        fault = "";
        if (option.Reveal().Split(':') is not [var name, var algorithm, var base64])
            fault = "A TSIG key is not written name:algorithm:base64.";
        else if (!DomainName.TryParse(name, out var keyName))
            fault = "The name of a TSIG key is not a domain name.";
        else if (!DomainName.TryParse(algorithm, out var algorithmName) || !TsigAlgorithm.TryFind(algorithmName, out var found))
            fault = $"The algorithm of TSIG key {keyName} is not hmac-sha256, hmac-sha384 or hmac-sha512.";
        else if (!TryReadSecret(base64, out var secret))
            fault = $"The secret of TSIG key {keyName} is not base64 of at least {ShortestSecret} octets (openssl rand -base64 32 makes one).";
        else
            key = new TsigKey(keyName, found, secret);
        return key is not null;
    }

    /// <summary>The key's name.</summary>
    public override string ToString() => Name.ToString();

    private static bool TryReadSecret(string base64, out byte[] secret)
    {
        secret = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, secret, out var length) || length < ShortestSecret) return false;
        secret = secret[..length];
        return true;
    }
}

/// <summary>The keys that we know. Immutable.</summary>
internal sealed class TsigKeys
{
    private readonly Dictionary<DomainName, TsigKey> _keys;

    /// <summary>Makes the ring; of two keys with one name the last counts.</summary>
    public TsigKeys(IEnumerable<TsigKey> keys)
    {
        _keys = [];
        foreach (var key in keys) _keys[key.Name] = key;
    }

    /// <summary>Keys in the ring.</summary>
    public int Count => _keys.Count;

    /// <summary>Finds a key by its name.</summary>
    public bool TryFind(DomainName name, [NotNullWhen(true)] out TsigKey? key) => _keys.TryGetValue(name, out key);
}

using System.Globalization;
using System.Text;
using Gateway.Model.Crypto;

namespace Gateway.Model.ExplorerApi;

/// <summary>
/// Signed requests (the reservation API contract, section 1.2): the scheme of draft-cavage-http-signatures-12 over the time of signing, the Date header and
/// the key's name. Method, path and body are not covered, so only the freshness of <see cref="Created"/> limits a replay.
/// </summary>
/// <param name="KeyId">Whose key: a gateway's identity or a user's decimal id.</param>
/// <param name="Created">When it was signed, in Unix seconds; null when the signature does not say.</param>
/// <param name="Headers">What is covered, in order, in lower case.</param>
/// <param name="Signature">64 octets.</param>
public sealed record HttpSignature(string KeyId, long? Created, IReadOnlyList<string> Headers, byte[] Signature)
{
    /// <summary>What a server asks for in its WWW-Authenticate header.</summary>
    public const string Challenge = "Signature headers=\"(created) date threebot-id\"";

    /// <summary>The name of the header that repeats the key id.</summary>
    public const string KeyHeader = "Threebot-Id";

    private const string Scheme = "Signature ";

    private const string CreatedHeader = "(created)";

    private const int MaxLength = 4096;

    private static readonly string[] Required = [CreatedHeader, "date", "threebot-id"];

    /// <summary>
    /// Reads the value of an Authorization header. Parameters come in any order, unknown ones are passed over, and so is `expires`, which one client
    /// fills with broken text. The fault is fit to be shown to the sender.
    /// </summary>
    public static bool TryParse(string authorization, out HttpSignature signature, out string fault)
    {
        signature = new HttpSignature("", null, [], []);
        if (authorization.Length > MaxLength || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            fault = "no Signature in the Authorization header";
            return false;
        }

        if (!TryReadParameters(authorization.AsSpan(Scheme.Length), out var parameters))
        {
            fault = "malformed Signature parameters: each is name=\"value\", separated by commas";
            return false;
        }

        return TryBuild(parameters, out signature, out fault);
    }

    /// <summary>
    /// True when the owner of the key signed these headers. <paramref name="header"/> gives a request header by its lower-case name, null when absent.
    /// </summary>
    public bool Verify(PublicKey key, Func<string, string?> header, out string fault)
    {
        if (Required.FirstOrDefault(name => !Headers.Contains(name)) is { } missing)
        {
            fault = $"the signature does not cover {missing}";
            return false;
        }

        if (!TrySigningString(header, out var text, out fault)) return false;
        fault = key.Verifies(Encoding.UTF8.GetBytes(text), Signature) ? "" : "signature verification failed";
        return fault.Length == 0;
    }

    /// <summary>True when it was signed at most <paramref name="tolerance"/> before or after <paramref name="now"/>.</summary>
    public bool IsFresh(DateTimeOffset now, TimeSpan tolerance) =>
        Created is { } created && Math.Abs((decimal)now.ToUnixTimeSeconds() - created) <= (decimal)tolerance.TotalSeconds;

    private bool TrySigningString(Func<string, string?> header, out string text, out string fault)
    {
        var lines = new List<string>(Headers.Count);
        (text, fault) = ("", "");
        foreach (var name in Headers)
        {
            var value = name == CreatedHeader ? Created?.ToString(CultureInfo.InvariantCulture) : header(name);
            if (value is null)
            {
                fault = $"the signature covers {name}, which the request does not carry";
                return false;
            }

            lines.Add($"{name}: {value}");
        }

        text = string.Join('\n', lines);
        return true;
    }

    private static bool TryBuild(Dictionary<string, string> parameters, out HttpSignature signature, out string fault)
    {
        var octets = new byte[PublicKey.SignatureLength];
        var headers = parameters.GetValueOrDefault("headers", "").ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var created = long.TryParse(parameters.GetValueOrDefault("created"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) ? seconds : (long?)null;
        var isSigned = Convert.TryFromBase64String(parameters.GetValueOrDefault("signature", ""), octets, out var length) && length == octets.Length;
        signature = new HttpSignature(parameters.GetValueOrDefault("keyId", ""), created, headers, octets);
        if (signature.KeyId.Length == 0) fault = "the Signature has no keyId";
        else if (parameters.GetValueOrDefault("algorithm", "ed25519") is not ("ed25519" or "hs2019")) fault = "the Signature's algorithm must be ed25519";
        else fault = isSigned ? "" : "the Signature's signature must be 64 octets in base64";
        return fault.Length == 0;
    }

    // name="value" pairs between commas; white space around them is passed over.
    private static bool TryReadParameters(ReadOnlySpan<char> text, out Dictionary<string, string> parameters)
    {
        parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!(text = text.TrimStart(" ,\t")).IsEmpty)
        {
            var equals = text.IndexOf("=\"");
            if (equals <= 0) return false;
            var name = text[..equals].Trim();
            text = text[(equals + 2)..];
            var end = text.IndexOf('"');
            if (end < 0) return false;
            // The last one counts, as in the original; a name that is no word cannot be meant.
            if (name.ContainsAny("\", ")) return false;
            parameters[name.ToString()] = text[..end].ToString();
            text = text[(end + 1)..];
        }

        return true;
    }
}

/// <summary>The three headers that sign a request.</summary>
/// <param name="Date">Value of Date (RFC 9110 section 5.6.7).</param>
/// <param name="KeyId">Value of Threebot-Id.</param>
/// <param name="Authorization">Value of Authorization.</param>
public sealed record SignedHeaders(string Date, string KeyId, string Authorization)
{
    // What expires says; nobody checks it, but some parsers want it there.
    private const int LifetimeSeconds = 60;

    /// <summary>Signs for a key id at a time.</summary>
    public static SignedHeaders Sign(string keyId, Identity identity, DateTimeOffset now)
    {
        var date = now.ToUniversalTime().ToString("R", CultureInfo.InvariantCulture);
        var created = now.ToUnixTimeSeconds();
        var text = string.Create(CultureInfo.InvariantCulture, $"(created): {created}\ndate: {date}\nthreebot-id: {keyId}");
        var signature = Convert.ToBase64String(identity.Sign(Encoding.UTF8.GetBytes(text)));
        var authorization = string.Create(
            CultureInfo.InvariantCulture,
            $"Signature keyId=\"{keyId}\",algorithm=\"ed25519\",created=\"{created}\",expires=\"{created + LifetimeSeconds}\",headers=\"(created) date threebot-id\",signature=\"{signature}\"");
        return new SignedHeaders(date, keyId, authorization);
    }
}

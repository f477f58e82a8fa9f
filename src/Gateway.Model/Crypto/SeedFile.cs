using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gateway.Model.Crypto;

/// <summary>
/// What an identity file holds (the provisioning contract, section 2.7): a JSON string with a version, and right behind it the
/// payload. Here are only its bytes; reading and writing the file, and its mode 0400, belong to the program.
/// </summary>
/// <param name="Identity">The key pair.</param>
/// <param name="User">The user's id in the reservation API ("threebotid"); 0 when the file names none.</param>
public sealed record SeedFile(Identity Identity, long User)
{
    /// <summary>No seed file is longer: 24 words and a number are below 300 octets.</summary>
    public const int MaxLength = 4096;

    private const string RawVersion = "1.0.0";

    private const string WordsVersion = "1.1.0";

    // "1.0.0" with its quotes.
    private const int VersionLength = 7;

    /// <summary>
    /// Reads every form there is: version 1.0.0 (32 raw octets), 1.1.0 (words and user id), 1.1.0 followed by 32 raw octets (written
    /// by a fault of an older program) and 32 octets without a version. The fault says what is wrong and how to mend it.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SeedFile? file, out string fault)
    {
        file = null;
        if (bytes.Length == Identity.SeedLength) return Found(bytes, 0, out file, out fault);
        if (!TryReadVersion(bytes, out var version))
        {
            fault = $"this is no identity file: {bytes.Length} octets without a version; restore the right file, or make a new one with: gateway identity new";
            return false;
        }

        var payload = bytes[VersionLength..];
        if (version is not (RawVersion or WordsVersion))
        {
            fault = $"unknown seed version {version}: versions 1.0.0 and 1.1.0 are known; use the program that wrote the file, or a newer gateway";
            return false;
        }

        if (payload.Length == Identity.SeedLength) return Found(payload, 0, out file, out fault);
        return version == WordsVersion ? TryReadWords(payload, out file, out fault) : WrongSize(payload, out fault);
    }

    /// <summary>Version 1.0.0, as a gateway writes it: 39 octets, the user id is not kept.</summary>
    public byte[] EncodeForGateway() => [.. Encoding.ASCII.GetBytes($"\"{RawVersion}\""), .. Identity.Seed];

    /// <summary>Version 1.1.0, as a user's tool writes it: the words and the user id.</summary>
    public byte[] EncodeForUser() => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"\"{WordsVersion}\"{{\"mnemonic\":\"{Identity.Words.Reveal()}\",\"threebotid\":{User}}}"));

    private static bool TryReadVersion(ReadOnlySpan<byte> bytes, out string version)
    {
        version = "";
        if (bytes.Length is <= VersionLength or > MaxLength || bytes[0] != '"' || bytes[VersionLength - 1] != '"') return false;
        version = Encoding.ASCII.GetString(bytes[1..(VersionLength - 1)]);
        return version.All(c => char.IsAsciiDigit(c) || c == '.');
    }

    private static bool TryReadWords(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out SeedFile? file, out string fault)
    {
        file = null;
        if (!TryReadMembers(payload, out var words, out var user))
        {
            fault = "the part behind the version is not the expected JSON, {\"mnemonic\":\"<24 words>\",\"threebotid\":<number>}; restore the file from its backup";
            return false;
        }

        if (!Mnemonic.TryDecode(words, out var seed, out fault)) return false;
        if (seed.Length == Identity.SeedLength) return Found(seed, user, out file, out fault);
        fault = "a seed needs 24 words, this file has fewer; restore the file from its backup";
        return false;
    }

    private static bool TryReadMembers(ReadOnlySpan<byte> payload, out string words, out long user)
    {
        (words, user) = ("", 0);
        try
        {
            var members = JsonSerializer.Deserialize(payload, SeedJson.Default.SeedMembers);
            (words, user) = (members?.Mnemonic ?? "", members?.ThreebotId ?? 0);
            return words.Length > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool WrongSize(ReadOnlySpan<byte> payload, out string fault)
    {
        var trailing = payload.Length == Identity.SeedLength + 1 && payload[^1] == '\n';
        fault = $"seed has the wrong size {payload.Length}, it has {Identity.SeedLength} octets; "
            + (trailing ? "an editor added a line feed: cut it off with: truncate -s -1 <file>" : "restore the file from its backup");
        return false;
    }

    private static bool Found(ReadOnlySpan<byte> seed, long user, out SeedFile file, out string fault)
    {
        file = new SeedFile(Identity.FromSeed(seed), user);
        fault = "";
        return true;
    }
}

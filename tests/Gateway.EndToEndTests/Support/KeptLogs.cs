using System.Text;
using System.Text.RegularExpressions;

namespace Gateway.EndToEndTests.Support;

/// <summary>
/// Everything that nodes and clients print in a whole test run, and the secrets that they had, so that scripts/no-secrets.sh can look for
/// the one in the other. Nothing is kept unless TEST_LOGS names a directory.
/// </summary>
internal static partial class KeptLogs
{
    /* Shorter ones would be found everywhere. */
    private const int ShortestSecret = 16;

    private static readonly string? Folder = Environment.GetEnvironmentVariable("TEST_LOGS") is { Length: > 0 } folder ? folder : null;
    private static readonly Lock Gate = new();

    /// <summary>Keeps what a program printed.</summary>
    public static void Keep(string text) => Append("programs.log", text);

    /// <summary>Notes every secret in the files below a directory, before it is deleted.</summary>
    public static void NoteSecretsIn(string directory)
    {
        if (Folder is null) return;
        foreach (var file in Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).Where(IsSecret))
            foreach (var secret in SecretsIn(File.ReadAllBytes(file)).Where(secret => secret.Length >= ShortestSecret)) Append("secrets", secret);
    }

    private static bool IsSecret(string file) =>
        Path.GetFileName(file) is "admin.token" or "password" or "secret" or "tunnel.pem" || Path.GetExtension(file) is ".seed" or ".secret";

    private static IEnumerable<string> SecretsIn(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        if (Words().Match(text) is { Success: true } words) return [words.Value];
        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal)) return text[text.IndexOf("PRIVATE KEY", StringComparison.Ordinal)..].Split('\n').Where(line => !line.Contains('-', StringComparison.Ordinal));
        if (!text.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\r') || letter == '\uFFFD')) return text.Split('\n').Select(line => line.Trim());
        // A seed in raw octets, in the ways in which somebody might print it.
        var seed = bytes[^Math.Min(32, bytes.Length)..];
        return [Convert.ToHexString(seed), Convert.ToHexStringLower(seed), Convert.ToBase64String(seed)];
    }

    private static void Append(string name, string text)
    {
        if (Folder is null || text.Length == 0) return;
        lock (Gate) File.AppendAllText(Path.Combine(Folder, name), text + "\n");
    }

    [GeneratedRegex("[a-z]+( [a-z]+){11,23}")]
    private static partial Regex Words();
}

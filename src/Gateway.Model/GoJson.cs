using System.Globalization;
using System.Text;

namespace Gateway.Model;

/// <summary>
/// Strings exactly as Go's encoding/json writes them, because the programs that share our Redis compare and sign such bytes:
/// <c>&lt; &gt; &amp;</c>, U+2028 and U+2029 are escaped, other characters outside ASCII are not.
/// </summary>
internal static class GoJson
{
    /// <summary>The text between quotes, escaped. A lone surrogate becomes U+FFFD, as Go does with invalid UTF-8.</summary>
    public static string Quote(string text)
    {
        var json = new StringBuilder(text.Length + 2).Append('"');
        foreach (var rune in text.EnumerateRunes()) Append(json, rune);
        return json.Append('"').ToString();
    }

    private static void Append(StringBuilder json, Rune rune)
    {
        switch (rune.Value)
        {
            case '"' or '\\': json.Append('\\').Append((char)rune.Value); break;
            case '\n': json.Append("\\n"); break;
            case '\r': json.Append("\\r"); break;
            case '\t': json.Append("\\t"); break;
            case < 0x20 or '<' or '>' or '&' or 0x2028 or 0x2029: json.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"); break;
            default: json.Append(rune.ToString()); break;
        }
    }
}

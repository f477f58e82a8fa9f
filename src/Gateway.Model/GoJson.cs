using System.Buffers;
using System.Globalization;
using System.Text;

namespace Gateway.Model;

/// <summary>
/// Strings exactly as Go's encoding/json writes them, because the programs that share our Redis compare and sign such bytes:
/// <c>&lt; &gt; &amp;</c>, U+2028 and U+2029 are escaped, other characters outside ASCII are not.
/// </summary>
internal static class GoJson
{
    private static readonly SearchValues<char> PlainAscii = SearchValues.Create([.. Enumerable.Range(' ', 0x7f - ' ').Select(c => (char)c).Where(IsPlain)]);

    /// <summary>The text between quotes, escaped. A lone surrogate becomes U+FFFD, as Go does with invalid UTF-8.</summary>
    public static string Quote(string text)
    {
        var plain = PlainLength(text, 0);
        // Nearly all of them: names, numbers, hex.
        return plain == text.Length ? string.Concat("\"", text, "\"") : Escape(text, plain);
    }

    private static string Escape(string text, int plain)
    {
        var json = new StringBuilder(text.Length + 16).Append('"').Append(text, 0, plain);
        for (var at = plain; at < text.Length;)
        {
            // Of invalid UTF-16 this gives one unit, and U+FFFD for it.
            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var units);
            Append(json, rune);
            at += units;
            var next = PlainLength(text, at);
            json.Append(text, at, next);
            at += next;
        }

        return json.Append('"').ToString();
    }

    /// <summary>Characters from a place on that are written as they are.</summary>
    internal static int PlainLength(string text, int from)
    {
        var ascii = text.AsSpan(from).IndexOfAnyExcept(PlainAscii);
        if (ascii < 0) return text.Length - from;
        var at = from + ascii;
        while (at < text.Length && IsPlain(text[at])) at++;
        return at - from;
    }

    private static bool IsPlain(char c) => c is not (< ' ' or '"' or '\\' or '<' or '>' or '&' or '\u2028' or '\u2029') && !char.IsSurrogate(c);

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

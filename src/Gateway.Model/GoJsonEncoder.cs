using System.Text;
using System.Text.Encodings.Web;

namespace Gateway.Model;

/// <summary>
/// Escapes JSON as Go's encoder does, so that what we write is octet for octet what older programs write: `&lt;`, `&gt;`, `&amp;`,
/// U+2028 and U+2029 as \u003c …, control characters, quote and backslash; everything else stays as it is.
/// </summary>
public sealed unsafe class GoJsonEncoder : JavaScriptEncoder
{
    // "\u003c": the longest form of one character.
    private const int LongestEscape = 6;

    private GoJsonEncoder()
    {
    }

    /// <summary>The one instance.</summary>
    public static GoJsonEncoder Instance { get; } = new();

    /// <inheritdoc/>
    public override int MaxOutputCharactersPerInputCharacter => LongestEscape;

    /// <inheritdoc/>
    public override bool WillEncode(int unicodeScalar) =>
        unicodeScalar is < ' ' or '"' or '\\' or '<' or '>' or '&' or 0x2028 or 0x2029;

    /// <inheritdoc/>
    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        for (var i = 0; i < textLength; i++)
        {
            if (WillEncode(text[i])) return i;
            if (!char.IsSurrogate(text[i])) continue;
            // Half a pair must be replaced; a whole one is passed over.
            if (i + 1 >= textLength || !char.IsSurrogatePair(text[i], text[i + 1])) return i;
            i++;
        }

        return -1;
    }

    /// <inheritdoc/>
    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        var output = new Span<char>(buffer, bufferLength);
        if (!WillEncode(unicodeScalar)) return new Rune(unicodeScalar).TryEncodeToUtf16(output, out numberOfCharactersWritten);
        Span<char> escape = stackalloc char[LongestEscape];
        numberOfCharactersWritten = Escape(unicodeScalar, escape);
        if (escape[..numberOfCharactersWritten].TryCopyTo(output)) return true;
        numberOfCharactersWritten = 0;
        return false;
    }

    private static int Escape(int scalar, Span<char> escape)
    {
        const string hex = "0123456789abcdef";
        escape[0] = '\\';
        escape[1] = scalar switch { '\n' => 'n', '\r' => 'r', '\t' => 't', '"' => '"', '\\' => '\\', _ => 'u' };
        if (escape[1] != 'u') return 2;
        for (var i = 0; i < 4; i++) escape[2 + i] = hex[(scalar >> (12 - (4 * i))) & 0xF];
        return LongestEscape;
    }
}

using System.Globalization;
using System.Text;

namespace Gateway.Model.Names;

/// <summary>
/// Names in other letters than those of the DNS. They have one spelling here, the A-label "xn--…" (RFC 5890), and only one that people
/// cannot take for another name. Pure.
/// </summary>
public static class InternationalName
{
    // RFC 5891 section 4.2.3.1: two hyphens there announce an encoding.
    private const int HyphensAt = 2;

    /// <summary>
    /// Why a label cannot be reserved where this gateway gives out names, as the end of a sentence; null when it can. <paramref name="label"/>
    /// is in small letters.
    /// </summary>
    public static string? FaultOf(string label)
    {
        if (label.Length < HyphensAt + 2 || label[HyphensAt] != '-' || label[HyphensAt + 1] != '-') return null;
        if (!label.StartsWith(Punycode.Prefix, StringComparison.Ordinal)) return "labels with hyphens in the third and fourth place are kept back";
        var points = Punycode.Decode(label.AsSpan(Punycode.Prefix.Length));
        if (points is null || points.All(point => point < 0x80) || Punycode.Encode(points) != label[Punycode.Prefix.Length..]) return "it is no valid A-label (RFC 5891): write the name in its letters and have it converted";
        return LetterFault(points) ?? LookAlikeFault(points);
    }

    /// <summary>The ASCII form of a name that somebody wrote in its own letters; null when there is none that can be told for sure.</summary>
    public static string? AsciiFormOf(string text)
    {
        var labels = text.ToLowerInvariant().Split('.').Select(label => Ascii.IsValid(label) ? label : AsciiLabel(label)).ToList();
        return labels.Contains(null) || !DomainName.TryParse(string.Join('.', labels), out var name) ? null : name.ToString();
    }

    private static string? AsciiLabel(string label)
    {
        var points = label.EnumerateRunes().Select(rune => rune.Value).ToArray();
        var encoded = Punycode.Prefix + Punycode.Encode(points);
        return FaultOf(encoded) is null ? encoded : null;
    }

    private static string? LetterFault(int[] points)
    {
        foreach (var point in points)
            if (!IsPlain(point) && Script.Of(point) is null) return string.Create(CultureInfo.InvariantCulture, $"it holds U+{point:X4}, which is no letter for names or looks like another one");
        var isMark = Rune.GetUnicodeCategory(new Rune(points[0])) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
        return isMark ? "it begins with a mark that belongs onto a letter" : null;
    }

    private static string? LookAlikeFault(int[] points)
    {
        var letters = points.Where(point => !IsPlain(point)).ToList();
        var scripts = letters.Select(point => Script.Of(point)!).Distinct().ToList();
        if (!Script.GoTogether(scripts)) return $"it mixes letters of different scripts ({string.Join(", ", scripts.Select(script => script.Name).Order(StringComparer.Ordinal))}), so that people would take it for another name";
        return letters.All(Script.IsLatinLookAlike) ? $"its {scripts[0].Name} letters all look like Latin ones, so that people would take it for another name" : null;
    }

    // Digits, hyphen and underscore are of no script.
    private static bool IsPlain(int point) => point < 0x80 && (char.IsAsciiDigit((char)point) || point is '-' or '_');
}

using System.Globalization;
using System.Text;

namespace Gateway.Model.Names;

/// <summary>A writing system that names may be written in, those that UAX #31 (table 5) recommends.</summary>
/// <param name="Name">Its name in Unicode.</param>
internal sealed record Script(string Name)
{
    public static readonly Script Latin = new("Latin");

    private static readonly Script Han = new("Han"), Hiragana = new("Hiragana"), Katakana = new("Katakana"), Bopomofo = new("Bopomofo"), Hangul = new("Hangul");

    /// <summary>Which scripts one label may mix: none but those that are written together (UTS #39 section 5.2, "highly restrictive").</summary>
    private static readonly Script[][] Together = [[Latin, Han, Hiragana, Katakana], [Latin, Han, Bopomofo], [Latin, Han, Hangul]];

    private static readonly (int First, int Last, Script Script)[] Ranges =
    [
        ('a', 'z', Latin), (0xE0, 0xF6, Latin), (0xF8, 0x17E, Latin), (0x1A1, 0x1A1, Latin), (0x1B0, 0x1B0, Latin),
        (0x219, 0x21B, Latin), (0x1E00, 0x1EFF, Latin),
        .. Of("Greek", (0x3AC, 0x3CE)), .. Of("Cyrillic", (0x430, 0x45F), (0x48B, 0x52F)), .. Of("Armenian", (0x561, 0x586)),
        .. Of("Hebrew", (0x5D0, 0x5EA)), .. Of("Arabic", (0x620, 0x64A), (0x671, 0x6D3)), .. Of("Devanagari", (0x900, 0x97F)),
        .. Of("Bengali", (0x980, 0x9FF)), .. Of("Gurmukhi", (0xA00, 0xA7F)), .. Of("Gujarati", (0xA80, 0xAFF)), .. Of("Oriya", (0xB00, 0xB7F)),
        .. Of("Tamil", (0xB80, 0xBFF)), .. Of("Telugu", (0xC00, 0xC7F)), .. Of("Kannada", (0xC80, 0xCFF)), .. Of("Malayalam", (0xD00, 0xD7F)),
        .. Of("Sinhala", (0xD80, 0xDFF)), .. Of("Thai", (0xE00, 0xE7F)), .. Of("Lao", (0xE80, 0xEFF)), .. Of("Tibetan", (0xF00, 0xFFF)),
        .. Of("Myanmar", (0x1000, 0x109F)), .. Of("Georgian", (0x10D0, 0x10F0)), .. Of("Ethiopic", (0x1200, 0x137F)), .. Of("Khmer", (0x1780, 0x17FF)),
        (0x3041, 0x3096, Hiragana), (0x30A1, 0x30FA, Katakana), (0x30FC, 0x30FC, Katakana), (0x3105, 0x312F, Bopomofo),
        (0x3005, 0x3005, Han), (0x3400, 0x4DBF, Han), (0x4E00, 0x9FFF, Han), (0x20000, 0x2A6DF, Han), (0xAC00, 0xD7A3, Hangul),
    ];

    /// <summary>
    /// Letters that look like another one, and those that two generations of browsers read differently (UTS #46 section 4: ß and ς).
    /// </summary>
    private static readonly int[] Deceiving = [0x131, 0x138, 0x140, 0x149, 0x17F, 0x3C2];

    /// <summary>Small letters of other scripts that look like a Latin one, as browsers judge them (UTS #39, confusables).</summary>
    private const string LooksLatin = "асԁеһіјӏорԛѕԝхуүѵ" + "αικνορυ" + "սօհոցզյ";

    /// <summary>The script of a letter or mark that a name may hold; null for everything else: capitals, digits of other scripts, signs.</summary>
    public static Script? Of(int point)
    {
        if (Array.IndexOf(Deceiving, point) >= 0) return null;
        var isWritten = Rune.GetUnicodeCategory(new Rune(point)) is UnicodeCategory.LowercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
        return isWritten ? Array.Find(Ranges, range => point >= range.First && point <= range.Last).Script : null;
    }

    /// <summary>True when one label may hold letters of all of these.</summary>
    public static bool GoTogether(IReadOnlyCollection<Script> scripts) => scripts.Count <= 1 || Array.Exists(Together, all => scripts.All(all.Contains));

    /// <summary>True when a reader takes the letter for a Latin one.</summary>
    public static bool IsLatinLookAlike(int point) => point <= char.MaxValue && LooksLatin.Contains((char)point, StringComparison.Ordinal);

    private static IEnumerable<(int, int, Script)> Of(string name, params (int First, int Last)[] ranges)
    {
        var script = new Script(name);
        return ranges.Select(range => (range.First, range.Last, script));
    }
}

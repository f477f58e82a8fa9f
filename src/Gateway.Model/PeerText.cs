using System.Globalization;

namespace Gateway.Model;

/// <summary>What others wrote, made fit for a log line or a terminal.</summary>
public static class PeerText
{
    /// <summary>
    /// The text as one line of at most <paramref name="most"/> characters: what moves a cursor, begins a line or turns the
    /// direction of writing (control, format and line separator characters) becomes a space, and what is too long is cut.
    /// </summary>
    public static string OneLine(string text, int most) =>
        string.Concat(text.Take(most).Select(it => IsPlain(it) ? it : ' ')) + (text.Length > most ? " …" : "");

    private static bool IsPlain(char it) => char.GetUnicodeCategory(it)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}

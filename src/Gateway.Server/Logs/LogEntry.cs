using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Gateway.Server.Logs;

/// <summary>One log line, as it waits to be written.</summary>
/// <param name="At">When it was said.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="Category">Who said it: a type's full name.</param>
/// <param name="Event">The number of the kind of line, unique within the category.</param>
/// <param name="Message">What people read.</param>
/// <param name="Fields">What programs read: the values that stand in the message, by name; empty where nobody wants them.</param>
/// <param name="Exception">A defect's whole story; null: none.</param>
internal sealed record LogEntry(DateTimeOffset At, LogLevel Level, string Category, EventId Event, string Message, IReadOnlyList<KeyValuePair<string, object?>> Fields, string? Exception)
{
    /// <summary>The message as one line: what a peer wrote can neither begin a line nor move a cursor.</summary>
    public string Line => OneLine(Message);

    /// <summary>A field's value as text.</summary>
    public static string Text(object? value) => value switch
    {
        null => "",
        string text => text,
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    /// <summary>The text without control characters.</summary>
    public static string OneLine(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(it => char.IsControl(it) ? ' ' : it)) : text;
}

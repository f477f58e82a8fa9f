using System.Globalization;
using System.Text.Json.Nodes;

namespace Gateway.Cli.Operating;

/// <summary>JSON objects as a table for people.</summary>
internal static class TextTable
{
    /// <summary>A line of heads and one for each object; <paramref name="empty"/> when there are none.</summary>
    public static string Of(JsonArray items, string empty, params (string Head, Func<JsonNode, string> Cell)[] columns)
    {
        if (items.Count == 0) return empty;
        string[][] lines = [[.. columns.Select(column => column.Head)], .. items.Select(item => columns.Select(column => column.Cell(item!)).ToArray())];
        var widths = columns.Select((_, i) => lines.Max(line => line[i].Length)).ToArray();
        return string.Join('\n', lines.Select(line => string.Join("  ", line.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd()));
    }

    /// <summary>A member as text; a list joined by commas.</summary>
    public static Func<JsonNode, string> Member(string name) => item => item[name] switch
    {
        JsonArray list => string.Join(", ", list.Select(it => it?.ToString() ?? "")),
        null => "",
        var value => value.ToString(),
    };

    /// <summary>A member that is a moment, as people read it.</summary>
    public static Func<JsonNode, string> Moment(string name) => item => Moment(item[name]);

    /// <summary>A moment of the node to the second, in UTC; what is none stays as it is.</summary>
    public static string Moment(JsonNode? value) =>
        DateTimeOffset.TryParse(value?.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)
            : value?.ToString() ?? "";
}

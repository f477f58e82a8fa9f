using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Gateway.Server.Logs;

/// <summary>A log entry as a line of text or as a JSON object.</summary>
internal static class LogLines
{
    private static readonly JsonWriterOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>For people: time, level, who, number, message.</summary>
    public static string Human(LogEntry entry) =>
        string.Create(CultureInfo.InvariantCulture, $"{entry.At.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ} {Short(entry.Level)}: {entry.Category}[{entry.Event.Id}] {entry.Line}{(entry.Exception is { } it ? " " + LogEntry.OneLine(it) : "")}");

    /// <summary>For the journal where only its stream is at hand: the priority, then the message (sd-daemon(3)).</summary>
    public static string Prefixed(LogEntry entry) => $"<{Priority(entry.Level)}>{entry.Category}[{entry.Event.Id}] {entry.Line}{(entry.Exception is { } it ? " " + LogEntry.OneLine(it) : "")}";

    /// <summary>For programs.</summary>
    public static string Json(LogEntry entry)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, OneLine))
        {
            json.WriteStartObject();
            json.WriteString("time", entry.At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            json.WriteString("level", entry.Level.ToString().ToLowerInvariant());
            json.WriteString("category", entry.Category);
            json.WriteNumber("event", entry.Event.Id);
            json.WriteString("name", entry.Event.Name ?? "");
            json.WriteString("message", entry.Message);
            json.WriteStartObject("fields");
            foreach (var (name, value) in entry.Fields) WriteField(json, Snake(name), value);
            json.WriteEndObject();
            if (entry.Exception is { } exception) json.WriteString("exception", exception);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>The priority of syslog (RFC 5424 section 6.2.1).</summary>
    public static int Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };

    /// <summary>ConnectionId becomes connection_id.</summary>
    public static string Snake(string name)
    {
        var text = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && text.Length > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }

    private static void WriteField(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case bool flag: json.WriteBoolean(name, flag); break;
            case int or long or short or byte or ushort or uint: json.WriteNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture)); break;
            case double number when double.IsFinite(number): json.WriteNumber(name, number); break;
            default: json.WriteString(name, LogEntry.Text(value)); break;
        }
    }

    private static string Short(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}

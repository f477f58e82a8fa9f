using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gateway.Model.ExplorerApi;

/// <summary>A point in time in whole seconds since 1970 (UTC); 0 means "never". Written as a JSON integer.</summary>
/// <param name="Seconds">Unix seconds.</param>
[JsonConverter(typeof(ExplorerDateConverter))]
public readonly record struct ExplorerDate(long Seconds)
{
    /// <summary>The second that <paramref name="time"/> lies in.</summary>
    public static ExplorerDate From(DateTimeOffset time) => new(time.ToUnixTimeSeconds());

    /// <summary>The same point in time; one outside the years 1 to 9999 is brought to the nearest end.</summary>
    public DateTimeOffset ToTime() => DateTimeOffset.FromUnixTimeSeconds(
        Math.Clamp(Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds()));

    /// <summary>
    /// Reads the text forms that older servers accepted: `YYYY/MM/DD` or `YY/MM/DD`, then optionally a space and `h`, `h:mm`, `ham`,
    /// `hpm`, `ham:mm` or `hpm:mm`. Empty is 0.
    /// </summary>
    public static bool TryParse(string text, out ExplorerDate date)
    {
        date = default;
        if (text.Length == 0) return true;
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is 0 or > 2 || !DateOnly.TryParseExact(parts[0], ["yyyy/M/d", "yy/M/d"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) return false;
        var time = TimeOnly.MinValue;
        if (parts.Length == 2 && !TryParseTime(parts[1], out time)) return false;
        date = From(new DateTimeOffset(day, time, TimeSpan.Zero));
        return true;
    }

    private static bool TryParseTime(string text, out TimeOnly time)
    {
        var half = text.Contains("pm", StringComparison.OrdinalIgnoreCase) ? "pm" : text.Contains("am", StringComparison.OrdinalIgnoreCase) ? "am" : "";
        var digits = half.Length == 0 ? text : text.Replace(half, "", StringComparison.OrdinalIgnoreCase) + half;
        string[] forms = half.Length == 0 ? ["%H", "H:m"] : ["htt", "h:mtt"];
        return TimeOnly.TryParseExact(digits, forms, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }
}

internal sealed class ExplorerDateConverter : JsonConverter<ExplorerDate>
{
    public override bool HandleNull => true;

    public override ExplorerDate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt64(out var seconds) => new ExplorerDate(seconds),
        JsonTokenType.Number when reader.TryGetDouble(out var real) && Math.Abs(real) < long.MaxValue => new ExplorerDate((long)Math.Floor(real)),
        JsonTokenType.String when ExplorerDate.TryParse(reader.GetString()!, out var date) => date,
        _ => throw new JsonException("a date is a number of seconds or a text like 2021/01/07 6:13"),
    };

    public override void Write(Utf8JsonWriter writer, ExplorerDate value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Seconds);
}

using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gateway.Server.Options;

/// <summary>One option as somebody wrote it.</summary>
/// <param name="Path">The option, for example <c>dns.listen</c>.</param>
/// <param name="Values">One text, or several for a list.</param>
/// <param name="Origin">Where it was written: file and line, variable or flag.</param>
internal sealed record Setting(string Path, IReadOnlyList<string> Values, string Origin);

/// <summary>The three places where options are written, lowest rank first: JSON file, environment, flags.</summary>
internal static class Settings
{
    private const string Prefix = "GATEWAY_";

    /// <summary>Reads a JSON file's bytes; a syntax fault is one line that names file, line and cause. False: the file could not be read to its end.</summary>
    public static bool TryReadJson(byte[] json, string file, IReadOnlyCollection<string> sections, List<Setting> settings, List<string> faults)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) faults.Add($"{file}: the configuration must be one JSON object.");
            else ReadObject(ref reader, "", json, file, sections, settings, faults);
            if (reader.TokenType == JsonTokenType.EndObject && reader.Read()) faults.Add($"{file}: something stands after the configuration's closing brace.");
            return true;
        }
        catch (InvalidOperationException)
        {
            faults.Add($"{file}: a text holds half a character (an unpaired surrogate); write it as UTF-8.");
        }
        catch (JsonException e)
        {
            faults.Add($"{file}:{e.LineNumber + 1}: not valid JSON: {e.Message.Split('.')[0]}.");
        }

        return false;
    }

    /// <summary>Takes the variables that begin with GATEWAY_; an unknown one is a fault, so that a misspelt one is noticed.</summary>
    public static IReadOnlyList<Setting> FromEnvironment(IDictionary variables, OptionTable table, List<string> faults)
    {
        var settings = new List<Setting>();
        foreach (DictionaryEntry entry in variables)
        {
            var name = (string)entry.Key;
            if (!name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            var option = table.Options.FirstOrDefault(option => option.Variable == name);
            if (option is null) faults.Add($"environment: unknown variable '{name}'; 'gatewayd options' lists all.");
            else settings.Add(new Setting(option.Path, Split(option, (string?)entry.Value ?? ""), $"environment {name}"));
        }

        return settings;
    }

    /// <summary>Takes <c>--flag value</c> and <c>--flag=value</c>; a switch alone means true; a list flag may be repeated.</summary>
    public static IReadOnlyList<Setting> FromFlags(IReadOnlyList<string> arguments, OptionTable table, List<string> faults)
    {
        var settings = new Dictionary<string, Setting>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var (flag, value) = SplitFlag(arguments[i]);
            if (table.Options.FirstOrDefault(option => option.Flag == flag) is not { } option)
            {
                faults.Add(flag.StartsWith("--", StringComparison.Ordinal)
                    ? $"flag {flag}: unknown option '{flag[2..]}'; {table.Suggest(flag, option => option.Flag)}"
                    : $"'{arguments[i]}' is no option; 'gatewayd --help' shows the usage.");
                if (value is null && i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal)) i++;
                continue;
            }

            var isSwitch = option.Property.PropertyType == typeof(bool) && (i + 1 >= arguments.Count || arguments[i + 1].StartsWith("--", StringComparison.Ordinal));
            value ??= isSwitch ? "true" : ++i < arguments.Count ? arguments[i] : null;
            if (value is null) faults.Add($"flag {flag}: a value is missing.");
            else if (option.IsList && settings.TryGetValue(option.Path, out var earlier)) settings[option.Path] = earlier with { Values = [.. earlier.Values, .. Split(option, value)] };
            else settings[option.Path] = new Setting(option.Path, Split(option, value), $"flag {flag}");
        }

        return [.. settings.Values];
    }

    private static void ReadObject(ref Utf8JsonReader reader, string path, byte[] json, string file, IReadOnlyCollection<string> sections, List<Setting> settings, List<string> faults)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = path.Length == 0 ? reader.GetString()! : $"{path}.{reader.GetString()}";
            var origin = $"{file}:{LineAt(json, reader.TokenStartIndex)}";
            if (settings.Exists(setting => setting.Path == name)) faults.Add($"{origin}: '{name}' is written twice.");
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject && path.Length == 0 && sections.Contains(name)) ReadObject(ref reader, name, json, file, sections, settings, faults);
            else if (reader.TokenType == JsonTokenType.StartObject)
            {
                faults.Add($"{origin}: '{name}' is no section; the sections are {string.Join(", ", sections)}.");
                reader.Skip();
            }
            else settings.Add(new Setting(name, ReadValues(ref reader, origin, faults), origin));
        }
    }

    private static List<string> ReadValues(ref Utf8JsonReader reader, string origin, List<string> faults)
    {
        var values = new List<string>();
        if (reader.TokenType != JsonTokenType.StartArray) values.Add(Scalar(ref reader));
        else
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                {
                    faults.Add($"{origin}: a list holds plain values only.");
                    reader.Skip();
                }
                else values.Add(Scalar(ref reader));
            }

        return values;
    }

    private static string Scalar(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Null => "",
        _ => Encoding.UTF8.GetString(reader.ValueSpan),
    };

    private static string LineAt(byte[] json, long index) =>
        (json.AsSpan(0, (int)index).Count((byte)'\n') + 1).ToString(CultureInfo.InvariantCulture);

    private static (string Flag, string? Value) SplitFlag(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (argument, null) : (argument[..equals], argument[(equals + 1)..]);
    }

    private static string[] Split(OptionDescription option, string text) =>
        option.IsList ? text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [text];
}

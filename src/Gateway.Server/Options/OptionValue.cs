using System.Collections;
using System.Globalization;
using System.Net;
using Gateway.Model;
using Gateway.Router;

namespace Gateway.Server.Options;

/// <summary>The syntax of option values: text to typed value and back.</summary>
internal static class OptionValue
{
    /// <summary>The element type of a list property; null for a single value.</summary>
    public static Type? ElementType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>Reads one value. False leaves what was expected, as the end of "… is not …".</summary>
    public static bool TryParse(Type type, string text, out object? value, out string expected)
    {
        expected = Expected(type);
        value = Parse(Nullable.GetUnderlyingType(type) ?? type, text.Trim());
        return value is not null;
    }

    /// <summary>Builds the list that a list property takes.</summary>
    public static object ListOf(Type element, IReadOnlyList<object> values)
    {
        var array = Array.CreateInstance(element, values.Count);
        for (var i = 0; i < values.Count; i++) array.SetValue(values[i], i);
        return array;
    }

    /// <summary>Writes a value as <see cref="TryParse"/> reads it; lists are separated by commas; secrets are never shown.</summary>
    public static string Format(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        TimeSpan span => FormatSpan(span),
        Enum item => item.ToString().ToLowerInvariant(),
        IEnumerable list => string.Join(",", list.Cast<object>().Select(Format)),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static object? Parse(Type type, string text)
    {
        if (type == typeof(string)) return text;
        if (type == typeof(bool)) return bool.TryParse(text, out var flag) ? flag : null;
        if (type == typeof(int)) return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
        if (type == typeof(long)) return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
        if (type == typeof(double)) return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
        if (type == typeof(TimeSpan)) return ParseSpan(text);
        if (type == typeof(IPEndPoint)) return ParseEndPoint(text);
        if (type == typeof(IPAddress)) return IPAddress.TryParse(text, out var address) ? address : null;
        if (type == typeof(IPNetwork)) return IPNetwork.TryParse(text, out var network) ? network : null;
        if (type == typeof(ListenerProxy)) return ListenerProxy.TryParse(text, out var proxy) ? proxy : null;
        if (type == typeof(DomainName)) return DomainName.TryParse(text, out var name) ? name : null;
        if (type == typeof(Uri)) return Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;
        if (type == typeof(Secret)) return new Secret(text);
        if (type.IsEnum) return Enum.TryParse(type, text, ignoreCase: true, out var item) && Enum.IsDefined(type, item) ? item : null;
        throw new NotSupportedException($"Options of type {type} have no syntax yet.");
    }

    private static string Expected(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(bool)) return "true or false";
        if (type == typeof(int) || type == typeof(long)) return "a whole number";
        if (type == typeof(double)) return "a number";
        if (type == typeof(TimeSpan)) return "a time like 500ms, 10s, 5m or 1h";
        if (type == typeof(IPEndPoint)) return "an address and port like 127.0.0.1:8053 or [::1]:8053";
        if (type == typeof(IPAddress)) return "an IP address";
        if (type == typeof(IPNetwork)) return "a network like 10.0.0.0/8";
        if (type == typeof(ListenerProxy)) return "a listener and a network like 192.0.2.1:443=10.0.0.0/8, or 192.0.2.1:443=nobody";
        if (type == typeof(DomainName)) return "a domain name like gw.example.com";
        if (type == typeof(Uri)) return "a URL like http://127.0.0.1:8090";
        return type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type).Select(name => name.ToLowerInvariant())) : "a text";
    }

    private static IPEndPoint? ParseEndPoint(string text)
    {
        // Without a port, IPEndPoint.TryParse would take "::1" for an address and choose port 0 by itself.
        var colon = text.LastIndexOf(':');
        if (colon < 0 || (text.Contains("::", StringComparison.Ordinal) && !text.StartsWith('['))) return null;
        return IPEndPoint.TryParse(text, out var endPoint) ? endPoint : null;
    }

    private static TimeSpan? ParseSpan(string text)
    {
        var digits = text.AsSpan().TrimEnd("abcdefghijklmnopqrstuvwxyz");
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return null;
        var unit = text[digits.Length..] switch { "ms" => 1, "s" => 1000, "m" => 60_000, "h" => 3_600_000, "d" => 86_400_000, _ => double.NaN };
        // A century is longer than any limit needs, and a time span holds it. An unknown unit is not a number, and not below anything.
        return number * unit <= TimeSpan.FromDays(36_500).TotalMilliseconds ? TimeSpan.FromMilliseconds(number * unit) : null;
    }

    private static string FormatSpan(TimeSpan span)
    {
        if (span.Ticks % TimeSpan.TicksPerSecond != 0) return $"{span.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)}ms";
        if (span.TotalSeconds % 60 != 0 || span == TimeSpan.Zero) return $"{span.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s";
        return span.TotalMinutes % 60 != 0
            ? $"{span.TotalMinutes.ToString(CultureInfo.InvariantCulture)}m"
            : $"{span.TotalHours.ToString(CultureInfo.InvariantCulture)}h";
    }
}

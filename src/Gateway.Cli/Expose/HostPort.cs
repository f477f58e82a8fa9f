using System.Globalization;

namespace Gateway.Cli.Expose;

/// <summary>A host, as a name or an address, and a port (1 to 65535).</summary>
internal sealed record HostPort(string Host, int Port)
{
    /// <summary>Reads `host:port`, `[v6]:port`, or a host alone when there is a default port (0: there is none).</summary>
    public static bool TryParse(string text, int defaultPort, out HostPort value)
    {
        var (host, port) = Split(text.Trim());
        value = new HostPort(host, defaultPort);
        if (host.Length == 0 || Uri.CheckHostName(host) == UriHostNameType.Unknown) return false;
        if (port is null) return defaultPort > 0;
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is 0 or > ushort.MaxValue) return false;
        value = value with { Port = number };
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    private static (string Host, string? Port) Split(string text)
    {
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and var close)
            return (text[1..close], close + 1 == text.Length ? null : text[(close + 1)..].TrimStart(':'));
        var colon = text.LastIndexOf(':');
        var isBareV6 = colon != text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || isBareV6 ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }
}

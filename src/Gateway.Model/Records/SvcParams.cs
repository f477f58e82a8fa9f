using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Gateway.Model.Records;

/// <summary>
/// The parameters of an HTTPS or SVCB record: presentation form as stored, wire form as sent (RFC 9460 sections 2.1 and 2.2).
/// Values with blanks or escapes are not supported: none of the registered keys needs them.
/// </summary>
public sealed record SvcParams
{
    private static readonly string[] Names = ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint"];

    private readonly byte[] _wire;

    private SvcParams(string text, byte[] wire)
    {
        Text = text;
        _wire = wire;
    }

    /// <summary>No parameter at all, as in alias mode.</summary>
    public static SvcParams None { get; } = new("", []);

    /// <summary>Presentation form, as <c>alpn=h2,h3 port=8443</c>.</summary>
    public string Text { get; }

    /// <summary>Wire form, keys in rising order.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    /// <summary>Reads presentation form. False for an unknown or repeated key, or a value that is none for its key.</summary>
    public static bool TryParse(string text, out SvcParams parameters)
    {
        parameters = None;
        var sorted = new SortedDictionary<ushort, byte[]>();
        foreach (var pair in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? pair : pair[..equals];
            var value = equals < 0 ? "" : pair[(equals + 1)..].Trim('"');
            if (!TryKey(name, out var key) || Value(key, value) is not { } octets || !sorted.TryAdd(key, octets)) return false;
        }

        parameters = new SvcParams(text, Join(sorted));
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(SvcParams? other) => other is not null && Text == other.Text;

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Text, StringComparison.Ordinal);

    private static byte[] Join(SortedDictionary<ushort, byte[]> sorted)
    {
        var wire = new List<byte>();
        foreach (var (key, value) in sorted)
        {
            wire.AddRange(Big16(key));
            wire.AddRange(Big16((ushort)value.Length));
            wire.AddRange(value);
        }

        return [.. wire];
    }

    private static bool TryKey(string name, out ushort key)
    {
        var index = Array.IndexOf(Names, name.ToLowerInvariant());
        key = (ushort)Math.Max(index, 0);
        if (index >= 0) return true;
        return name.StartsWith("key", StringComparison.OrdinalIgnoreCase)
            && ushort.TryParse(name.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out key);
    }

    private static byte[]? Value(ushort key, string text) => key switch
    {
        0 => Mandatory(text),
        1 => Alpn(text),
        2 => text.Length == 0 ? [] : null,
        3 => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? Big16(port) : null,
        4 => Hints(text, 4),
        5 => Base64(text),
        6 => Hints(text, 16),
        _ => Encoding.UTF8.GetBytes(text),
    };

    private static byte[]? Mandatory(string text)
    {
        var keys = new SortedSet<ushort>();
        foreach (var name in text.Split(','))
            if (!TryKey(name, out var key) || key == 0 || !keys.Add(key)) return null;
        return [.. keys.SelectMany(Big16)];
    }

    private static byte[]? Alpn(string text)
    {
        var wire = new List<byte>();
        foreach (var protocol in text.Split(','))
        {
            if (protocol.Length is 0 or > 255) return null;
            wire.Add((byte)protocol.Length);
            wire.AddRange(Encoding.UTF8.GetBytes(protocol));
        }

        return [.. wire];
    }

    private static byte[]? Hints(string text, int size)
    {
        var wire = new List<byte>();
        foreach (var literal in text.Split(','))
        {
            if (!IpLiteral.TryParse(literal, out var address) || address.GetAddressBytes() is not { } octets || octets.Length != size) return null;
            wire.AddRange(octets);
        }

        return [.. wire];
    }

    private static byte[]? Base64(string text)
    {
        var octets = new byte[text.Length];
        return text.Length > 0 && Convert.TryFromBase64String(text, octets, out var length) ? octets[..length] : null;
    }

    private static byte[] Big16(ushort value)
    {
        var octets = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(octets, value);
        return octets;
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Transport.ProxyProtocol;

/// <summary>The line of text (proxy-protocol.txt section 2.1): <c>PROXY TCP4 192.0.2.1 198.51.100.1 56324 443</c>, CR, LF.</summary>
internal static class ProxyVersion1
{
    /// <summary>The longest line, end included: what a receiver must have room for, and no more.</summary>
    private const int MaxLine = 107;

    private const int Fields = 6;

    private static ReadOnlySpan<byte> Start => "PROXY "u8;

    public static ProxyParse TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int used)
    {
        (header, used) = (default, 0);
        var shared = Math.Min(Start.Length, bytes.Length);
        if (!bytes[..shared].SequenceEqual(Start[..shared])) return ProxyParse.Malformed;
        var end = bytes[..Math.Min(bytes.Length, MaxLine)].IndexOf((byte)'\n');
        if (end < 0) return bytes.Length < MaxLine ? ProxyParse.NeedMore : ProxyParse.Malformed;
        if (bytes[end - 1] != '\r') return ProxyParse.Malformed;
        used = end + 1;
        return TryReadLine(Encoding.ASCII.GetString(bytes[..(end - 1)]), out header) ? ProxyParse.Found : ProxyParse.Malformed;
    }

    public static byte[] Write(ProxyHeader header)
    {
        if (header is not { Source: { } source, Destination: { } destination }) return "PROXY UNKNOWN\r\n"u8.ToArray();
        // One family for both: a mixed pair is told in IPv6 (section 2.1 knows no other way).
        var v4 = source.AddressFamily == AddressFamily.InterNetwork && destination.AddressFamily == AddressFamily.InterNetwork;
        return Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"PROXY {(v4 ? "TCP4" : "TCP6")} {Text(source, v4)} {Text(destination, v4)} {source.Port} {destination.Port}\r\n"));
    }

    private static bool TryReadLine(string line, out ProxyHeader header)
    {
        header = default;
        if (line == "PROXY UNKNOWN" || line.StartsWith("PROXY UNKNOWN ", StringComparison.Ordinal)) return true;
        var fields = line.Split(' ');
        if (fields.Length != Fields || fields[1] is not ("TCP4" or "TCP6")) return false;
        var family = fields[1] == "TCP4" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        if (!TryReadEnd(fields[2], fields[4], family, out var source) || !TryReadEnd(fields[3], fields[5], family, out var destination)) return false;
        header = new ProxyHeader(source, destination);
        return true;
    }

    private static bool TryReadEnd(string address, string port, AddressFamily family, out IPEndPoint? end)
    {
        end = null;
        if (!IPAddress.TryParse(address, out var parsed) || parsed.AddressFamily != family) return false;
        if (family == AddressFamily.InterNetwork ? parsed.ToString() != address : address.AsSpan().ContainsAny("%[]/")) return false;
        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || (port.Length > 1 && port[0] == '0')) return false;
        end = new IPEndPoint(parsed, number);
        return true;
    }

    private static string Text(IPEndPoint end, bool v4) =>
        v4 ? end.Address.ToString() : new IPAddress(end.Address.MapToIPv6().GetAddressBytes()).ToString();
}

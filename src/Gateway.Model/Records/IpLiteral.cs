using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Gateway.Model.Records;

/// <summary>IP addresses as texts, strict when read (no octal, no hex, no zone, no short forms) and canonical when written.</summary>
public static class IpLiteral
{
    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>
    /// Reads a dotted quad without leading zeros or an IPv6 address without zone, brackets or prefix length; an IPv4-mapped
    /// IPv6 address is the IPv4 address.
    /// </summary>
    public static bool TryParse(string text, out IPAddress address)
    {
        address = IPAddress.None;
        if (!(text.Contains(':', StringComparison.Ordinal) ? IsPlainIPv6(text) : IsDottedQuad(text))) return false;
        if (!IPAddress.TryParse(text, out var parsed)) return false;
        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }

    /// <summary>The one spelling: dotted quad, or RFC 5952 section 4 in lower-case hexadecimal throughout.</summary>
    public static string Format(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4().ToString();
        return address.GetAddressBytes() is { Length: 16 } octets ? FormatIPv6(octets) : address.ToString();
    }

    private static bool IsPlainIPv6(string text) => text.AsSpan().IndexOfAnyExcept(IPv6Characters) < 0;

    private static bool IsDottedQuad(string text)
    {
        var parts = text.Split('.');
        return parts.Length == 4 && Array.TrueForAll(parts, IsDecimalOctet);
    }

    private static bool IsDecimalOctet(string part) =>
        part.Length is > 0 and <= 3 && part.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 && (part.Length == 1 || part[0] != '0');

    private static string FormatIPv6(ReadOnlySpan<byte> octets)
    {
        var (runAt, runLength) = LongestZeroRun(octets);
        var text = new StringBuilder(39);
        for (var i = 0; i < 8; i++)
        {
            if (i == runAt)
            {
                text.Append("::");
                i += runLength - 1;
                continue;
            }

            if (text.Length > 0 && text[^1] != ':') text.Append(':');
            text.Append(Group(octets, i).ToString("x", null));
        }

        return text.ToString();
    }

    // RFC 5952 section 4.2: the longest run of at least two zero groups, the first of equal ones.
    private static (int At, int Length) LongestZeroRun(ReadOnlySpan<byte> octets)
    {
        int bestAt = -1, best = 1;
        for (var i = 0; i < 8; i++)
        {
            var length = 0;
            while (i + length < 8 && Group(octets, i + length) == 0) length++;
            if (length > best) (bestAt, best) = (i, length);
            i += length;
        }

        return (bestAt, best);
    }

    private static ushort Group(ReadOnlySpan<byte> octets, int i) => BinaryPrimitives.ReadUInt16BigEndian(octets[(2 * i)..]);
}

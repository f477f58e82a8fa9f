using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Transport.ProxyProtocol;

/// <summary>The binary header (proxy-protocol.txt section 2.2): signature, command, family, length, addresses, TLVs.</summary>
internal static class ProxyVersion2
{
    private const int Fixed = 16;
    private const byte Local = 0x20;
    private const byte Proxied = 0x21;
    private const byte Unspecified = 0x00;
    private const byte TcpOverIPv4 = 0x11;
    private const byte TcpOverIPv6 = 0x21;

    /// <summary>PP2_TYPE_AUTHORITY (section 2.2.1): the host name that the client asked for, in TLS the server name.</summary>
    public const byte Authority = 0x02;

    /// <summary>PP2_TYPE_UNIQUE_ID (section 2.2.5): what the proxy calls the connection, for log lines.</summary>
    public const byte UniqueId = 0x05;

    /// <summary>The longest of them (section 2.2.5).</summary>
    public const int MaxId = 128;

    /// <summary>No line of text and no TLS record begins so.</summary>
    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    public static ProxyParse TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader header, out int used)
    {
        (header, used) = (default, 0);
        var shared = Math.Min(Signature.Length, bytes.Length);
        if (!bytes[..shared].SequenceEqual(Signature[..shared])) return ProxyParse.Malformed;
        if (bytes.Length < Fixed) return ProxyParse.NeedMore;
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(Fixed - 2)..]);
        if (Fixed + length > ProxyHeader.MaxLength) return ProxyParse.Malformed;
        if (bytes.Length < Fixed + length) return ProxyParse.NeedMore;
        used = Fixed + length;
        return TryReadBody(bytes[12], bytes[13], bytes.Slice(Fixed, length), out header) ? ProxyParse.Found : ProxyParse.Malformed;
    }

    /// <summary>The header; <paramref name="more"/> are further TLVs, as they stand.</summary>
    public static byte[] Write(ProxyHeader header, string serverName, string id, ReadOnlySpan<byte> more = default)
    {
        byte[] addresses = header is { Source: { } source, Destination: { } destination } ? Addresses(source, destination) : [];
        byte[] tlv = [.. Text(Authority, serverName), .. Text(UniqueId, id), .. more];
        var family = addresses.Length switch { 0 => Unspecified, 12 => TcpOverIPv4, _ => TcpOverIPv6 };
        var bytes = new byte[Fixed + addresses.Length + tlv.Length];
        Signature.CopyTo(bytes);
        bytes[12] = addresses.Length == 0 ? Local : Proxied;
        bytes[13] = family;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(Fixed - 2), (ushort)(addresses.Length + tlv.Length));
        addresses.CopyTo(bytes, Fixed);
        tlv.CopyTo(bytes, Fixed + addresses.Length);
        return bytes;
    }

    private static byte[] Text(byte type, string text) => text.Length == 0 ? [] : [type, 0, checked((byte)text.Length), .. Encoding.ASCII.GetBytes(text)];

    /// <summary>The value of a TLV in a whole header that <see cref="TryRead"/> has found; empty when it has none of this type.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> header, byte type)
    {
        var addresses = header[13] switch { TcpOverIPv4 => 12, TcpOverIPv6 => 36, _ => 0 };
        if (header.Length < Fixed + addresses) return default;
        for (var rest = header[(Fixed + addresses)..]; rest.Length >= 3;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            if (3 + length > rest.Length) return default;
            if (rest[0] == type) return rest.Slice(3, length);
            rest = rest[(3 + length)..];
        }

        return default;
    }

    private static bool TryReadBody(byte command, byte family, ReadOnlySpan<byte> body, out ProxyHeader header)
    {
        header = default;
        if (command == Local) return true;
        if (command != Proxied) return false;
        return family switch
        {
            // Section 2.2: to be accepted, with the connection's own addresses.
            Unspecified => true,
            TcpOverIPv4 => TryReadAddresses(body, 4, out header),
            TcpOverIPv6 => TryReadAddresses(body, 16, out header),
            _ => false,
        };
    }

    private static bool TryReadAddresses(ReadOnlySpan<byte> body, int size, out ProxyHeader header)
    {
        header = default;
        if (body.Length < 2 * size + 4 || !AreTlvs(body[(2 * size + 4)..])) return false;
        var ports = body[(2 * size)..];
        header = new ProxyHeader(
            new IPEndPoint(new IPAddress(body[..size]), BinaryPrimitives.ReadUInt16BigEndian(ports)),
            new IPEndPoint(new IPAddress(body.Slice(size, size)), BinaryPrimitives.ReadUInt16BigEndian(ports[2..])));
        return true;
    }

    private static bool AreTlvs(ReadOnlySpan<byte> rest)
    {
        while (rest.Length >= 3)
        {
            var length = 3 + BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            if (length > rest.Length) return false;
            rest = rest[length..];
        }

        return rest.IsEmpty;
    }

    private static byte[] Addresses(IPEndPoint source, IPEndPoint destination)
    {
        var v4 = source.AddressFamily == AddressFamily.InterNetwork && destination.AddressFamily == AddressFamily.InterNetwork;
        var bytes = new List<byte>();
        bytes.AddRange(v4 ? source.Address.GetAddressBytes() : source.Address.MapToIPv6().GetAddressBytes());
        bytes.AddRange(v4 ? destination.Address.GetAddressBytes() : destination.Address.MapToIPv6().GetAddressBytes());
        foreach (var port in new[] { source.Port, destination.Port }) bytes.AddRange([(byte)(port >> 8), (byte)port]);
        return [.. bytes];
    }
}

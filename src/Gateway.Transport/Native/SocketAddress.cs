using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Gateway.Transport.Native;

/// <summary>The kernel's sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)).</summary>
internal static class SocketAddress
{
    /// <summary>The longer of the two.</summary>
    public const int MaxLength = 28;

    private const int IPv4Length = 16;
    public const ushort IPv4 = 2;
    public const ushort IPv6 = 10;

    /// <summary>Writes it, and says how long it is.</summary>
    public static int Write(IPEndPoint endPoint, Span<byte> into)
    {
        into.Clear();
        var isIPv6 = endPoint.AddressFamily == AddressFamily.InterNetworkV6;
        var family = isIPv6 ? IPv6 : IPv4;
        MemoryMarshal.Write(into, in family);
        BinaryPrimitives.WriteUInt16BigEndian(into[2..], (ushort)endPoint.Port);
        endPoint.Address.TryWriteBytes(into[(isIPv6 ? 8 : 4)..], out _);
        if (!isIPv6) return IPv4Length;
        var scope = (uint)endPoint.Address.ScopeId;
        MemoryMarshal.Write(into[24..], in scope);
        return MaxLength;
    }

    /// <summary>Reads it; null for any other family.</summary>
    public static IPEndPoint? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < IPv4Length) return null;
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return MemoryMarshal.Read<ushort>(bytes) switch
        {
            IPv4 => new IPEndPoint(new IPAddress(bytes.Slice(4, 4)), port),
            IPv6 when bytes.Length >= MaxLength => new IPEndPoint(new IPAddress(bytes.Slice(8, 16), MemoryMarshal.Read<uint>(bytes[24..])), port),
            _ => null,
        };
    }
}

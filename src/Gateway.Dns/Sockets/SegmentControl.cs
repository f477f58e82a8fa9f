using System.Runtime.CompilerServices;

namespace Gateway.Dns.Sockets;

/// <summary>The control message that has the kernel cut one message into datagrams of a length (udp(7), UDP_SEGMENT; Linux 4.18 and later).</summary>
internal static unsafe class SegmentControl
{
    /// <summary>Octets that it takes: a head of 16, a number of 2, and what aligns the next one.</summary>
    public const int Space = 24;

    private const int HeadLength = 16;
    private const int UdpLevel = 17;
    private const int UdpSegment = 103;

    /// <summary>Writes it; returns <see cref="Space"/>.</summary>
    /// <param name="at">Where, aligned to eight octets.</param>
    /// <param name="length">Octets of each datagram but the last.</param>
    public static nuint Write(byte* at, ushort length)
    {
        Unsafe.Write(at, (nuint)(HeadLength + sizeof(ushort)));
        Unsafe.Write(at + 8, UdpLevel);
        Unsafe.Write(at + 12, UdpSegment);
        Unsafe.Write(at + HeadLength, length);
        return Space;
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gateway.Dns.Wire;

/// <summary>Octets in bulk.</summary>
internal static class Octets
{
    private const ulong Low7 = 0x7F7F7F7F7F7F7F7F;
    private const ulong High = 0x8080808080808080;

    /// <summary>Copies <paramref name="from"/> and folds ASCII capitals, eight octets at a time (RFC 4343).</summary>
    public static void CopyLower(ReadOnlySpan<byte> from, Span<byte> to)
    {
        to = to[..from.Length];
        while (from.Length >= sizeof(ulong))
        {
            MemoryMarshal.Write(to, Lower(MemoryMarshal.Read<ulong>(from)));
            from = from[sizeof(ulong)..];
            to = to[sizeof(ulong)..];
        }

        for (var i = 0; i < from.Length; i++) to[i] = from[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(from[i] | 0x20) : from[i];
    }

    /// <summary>Reads an unsigned 16-bit number in network order.</summary>
    public static ushort Read16(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt16BigEndian(from[at..]);

    /// <summary>Reads an unsigned 32-bit number in network order.</summary>
    public static uint Read32(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt32BigEndian(from[at..]);

    /// <summary>Writes an unsigned 16-bit number in network order.</summary>
    public static void Write16(Span<byte> to, int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(to[at..], (ushort)value);

    /// <summary>Writes an unsigned 32-bit number in network order.</summary>
    public static void Write32(Span<byte> to, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(to[at..], value);

    // Adding carries each capital's octet over the high bit: 0x3F lifts 'A' and above, 0x25 lifts what is above 'Z'.
    private static ulong Lower(ulong eight)
    {
        var low = eight & Low7;
        var capitals = (low + 0x3F3F3F3F3F3F3F3F) & ~(low + 0x2525252525252525) & ~eight & High;
        return eight | (capitals >> 2);
    }
}

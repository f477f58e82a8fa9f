using System.Buffers.Binary;

namespace Gateway.Router.Sniff;

/// <summary>
/// The header of a TLS handshake record in one to four bytes instead of five, so that a hello in records of a byte each takes twice its
/// size while it is gathered, and not six times: a byte with the length, or 0 when that follows in two bytes of its own; its upper bit
/// says that the minor version, which follows, is not that of the record before.
/// </summary>
internal readonly record struct PackedHeader(byte Minor, int Length)
{
    /// <summary>Bytes of the header as it is on the wire (RFC 8446 section 5.1).</summary>
    public const int OnTheWire = 5;

    /// <summary>The content type of the handshake, the only one that is packed.</summary>
    public const byte Handshake = 22;

    /// <summary>The major version that every record has.</summary>
    public const byte Major = 3;

    private const byte NewMinor = 0x80;

    /// <summary>Bytes it takes packed, behind a record of another minor version or of the same.</summary>
    public int Size(byte before) => 1 + (Minor == before ? 0 : 1) + (Length < NewMinor ? 0 : 2);

    /// <summary>Reads it as it is on the wire.</summary>
    public static PackedHeader OfWire(ReadOnlySpan<byte> wire) => new(wire[2], BinaryPrimitives.ReadUInt16BigEndian(wire[3..]));

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static PackedHeader Read(ReadOnlySpan<byte> packed, byte before)
    {
        var minor = packed[0] < NewMinor ? before : packed[1];
        var length = packed[0] & ~NewMinor;
        return new PackedHeader(minor, length > 0 ? length : BinaryPrimitives.ReadUInt16BigEndian(packed[(packed[0] < NewMinor ? 1 : 2)..]));
    }

    /// <summary>Writes it packed, in <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> to, byte before)
    {
        to[0] = (byte)((Minor == before ? 0 : NewMinor) | (Length < NewMinor ? Length : 0));
        if (Minor != before) to[1] = Minor;
        if (Length >= NewMinor) BinaryPrimitives.WriteUInt16BigEndian(to[(Minor == before ? 1 : 2)..], (ushort)Length);
    }

    /// <summary>Writes it as it was on the wire.</summary>
    public void WriteWire(Span<byte> to)
    {
        (to[0], to[1], to[2]) = (Handshake, Major, Minor);
        BinaryPrimitives.WriteUInt16BigEndian(to[3..], (ushort)Length);
    }
}

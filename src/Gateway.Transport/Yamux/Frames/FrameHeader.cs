using System.Buffers.Binary;

namespace Gateway.Transport.Yamux.Frames;

/// <summary>The four kinds of frame.</summary>
internal enum FrameKind : byte
{
    Data = 0,
    WindowUpdate = 1,
    Ping = 2,
    GoAway = 3,
}

/// <summary>The flags of a frame; a ping uses Syn for the request and Ack for the reply.</summary>
[Flags]
internal enum FrameFlags : ushort
{
    None = 0,
    Syn = 1,
    Ack = 2,
    Fin = 4,
    Rst = 8,
}

/// <summary>
/// The twelve bytes before everything (yamux specification, version 0): version, kind, flags, stream, length, big-endian.
/// The length is the payload of a data frame, the credit of a window update, the id of a ping, the code of a go-away.
/// </summary>
internal readonly record struct FrameHeader(FrameKind Kind, FrameFlags Flags, uint Stream, uint Length)
{
    public const int Size = 12;
    public const byte Version = 0;

    /// <summary>True when all of these flags are set.</summary>
    public bool Has(FrameFlags flags) => (Flags & flags) == flags;

    /// <summary>Writes the twelve bytes.</summary>
    public void Write(Span<byte> to)
    {
        to[0] = Version;
        to[1] = (byte)Kind;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)Flags);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], Stream);
        BinaryPrimitives.WriteUInt32BigEndian(to[8..], Length);
    }
}

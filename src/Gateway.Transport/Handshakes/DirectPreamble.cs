using System.Buffers.Binary;

namespace Gateway.Transport.Handshakes;

/// <summary>
/// The first bytes of a direct connection: a magic, whose first byte begins neither yamux nor TLS, and the one-time token that the node
/// gave over the session. The node says nothing until there is a visitor.
/// </summary>
public static class DirectPreamble
{
    /// <summary>The length of a token in bytes.</summary>
    public const int TokenLength = 16;

    /// <summary>The length of the whole preamble in bytes.</summary>
    public const int Length = 4 + TokenLength;

    /// <summary>The first byte.</summary>
    public const byte FirstByte = (byte)'D';

    private static ReadOnlySpan<byte> Magic => "DIR1"u8;

    /// <summary>The preamble for a token.</summary>
    public static byte[] Encode(UInt128 token)
    {
        var bytes = new byte[Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(Magic.Length), token);
        return bytes;
    }

    /// <summary>Reads a whole preamble. False: it is none.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out UInt128 token)
    {
        token = default;
        if (bytes.Length != Length || !bytes.StartsWith(Magic)) return false;
        token = BinaryPrimitives.ReadUInt128BigEndian(bytes[Magic.Length..]);
        return true;
    }
}

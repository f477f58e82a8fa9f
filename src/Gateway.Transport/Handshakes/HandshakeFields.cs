using System.Buffers.Binary;

namespace Gateway.Transport.Handshakes;

/// <summary>
/// The shape of every message of the negotiated handshake: magic 0x1112, length of the rest, then fields, each with type, length and
/// value; all numbers 16 bits, big-endian. A reader passes over types it does not know, unless their highest bit is set.
/// </summary>
internal static class HandshakeFields
{
    /// <summary>The longest message: a secret of any length and room for what will be added.</summary>
    public const int MaxLength = ushort.MaxValue;

    private const ushort Magic = 0x1112;
    private const int Prefix = 4;

    /// <summary>Set in the type of a field that a reader must not pass over.</summary>
    private const ushort Critical = 0x8000;

    /// <summary>True while the bytes may be, or become, such a message.</summary>
    public static bool MayBegin(ReadOnlySpan<byte> bytes) =>
        (bytes.Length < 1 || bytes[0] == Magic >> 8) && (bytes.Length < 2 || bytes[1] == (Magic & 0xFF));

    /// <summary>Writes a message.</summary>
    /// <exception cref="ArgumentException">The fields do not fit.</exception>
    public static byte[] Write(params ReadOnlySpan<(ushort Type, byte[] Value)> fields)
    {
        var length = 0;
        foreach (var (_, value) in fields) length += Prefix + value.Length;
        if (length > MaxLength) throw new ArgumentException("The fields of a handshake have at most 65535 bytes.", nameof(fields));
        var message = new byte[Prefix + length];
        BinaryPrimitives.WriteUInt16BigEndian(message, Magic);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)length);
        var at = message.AsSpan(Prefix);
        foreach (var (type, value) in fields)
        {
            BinaryPrimitives.WriteUInt16BigEndian(at, type);
            BinaryPrimitives.WriteUInt16BigEndian(at[2..], (ushort)value.Length);
            value.CopyTo(at[Prefix..]);
            at = at[(Prefix + value.Length)..];
        }

        return message;
    }

    /// <summary>
    /// Looks at what has come so far. <paramref name="fields"/> holds the value of each type, the last where one stands twice;
    /// <paramref name="unknown"/> is the first critical type above <paramref name="highest"/>, else 0.
    /// </summary>
    public static HandshakeParse TryRead(ReadOnlySpan<byte> bytes, ushort highest, out Dictionary<ushort, byte[]> fields, out ushort unknown, out int used)
    {
        (fields, unknown, used) = ([], 0, 0);
        if (!MayBegin(bytes)) return HandshakeParse.Malformed;
        if (bytes.Length < Prefix) return HandshakeParse.NeedMore;
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (bytes.Length < Prefix + length) return HandshakeParse.NeedMore;
        used = Prefix + length;
        for (var rest = bytes[Prefix..used]; !rest.IsEmpty;)
        {
            if (rest.Length < Prefix) return HandshakeParse.Malformed;
            var (type, size) = (BinaryPrimitives.ReadUInt16BigEndian(rest), BinaryPrimitives.ReadUInt16BigEndian(rest[2..]));
            if (rest.Length < Prefix + size) return HandshakeParse.Malformed;
            var known = (ushort)(type & ~Critical);
            if (known <= highest) fields[known] = rest.Slice(Prefix, size).ToArray();
            else if ((type & Critical) != 0 && unknown == 0) unknown = type;
            rest = rest[(Prefix + size)..];
        }

        return HandshakeParse.Found;
    }
}

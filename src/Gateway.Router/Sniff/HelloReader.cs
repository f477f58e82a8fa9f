using System.Buffers.Binary;

namespace Gateway.Router.Sniff;

/// <summary>A cursor over TLS presentation language (RFC 8446 section 3). Once something is missing, <see cref="Ok"/> stays false.</summary>
internal ref struct HelloReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>False as soon as anything was asked for that is not there.</summary>
    public bool Ok { get; private set; } = true;

    /// <summary>True when nothing is left.</summary>
    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>The next <paramref name="count"/> bytes; empty when they are not there.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > _rest.Length)
        {
            Ok = false;
            _rest = default;
            return default;
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    /// <summary>One byte; 0 when it is not there.</summary>
    public byte Byte() => Bytes(1) is [var value] ? value : (byte)0;

    /// <summary>A big-endian number of two bytes; 0 when they are not there.</summary>
    public ushort Number() => Bytes(2) is { Length: 2 } two ? BinaryPrimitives.ReadUInt16BigEndian(two) : (ushort)0;

    /// <summary>A vector with a length of one byte.</summary>
    public ReadOnlySpan<byte> ShortVector() => Bytes(Byte());

    /// <summary>A vector with a length of two bytes.</summary>
    public ReadOnlySpan<byte> Vector() => Bytes(Number());
}

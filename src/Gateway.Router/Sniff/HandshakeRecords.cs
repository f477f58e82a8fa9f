using System.Buffers.Binary;

namespace Gateway.Router.Sniff;

/// <summary>
/// Walks the TLS records at the start of a connection (RFC 8446 section 5.1) until the first handshake message is whole. It
/// remembers where it was, so that a peer who sends a byte at a time, or a byte a record, costs a constant amount per byte.
/// </summary>
internal struct HandshakeRecords
{
    /// <summary>The longest handshake message that is taken, header included: twice the largest post-quantum hello seen today.</summary>
    public const int MaxHandshake = 64 * 1024;

    /// <summary>What <see cref="MaxHandshake"/> bytes take on the wire when every record carries a single one.</summary>
    public const int MaxWire = MaxHandshake * (RecordHeader + 1);

    private const int RecordHeader = 5;
    private const int MessageHeader = 4;
    private const byte HandshakeType = 22;

    // RFC 8446 section 5.1: a plaintext fragment is at most 2^14 bytes.
    private const int MaxFragment = 1 << 14;

    private int _record;
    private int _gathered;
    private uint _message;

    /// <summary>Looks at all bytes since the start of the connection: NeedMore, NotTls, Malformed, or Found when the message is whole.</summary>
    public SniffResult Advance(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var header = ReadHeader(bytes[_record..], out var length);
            if (header != SniffResult.Found) return header;
            var fragment = bytes.Slice(_record + RecordHeader);
            if (fragment.Length < length) return SniffResult.NeedMore;
            TakeMessageHeader(fragment[..length]);
            _gathered += length;
            _record += RecordHeader + length;
            if (_gathered < MessageHeader) continue;
            if (_message >> 24 != ClientHello.MessageType || MessageLength > MaxHandshake) return SniffResult.Malformed;
            if (_gathered >= MessageLength) return SniffResult.Found;
        }
    }

    /// <summary>After Found: the message without its header, copied into <paramref name="gathered"/> only when records split it.</summary>
    public readonly ReadOnlySpan<byte> Body(ReadOnlySpan<byte> bytes, Span<byte> gathered)
    {
        var first = FragmentLength(bytes);
        if (first >= MessageLength) return bytes.Slice(RecordHeader + MessageHeader, MessageLength - MessageHeader);
        var at = 0;
        while (at < MessageLength)
        {
            var fragment = bytes.Slice(RecordHeader, FragmentLength(bytes));
            bytes = bytes[(RecordHeader + fragment.Length)..];
            fragment = fragment[..Math.Min(fragment.Length, MessageLength - at)];
            fragment.CopyTo(gathered[at..]);
            at += fragment.Length;
        }

        return gathered[MessageHeader..MessageLength];
    }

    /// <summary>Bytes of the whole message, header included; known once four bytes of it have come.</summary>
    public readonly int MessageLength => (int)(_message & 0xFFFFFF) + MessageHeader;

    private readonly SniffResult ReadHeader(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        var wrong = _record == 0 ? SniffResult.NotTls : SniffResult.Malformed;
        if (bytes.Length > 0 && bytes[0] != HandshakeType) return wrong;
        // The minor version of a first record is 1, 3 or anything (RFC 8446 section 5.1: to be ignored); the major one has always been 3.
        if (bytes.Length > 1 && bytes[1] != 3) return wrong;
        if (bytes.Length < RecordHeader) return SniffResult.NeedMore;
        length = FragmentLength(bytes);
        return length is > 0 and <= MaxFragment ? SniffResult.Found : SniffResult.Malformed;
    }

    private void TakeMessageHeader(ReadOnlySpan<byte> fragment)
    {
        for (var i = 0; i < fragment.Length && _gathered + i < MessageHeader; i++) _message = (_message << 8) | fragment[i];
    }

    private static int FragmentLength(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt16BigEndian(record[3..]);
}

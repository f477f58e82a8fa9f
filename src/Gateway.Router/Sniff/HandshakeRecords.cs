namespace Gateway.Router.Sniff;

/// <summary>
/// Walks the TLS records at the start of a connection (RFC 8446 section 5.1) until the first handshake message is whole. It
/// remembers where it was, so that a peer who sends a byte at a time, or a byte a record, costs a constant amount per byte; and it
/// packs the headers of the records behind it, so that they cost next to no memory.
/// </summary>
internal struct HandshakeRecords
{
    /// <summary>The longest handshake message that is taken, header included: twice the largest post-quantum hello seen today.</summary>
    public const int MaxHandshake = 64 * 1024;

    /// <summary>More than what <see cref="MaxHandshake"/> bytes take packed, in records of whatever lengths and versions, with what may follow unread.</summary>
    public const int MaxPacked = 4 * MaxHandshake;

    private const int MessageHeader = 4;

    // RFC 8446 section 5.1: a plaintext fragment is at most 2^14 bytes.
    private const int MaxFragment = 1 << 14;

    private int _packed;
    private byte _packedMinor;
    private int _record;
    private byte _minor;
    private int _gathered;
    private uint _message;

    /// <summary>Bytes that <see cref="Pack"/> would save.</summary>
    public int Savable { get; private set; }

    /// <summary>Bytes that it has saved.</summary>
    public int Saved { get; private set; }

    /// <summary>Bytes of the whole message, header included; known once four bytes of it have come.</summary>
    public readonly int MessageLength => (int)(_message & 0xFFFFFF) + MessageHeader;

    /// <summary>Looks at all bytes since the start of the connection: NeedMore, NotTls, Malformed, or Found when the message is whole.</summary>
    public SniffResult Advance(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var known = ReadHeader(bytes[_record..], out var header);
            if (known != SniffResult.Found) return known;
            var fragment = bytes.Slice(_record + PackedHeader.OnTheWire);
            if (fragment.Length < header.Length) return SniffResult.NeedMore;
            TakeMessageHeader(fragment[..header.Length]);
            Pass(header);
            if (_gathered < MessageHeader) continue;
            if (_message >> 24 != ClientHello.MessageType || MessageLength > MaxHandshake) return SniffResult.Malformed;
            if (_gathered >= MessageLength) return SniffResult.Found;
        }
    }

    /// <summary>Packs what has been walked, in place. Gives the length of everything now; <see cref="Unpack"/> makes it what it was.</summary>
    public int Pack(Span<byte> bytes)
    {
        var (from, to) = (_packed, _packed);
        while (from < _record)
        {
            var header = PackedHeader.OfWire(bytes[from..]);
            header.Write(bytes[to..], _packedMinor);
            to += header.Size(_packedMinor);
            bytes.Slice(from + PackedHeader.OnTheWire, header.Length).CopyTo(bytes[to..]);
            (from, to, _packedMinor) = (from + PackedHeader.OnTheWire + header.Length, to + header.Length, header.Minor);
        }

        bytes[from..].CopyTo(bytes[to..]);
        (_packed, _record, Saved, Savable) = (to, to, Saved + from - to, 0);
        return bytes.Length - (from - to);
    }

    /// <summary>Writes everything as it came; <paramref name="wire"/> has room for <see cref="Saved"/> bytes more than <paramref name="bytes"/>.</summary>
    public readonly void Unpack(ReadOnlySpan<byte> bytes, Span<byte> wire)
    {
        var (at, minor, to) = (0, (byte)0, 0);
        while (at < _packed)
        {
            var fragment = ReadFragment(bytes, ref at, ref minor);
            new PackedHeader(minor, fragment.Length).WriteWire(wire[to..]);
            fragment.CopyTo(wire[(to + PackedHeader.OnTheWire)..]);
            to += PackedHeader.OnTheWire + fragment.Length;
        }

        bytes[at..].CopyTo(wire[to..]);
    }

    /// <summary>After Found: the message without its header, copied into <paramref name="gathered"/> only when records split it.</summary>
    public readonly ReadOnlySpan<byte> Body(ReadOnlySpan<byte> bytes, Span<byte> gathered)
    {
        var (at, minor, length) = (0, (byte)0, 0);
        while (length < MessageLength)
        {
            var fragment = ReadFragment(bytes, ref at, ref minor);
            if (length == 0 && fragment.Length >= MessageLength) return fragment[MessageHeader..MessageLength];
            fragment = fragment[..Math.Min(fragment.Length, MessageLength - length)];
            fragment.CopyTo(gathered[length..]);
            length += fragment.Length;
        }

        return gathered[MessageHeader..MessageLength];
    }

    private readonly ReadOnlySpan<byte> ReadFragment(ReadOnlySpan<byte> bytes, scoped ref int at, scoped ref byte minor)
    {
        var header = at < _packed ? PackedHeader.Read(bytes[at..], minor) : PackedHeader.OfWire(bytes[at..]);
        at += (at < _packed ? header.Size(minor) : PackedHeader.OnTheWire) + header.Length;
        minor = header.Minor;
        return bytes.Slice(at - header.Length, header.Length);
    }

    private readonly SniffResult ReadHeader(ReadOnlySpan<byte> bytes, out PackedHeader header)
    {
        header = default;
        var wrong = _record == 0 ? SniffResult.NotTls : SniffResult.Malformed;
        if (bytes.Length > 0 && bytes[0] != PackedHeader.Handshake) return wrong;
        // The minor version of a first record is 1, 3 or anything (RFC 8446 section 5.1: to be ignored); the major one has always been 3.
        if (bytes.Length > 1 && bytes[1] != PackedHeader.Major) return wrong;
        if (bytes.Length < PackedHeader.OnTheWire) return SniffResult.NeedMore;
        header = PackedHeader.OfWire(bytes);
        return header.Length is > 0 and <= MaxFragment ? SniffResult.Found : SniffResult.Malformed;
    }

    private void Pass(PackedHeader header)
    {
        _gathered += header.Length;
        _record += PackedHeader.OnTheWire + header.Length;
        Savable += PackedHeader.OnTheWire - header.Size(_minor);
        _minor = header.Minor;
    }

    private void TakeMessageHeader(ReadOnlySpan<byte> fragment)
    {
        for (var i = 0; i < fragment.Length && _gathered + i < MessageHeader; i++) _message = (_message << 8) | fragment[i];
    }
}

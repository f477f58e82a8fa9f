using System.Buffers.Binary;
using System.Net;
using System.Text;
using Gateway.Model.Records;
using Xunit;

namespace Gateway.UnitTests.Dns;

/// <summary>A response, read without help of the code under test; it fails the test when a message is not well-formed.</summary>
internal sealed class Reply
{
    private readonly byte[] _message;
    private int _at;

    private Reply(byte[] message)
    {
        _message = message;
        if (Length == 0) return;
        Flags = Next16(2);
        _at = 12;
        for (var i = 0; i < Next16(4); i++)
        {
            Question = NextName();
            _at += 4;
        }

        Answer = Section(Next16(6));
        Authority = Section(Next16(8));
        Additional = Section(Next16(10));
        Assert.Equal(message.Length, _at);
    }

    public int Length => _message.Length;

    public int Flags { get; }

    /// <summary>The response code, with the bits of the OPT record.</summary>
    public int Rcode => (Flags & 15) | (Opt is null ? 0 : Opt[0] << 4);

    public bool Authoritative => (Flags & 0x0400) != 0;

    public bool Truncated => (Flags & 0x0200) != 0;

    public string Question { get; } = "";

    /// <summary>Records as <c>name ttl TYPE data</c>.</summary>
    public IReadOnlyList<string> Answer { get; } = [];

    public IReadOnlyList<string> Authority { get; } = [];

    /// <summary>Without the OPT record.</summary>
    public IReadOnlyList<string> Additional { get; } = [];

    /// <summary>Extended rcode, version, flags and then the options of the OPT record; null when there is none.</summary>
    public byte[]? Opt { get; private set; }

    public int OptSize { get; private set; }

    public static Reply Read(ReadOnlySpan<byte> message) => new(message.ToArray());

    /// <summary>The value of an EDNS option; null when there is none.</summary>
    public byte[]? Option(int code)
    {
        if (Opt is null) return null;
        for (var at = 4; at < Opt.Length;)
        {
            int found = BinaryPrimitives.ReadUInt16BigEndian(Opt.AsSpan(at)), length = BinaryPrimitives.ReadUInt16BigEndian(Opt.AsSpan(at + 2));
            if (found == code) return Opt[(at + 4)..(at + 4 + length)];
            at += 4 + length;
        }

        return null;
    }

    private List<string> Section(int count)
    {
        var records = new List<string>();
        for (var i = 0; i < count; i++)
            if (Record() is { } record) records.Add(record);
        return records;
    }

    private string? Record()
    {
        var owner = NextName();
        var type = (RecordType)Next16(_at);
        var size = Next16(_at + 2);
        var ttl = BinaryPrimitives.ReadUInt32BigEndian(_message.AsSpan(_at + 4));
        var end = _at + 10 + Next16(_at + 8);
        _at += 10;
        if (type == RecordType.Opt)
        {
            Assert.Null(Opt);
            Assert.Equal("", owner);
            (Opt, OptSize) = ([.. _message[(_at - 6)..(_at - 2)], .. _message[_at..end]], size);
            _at = end;
            return null;
        }

        Assert.Equal(1, size);
        var text = $"{owner} {ttl} {type.ToString().ToUpperInvariant()} {Data(type, end)}";
        Assert.Equal(end, _at);
        return text;
    }

    private string Data(RecordType type, int end)
    {
        switch (type)
        {
            case RecordType.A or RecordType.Aaaa:
                return new IPAddress(Take(end - _at)).ToString();
            case RecordType.Ns or RecordType.Cname or RecordType.Dname or RecordType.Ptr:
                return NextName();
            case RecordType.Mx:
                return $"{Number16()} {NextName()}";
            case RecordType.Srv:
                return $"{Number16()} {Number16()} {Number16()} {NextName()}";
            case RecordType.Soa:
                return $"{NextName()} {NextName()} {string.Join(' ', Enumerable.Range(0, 5).Select(_ => BinaryPrimitives.ReadUInt32BigEndian(Take(4))))}";
            case RecordType.Txt or RecordType.Hinfo:
                var strings = new List<string>();
                while (_at < end) strings.Add(Encoding.UTF8.GetString(Take(_message[_at++])));
                return string.Join('|', strings);
            default:
                return Convert.ToHexStringLower(Take(end - _at));
        }
    }

    private string NextName()
    {
        var text = new StringBuilder();
        var at = _at;
        var jumped = false;
        for (var hops = 0; _message[at] != 0;)
        {
            if (_message[at] >= 0xC0)
            {
                Assert.True(++hops < 8, "pointers in a circle");
                if (!jumped) _at = at + 2;
                jumped = true;
                at = Next16(at) & 0x3FFF;
                continue;
            }

            text.Append(Encoding.Latin1.GetString(_message, at + 1, _message[at])).Append('.');
            at += _message[at] + 1;
        }

        if (!jumped) _at = at + 1;
        return text.ToString();
    }

    private byte[] Take(int count)
    {
        var octets = _message[_at..(_at + count)];
        _at += count;
        return octets;
    }

    private ushort Number16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    private ushort Next16(int at) => BinaryPrimitives.ReadUInt16BigEndian(_message.AsSpan(at));
}

using System.Buffers.Binary;
using Gateway.Model.Records;

namespace Gateway.Model.Replies;

/// <summary>A cursor over a reply; after the first failure every read answers with nothing.</summary>
internal ref struct DnsReplyReader(ReadOnlySpan<byte> message, int position)
{
    private const int NumbersOfSoa = 20;

    /* No zone that anybody runs has more in one section, and it bounds what a hostile server can make us hold. */
    private const int MostRecords = 500;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _at = position;

    /// <summary>False after the first failure.</summary>
    public bool Ok { get; private set; } = true;

    /// <summary>Goes past the question, which has to be that of the query; servers that could not read it may leave it out.</summary>
    public bool SkipQuestion(ReadOnlySpan<byte> query, bool mayBeMissing)
    {
        var count = BinaryPrimitives.ReadUInt16BigEndian(_message[4..]);
        if (count == 0) return mayBeMissing;
        var asked = query[DnsQuestion.HeaderLength..];
        var length = NameLength(asked) + DnsQuestion.TypeAndClass;
        if (count != 1 || _message.Length - _at < length || !IsSame(_message.Slice(_at, length), asked[..length])) return false;
        _at += length;
        return true;
    }

    /// <summary>The records of the section whose counter stands at <paramref name="counter"/>; those before a failure.</summary>
    public List<DnsRecord> Section(int counter)
    {
        var records = new List<DnsRecord>();
        var count = BinaryPrimitives.ReadUInt16BigEndian(_message[counter..]);
        Ok = Ok && count <= MostRecords;
        for (; Ok && count > 0; count--)
            if (Record() is { } record) records.Add(record);
        return records;
    }

    private DnsRecord? Record()
    {
        var owner = Name(_message.Length);
        var fields = Octets(10, _message.Length);
        if (!Ok) return null;
        var (type, ttl) = ((RecordType)BinaryPrimitives.ReadUInt16BigEndian(fields), BinaryPrimitives.ReadUInt32BigEndian(fields[4..]));
        var begin = _at;
        var data = Octets(BinaryPrimitives.ReadUInt16BigEndian(fields[8..]), _message.Length);
        var end = _at;
        _at = begin;
        var name = Ok && type is RecordType.Ns or RecordType.Cname or RecordType.Soa ? Name(end) : DomainName.Root;
        var minimum = type == RecordType.Soa ? Math.Min(ttl, Minimum(end)) : 0;
        _at = end;
        return Ok ? new DnsRecord(owner, type, ttl, data.ToArray(), name, minimum) : null;
    }

    // RFC 1035 section 3.3.13: after the server's name the mailbox's, and five numbers, of which the last is the minimum.
    private uint Minimum(int end)
    {
        Name(end);
        var numbers = Octets(NumbersOfSoa, end);
        return Ok ? BinaryPrimitives.ReadUInt32BigEndian(numbers[16..]) : 0;
    }

    private ReadOnlySpan<byte> Octets(int count, int end)
    {
        Ok = Ok && count <= end - _at;
        if (!Ok) return default;
        _at += count;
        return _message.Slice(_at - count, count);
    }

    /// <summary>The name at the cursor, its pointers followed; they lead backwards only, so that no chain of them has no end (RFC 1035 section 4.1.4).</summary>
    private DomainName Name(int end)
    {
        Span<byte> wire = stackalloc byte[DomainName.MaxLength];
        var (from, length, lowest, jumped) = (_at, 0, _at, false);
        while (Ok && from < end)
        {
            int label = _message[from];
            if (label >= 0xC0)
            {
                if (end - from < 2) break;
                var target = ((label & 0x3F) << 8) | _message[from + 1];
                if (!jumped) _at = from + 2;
                if (target >= lowest) break;
                (from, lowest, jumped) = (target, target, true);
                continue;
            }

            if (label > DomainName.MaxLabelLength || end - from <= label || length + label + 1 > wire.Length) break;
            _message.Slice(from, label + 1).CopyTo(wire[length..]);
            length += label + 1;
            from += label + 1;
            if (label > 0) continue;
            if (!jumped) _at = from;
            if (DomainName.TryFromWire(wire[..length], out var name)) return name;
            break;
        }

        Ok = false;
        return DomainName.Root;
    }

    private static int NameLength(ReadOnlySpan<byte> name)
    {
        var at = 0;
        while (name[at] != 0) at += name[at] + 1;
        return at + 1;
    }

    // RFC 4343: some fold the capitals of the name, some give it in the case they know.
    private static bool IsSame(ReadOnlySpan<byte> answered, ReadOnlySpan<byte> asked)
    {
        Span<byte> one = stackalloc byte[DomainName.MaxLength], other = stackalloc byte[DomainName.MaxLength];
        var name = answered.Length - DnsQuestion.TypeAndClass;
        DomainName.CopyLower(answered[..name], one);
        DomainName.CopyLower(asked[..name], other);
        return one[..name].SequenceEqual(other[..name]) && answered[name..].SequenceEqual(asked[name..]);
    }
}

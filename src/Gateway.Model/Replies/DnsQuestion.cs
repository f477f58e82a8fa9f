using System.Buffers.Binary;
using Gateway.Model.Records;

namespace Gateway.Model.Replies;

/// <summary>What one asks a name server or a resolver: a name and a type of the class Internet.</summary>
public readonly record struct DnsQuestion(DomainName Name, RecordType Type)
{
    internal const int HeaderLength = 12;
    internal const int TypeAndClass = 4;

    /// <summary>The query for a resolver, with recursion desired (RFC 1035 section 4.1.1).</summary>
    public byte[] ForResolver(ushort id)
    {
        var query = new byte[HeaderLength + Name.Wire.Length + TypeAndClass];
        Write(query, id);
        query[2] = 1;
        return query;
    }

    /// <summary>The query for a name server itself, without recursion, for replies of up to 1232 octets.</summary>
    public byte[] ForServer(ushort id)
    {
        // OPT: root, type 41, 1232 octets, DO set so that a DS shows itself beside a referral (RFC 4035 section 3.1.4).
        ReadOnlySpan<byte> opt = [0, 0, 41, 0x04, 0xD0, 0, 0, 0x80, 0, 0, 0];
        var query = new byte[HeaderLength + Name.Wire.Length + TypeAndClass + opt.Length];
        Write(query, id);
        query[11] = 1;
        opt.CopyTo(query.AsSpan(query.Length - opt.Length));
        return query;
    }

    private void Write(Span<byte> query, ushort id)
    {
        BinaryPrimitives.WriteUInt16BigEndian(query, id);
        query[5] = 1;
        Name.Wire.CopyTo(query[HeaderLength..]);
        var rest = query[(HeaderLength + Name.Wire.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)Type);
        rest[3] = 1;
    }
}

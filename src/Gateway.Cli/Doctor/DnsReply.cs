using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Cli.Doctor;

/// <summary>A record of a reply, as far as a diagnosis needs it.</summary>
/// <param name="Ttl">Seconds.</param>
/// <param name="Data">The RDATA's octets.</param>
/// <param name="Name">The name in the RDATA of NS, CNAME and SOA (its primary server); the root otherwise.</param>
/// <param name="Minimum">SOA only: how long a negative answer may be remembered, in seconds (RFC 2308 section 4).</param>
internal sealed record DnsRecord(DomainName Owner, RecordType Type, uint Ttl, byte[] Data, DomainName Name, uint Minimum)
{
    /// <summary>The address of A and AAAA; null otherwise.</summary>
    public IPAddress? Address => (Type, Data.Length) is (RecordType.A, 4) or (RecordType.Aaaa, 16) ? new IPAddress(Data) : null;
}

/// <summary>What a server answered. The parser never throws for what came: what does not fit is no reply.</summary>
internal sealed record DnsReply(int Code, bool IsAuthoritative, bool IsTruncated, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authority, IReadOnlyList<DnsRecord> Additional)
{
    public const int NoError = 0, ServerFailure = 2, NameError = 3, Refused = 5;

    private const int HeaderLength = 12;

    /* No zone that anybody runs has more in one answer, and it bounds what a hostile server can make us hold. */
    private const int MostRecords = 200;

    /// <summary>A question without recursion, for messages of up to 1232 octets.</summary>
    public static byte[] Ask(ushort id, DomainName name, RecordType type)
    {
        var message = new byte[HeaderLength + name.Wire.Length + 4 + 11];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[5] = 1;
        message[11] = 1;
        name.Wire.CopyTo(message.AsSpan(HeaderLength));
        var rest = message.AsSpan(HeaderLength + name.Wire.Length);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)type);
        rest[3] = 1;
        // OPT: root, type 41, 1232 octets, DO set so that a DS shows itself beside a referral (RFC 4035 section 3.1.4).
        ReadOnlySpan<byte> opt = [0, 0, 41, 0x04, 0xD0, 0, 0, 0x80, 0, 0, 0];
        opt.CopyTo(rest[4..]);
        return message;
    }

    /// <summary>Reads a reply to the question with this id; false for everything else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, ushort id, [NotNullWhen(true)] out DnsReply? reply)
    {
        reply = null;
        if (message.Length < HeaderLength || BinaryPrimitives.ReadUInt16BigEndian(message) != id || (message[2] & 0x80) == 0) return false;
        var at = HeaderLength;
        for (var questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]); questions > 0; questions--)
        {
            if (!TryReadName(message, ref at, out _) || message.Length - at < 4) return false;
            at += 4;
        }

        if (!TryReadSection(message, 6, ref at, out var answers) || !TryReadSection(message, 8, ref at, out var authority) || !TryReadSection(message, 10, ref at, out var additional)) return false;
        reply = new DnsReply(message[3] & 15, (message[2] & 4) != 0, (message[2] & 2) != 0, answers, authority, additional);
        return true;
    }

    private static bool TryReadSection(ReadOnlySpan<byte> message, int counter, ref int at, out List<DnsRecord> records)
    {
        records = [];
        var count = BinaryPrimitives.ReadUInt16BigEndian(message[counter..]);
        if (count > MostRecords) return false;
        for (; count > 0; count--)
        {
            if (!TryReadRecord(message, ref at, out var record)) return false;
            records.Add(record);
        }

        return true;
    }

    private static bool TryReadRecord(ReadOnlySpan<byte> message, ref int at, [NotNullWhen(true)] out DnsRecord? record)
    {
        record = null;
        if (!TryReadName(message, ref at, out var owner) || message.Length - at < 10) return false;
        var type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        var ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
        var length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
        at += 10;
        if (message.Length - at < length) return false;
        var (end, inside, minimum) = (at + length, at, 0u);
        var name = DomainName.Root;
        if (type is RecordType.Ns or RecordType.Cname or RecordType.Soa && !TryReadName(message[..end], ref inside, out name)) return false;
        if (type == RecordType.Soa)
        {
            if (!TryReadName(message[..end], ref inside, out _) || end - inside < 20) return false;
            minimum = Math.Min(ttl, BinaryPrimitives.ReadUInt32BigEndian(message[(inside + 16)..]));
        }

        record = new DnsRecord(owner, type, ttl, message[at..end].ToArray(), name, minimum);
        at = end;
        return true;
    }

    // RFC 1035 section 4.1.4: a pointer leads backwards only, so that no chain of them has no end.
    private static bool TryReadName(ReadOnlySpan<byte> message, ref int at, out DomainName name)
    {
        Span<byte> wire = stackalloc byte[DomainName.MaxLength];
        var (from, length, lowest, jumped) = (at, 0, at, false);
        name = DomainName.Root;
        while (from < message.Length)
        {
            int label = message[from];
            if (label >= 0xC0)
            {
                if (message.Length - from < 2) return false;
                var target = ((label & 0x3F) << 8) | message[from + 1];
                if (!jumped) at = from + 2;
                if (target >= lowest) return false;
                (from, lowest, jumped) = (target, target, true);
                continue;
            }

            if (label > DomainName.MaxLabelLength || message.Length - from <= label || length + label + 1 > wire.Length) return false;
            message.Slice(from, label + 1).CopyTo(wire[length..]);
            length += label + 1;
            from += label + 1;
            if (label > 0) continue;
            if (!jumped) at = from;
            return DomainName.TryFromWire(wire[..length], out name);
        }

        return false;
    }
}

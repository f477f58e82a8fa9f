using Gateway.Dns.Wire;
using Gateway.Model;

namespace Gateway.Dns.Forwarding;

/// <summary>What an upstream said, cut down to what is passed on. A peer cannot make this throw.</summary>
internal readonly ref struct UpstreamAnswer
{
    private const int OptType = 41;
    private const int TypeAndClass = 4;
    private const int TruncatedFlag = 0x0200;

    private UpstreamAnswer(ReadOnlySpan<byte> records, int answers, int authorities, int additional, Rcode rcode, bool isTruncated)
    {
        Records = records;
        (Answers, Authorities, Additional, Rcode, IsTruncated) = (answers, authorities, additional, rcode, isTruncated);
    }

    /// <summary>The records of all sections, up to the upstream's OPT record.</summary>
    public ReadOnlySpan<byte> Records { get; }

    /// <summary>Records of the answer section.</summary>
    public int Answers { get; }

    /// <summary>Records of the authority section.</summary>
    public int Authorities { get; }

    /// <summary>Records of the additional section before the OPT record; what follows it is optional and left out.</summary>
    public int Additional { get; }

    /// <summary>Its code. One above 15 is between the upstream and us: the client hears of a failure.</summary>
    public Rcode Rcode { get; }

    /// <summary>The upstream had more to say than UDP could carry.</summary>
    public bool IsTruncated { get; }

    /// <summary>
    /// Reads a message that came from an upstream. False when it is not the answer to this question and ID (RFC 5452 section 4.4:
    /// then it is to be passed over), or malformed.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="id">The ID of our query.</param>
    /// <param name="question">The question that we asked: name, type and class.</param>
    /// <param name="answer">What it says.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, ushort id, ReadOnlySpan<byte> question, out UpstreamAnswer answer)
    {
        answer = default;
        if (!IsFor(message, id, question)) return false;
        int flags = Octets.Read16(message, 2), answers = Octets.Read16(message, 6), authorities = Octets.Read16(message, 8);
        var start = Request.HeaderLength + question.Length;
        if ((flags & TruncatedFlag) != 0)
        {
            answer = new(default, 0, 0, 0, (Rcode)(flags & 15), isTruncated: true);
            return true;
        }

        var reader = new MessageReader(message, start);
        for (var i = 0; i < answers + authorities && reader.Ok; i++) reader.SkipRecord();
        var additional = ReadAdditional(message, ref reader, out var end, out var extended);
        var rcode = extended == 0 ? (Rcode)(flags & 15) : Rcode.ServFail;
        if (reader.Ok) answer = new(message[start..end], answers, authorities, additional, rcode, isTruncated: false);
        return reader.Ok;
    }

    // RFC 5452 section 9.1: the same ID and the same question; the socket saw to address and port.
    private static bool IsFor(ReadOnlySpan<byte> message, ushort id, ReadOnlySpan<byte> question)
    {
        if (message.Length < Request.HeaderLength + question.Length || Octets.Read16(message, 0) != id || Octets.Read16(message, 4) != 1) return false;
        // QR set, and the opcode of a query.
        if ((message[2] & 0xF8) != 0x80) return false;
        var asked = message.Slice(Request.HeaderLength, question.Length);
        return asked[^TypeAndClass..].SequenceEqual(question[^TypeAndClass..]) && IsSameName(asked[..^TypeAndClass], question[..^TypeAndClass]);
    }

    // RFC 4343: some resolvers fold the capitals of the name.
    private static bool IsSameName(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        Span<byte> folded = stackalloc byte[DomainName.MaxLength], otherFolded = stackalloc byte[DomainName.MaxLength];
        Octets.CopyLower(one, folded);
        Octets.CopyLower(other, otherFolded);
        return folded[..one.Length].SequenceEqual(otherFolded[..other.Length]);
    }

    private static int ReadAdditional(ReadOnlySpan<byte> message, ref MessageReader reader, out int end, out int extended)
    {
        end = reader.Position;
        extended = 0;
        if (!reader.Ok) return 0;
        int count = Octets.Read16(message, 10), kept = 0;
        for (; kept < count && reader.Ok; kept++)
        {
            end = reader.Position;
            reader.SkipName();
            var type = reader.Read16();
            reader.Read16();
            extended = type == OptType ? (int)(reader.Read32() >> 24) : Skip32(ref reader);
            reader.ReadOctets(reader.Read16());
            if (type == OptType) return kept;
            end = reader.Position;
        }

        return kept;
    }

    private static int Skip32(ref MessageReader reader)
    {
        reader.Read32();
        return 0;
    }
}

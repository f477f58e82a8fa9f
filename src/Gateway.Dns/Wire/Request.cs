using Gateway.Model.Records;

namespace Gateway.Dns.Wire;

/// <summary>
/// A query, read: header, one question, and what its OPT record says. Everything else in it is only checked for its form. A peer
/// cannot make this throw.
/// </summary>
internal ref struct Request
{
    /// <summary>Octets of a header (RFC 1035 section 4.1.1).</summary>
    public const int HeaderLength = 12;

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Message;

    /// <summary>Bits 16 to 31 of the header.</summary>
    public ushort Flags;

    /// <summary>Octets of the question's name, root octet included; 0 when there is no question that could be read.</summary>
    public int NameLength;

    /// <summary>QTYPE.</summary>
    public RecordType Type;

    /// <summary>QCLASS.</summary>
    public ushort Class;

    /// <summary>What the OPT record says.</summary>
    public Edns Edns;

    /// <summary>True when there is a TSIG record.</summary>
    public bool IsSigned;

    /// <summary>Why this cannot be answered as a query; NoError when it can.</summary>
    public Rcode Fault;

    /// <summary>OPCODE.</summary>
    public readonly Opcode Opcode => (Opcode)((Flags >> 11) & 15);

    /// <summary>Where the first octet after the question stands.</summary>
    public readonly int QuestionEnd => NameLength == 0 ? HeaderLength : HeaderLength + NameLength + 4;

    /// <summary>The question's name as it came, capitals kept.</summary>
    public readonly ReadOnlySpan<byte> Name => Message.Slice(HeaderLength, NameLength);

    /// <summary>Reads a message. False when nothing may be answered at all: too short for a header, or itself a response.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Request request)
    {
        request = default;
        if (message.Length < HeaderLength || (message[2] & 0x80) != 0) return false;
        request.Message = message;
        request.Flags = Octets.Read16(message, 2);
        // Only a query's sections are known to us; the others are refused by their opcode alone.
        if (request.Opcode == Opcode.Query && !request.TryReadSections()) request.Fault = Rcode.FormErr;
        return true;
    }

    private bool TryReadSections()
    {
        int questions = Octets.Read16(Message, 4), answers = Octets.Read16(Message, 6), authorities = Octets.Read16(Message, 8);
        var reader = new MessageReader(Message, HeaderLength);
        // RFC 7873 section 5.4: no question at all is legal for a client that only wants a cookie.
        if (questions > 1 || answers > 0 || (questions == 1 && !TryReadQuestion(ref reader))) return false;
        // RFC 1995 section 3: IXFR alone carries a record there.
        if (authorities > (Type == RecordType.Ixfr ? 1 : 0)) return false;
        for (var i = 0; i < authorities; i++) reader.SkipRecord();
        var additional = Octets.Read16(Message, 10);
        for (var i = 0; i < additional && reader.Ok; i++)
            if (!TryReadAdditional(ref reader)) return false;
        if (!reader.Ok || reader.Position != Message.Length) return false;
        return questions == 1 || Edns.HasCookie;
    }

    private bool TryReadQuestion(ref MessageReader reader)
    {
        var length = reader.SkipPlainName();
        var type = reader.Read16();
        var @class = reader.Read16();
        if (!reader.Ok) return false;
        (NameLength, Type, Class) = (length, (RecordType)type, @class);
        return true;
    }

    private bool TryReadAdditional(ref MessageReader reader)
    {
        var ownerAt = reader.Position;
        reader.SkipName();
        var type = (RecordType)reader.Read16();
        var size = reader.Read16();
        var extended = reader.Read32();
        var rdata = reader.ReadOctets(reader.Read16());
        IsSigned |= type == RecordType.Tsig;
        if (!reader.Ok || type != RecordType.Opt) return reader.Ok;
        // RFC 6891 section 6.1.1: one OPT at most, and its owner is the root.
        return !Edns.Present && Message[ownerAt] == 0 && Edns.TryRead(size, extended, rdata, out Edns);
    }
}

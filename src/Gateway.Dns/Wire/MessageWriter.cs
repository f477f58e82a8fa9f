using Gateway.Dns.Zones;
using Gateway.Model.Records;

namespace Gateway.Dns.Wire;

/// <summary>
/// Writes a response: the question first, then whole record sets, then the OPT record and the header. What does not fit is left
/// out and leaves <see cref="Ok"/> false; the caller decides whether that means truncation.
/// </summary>
internal ref struct MessageWriter
{
    /// <summary>Octets before a record's RDATA when its owner is a pointer.</summary>
    public const int RecordHead = 12;

    /// <summary>The last place that a compression pointer can name, and one (RFC 1035 section 4.1.4).</summary>
    public const int PointerLimit = 0x4000;

    private const int OptLength = 11;
    private const int HinfoLength = 22;

    private readonly Span<byte> _to;
    private readonly int _start;
    private readonly bool _hasQuestion;
    private int _limit;
    private int _answers;
    private int _authorities;
    private int _additional;

    /// <summary>Starts a response of at most <paramref name="limit"/> octets with the question of the request.</summary>
    public MessageWriter(Span<byte> to, int limit, in Request request)
    {
        _to = to;
        _limit = Math.Min(limit, to.Length);
        _start = request.QuestionEnd;
        _hasQuestion = request.NameLength > 0;
        WantsDnssec = request.Edns.DnssecOk;
        request.Message[.._start].CopyTo(to);
        Position = _start;
        Ok = true;
    }

    /// <summary>The client's DO bit (RFC 3225).</summary>
    public bool WantsDnssec { get; }

    /// <summary>False when something did not fit.</summary>
    public bool Ok { get; private set; }

    /// <summary>Where the next record goes.</summary>
    public int Position { get; private set; }

    /// <summary>What is written so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _to[..Position];

    /// <summary>Keeps octets at the end for what <see cref="Finish"/> adds.</summary>
    public void Reserve(int octets) => _limit -= octets;

    /// <summary>Appends a set to the answer section. <paramref name="ownerAt"/> is where its owner's name stands in the message.</summary>
    public void Answer(RecordSet set, int ownerAt) => _answers += Append(set, ownerAt);

    /// <summary>Appends a set to the authority section.</summary>
    public void Authority(RecordSet set, int ownerAt) => _authorities += Append(set, ownerAt);

    /// <summary>Appends a set to the additional section if it fits; if it does not, nothing has happened.</summary>
    public bool TryAdditional(RecordSet set, int ownerAt)
    {
        if (set.Octets.Length > _limit - Position || ownerAt >= PointerLimit) return false;
        _additional += Append(set, ownerAt);
        return true;
    }

    /// <summary>Says that something that belongs into the message did not fit.</summary>
    public void Fail() => Ok = false;

    /// <summary>Appends the SOA of a negative answer (RFC 2308). <paramref name="zoneAt"/> is where the zone's name stands in the message.</summary>
    public void NegativeSoa(ZoneHead head, int zoneAt)
    {
        if (!Fits(head.NegativeLength)) return;
        head.CopyNegative(_to[Position..], zoneAt);
        Position += head.NegativeLength;
        _authorities++;
    }

    /// <summary>Appends the CNAME that a DNAME stands for (RFC 6672 section 3.1). Returns where its target stands, or 0.</summary>
    public int SynthesisedAlias(int ownerAt, uint ttl, scoped ReadOnlySpan<byte> prefix, scoped ReadOnlySpan<byte> target)
    {
        var length = prefix.Length + target.Length;
        if (!Fits(RecordHead + length)) return 0;
        WriteHead(ownerAt, RecordType.Cname, ttl, length);
        prefix.CopyTo(_to[Position..]);
        target.CopyTo(_to[(Position + prefix.Length)..]);
        Position += length;
        _answers++;
        return Position - length;
    }

    /// <summary>Appends the one record that answers ANY (RFC 8482 section 4.2).</summary>
    public void AnyAnswer(int ownerAt, uint ttl)
    {
        var hinfo = "\u0007RFC8482\0"u8;
        if (!Fits(HinfoLength)) return;
        WriteHead(ownerAt, RecordType.Hinfo, ttl, hinfo.Length);
        hinfo.CopyTo(_to[Position..]);
        Position += hinfo.Length;
        _answers++;
    }

    /// <summary>Appends records that stood at the same place of another message, so that their pointers stay right.</summary>
    public void Foreign(scoped ReadOnlySpan<byte> records, int answers, int authorities, int additional)
    {
        if (!Fits(records.Length)) return;
        records.CopyTo(_to[Position..]);
        Position += records.Length;
        (_answers, _authorities, _additional) = (answers, authorities, additional);
    }

    /// <summary>Takes every record back and sets the TC bit (RFC 2181 section 9: what is cut off could be misread as whole).</summary>
    public void Truncate(ref int flags)
    {
        Position = _start;
        _answers = _authorities = _additional = 0;
        flags |= 0x0200;
    }

    /// <summary>Appends the OPT record, if the request had one, and writes the header. Returns the length of the message.</summary>
    public int Finish(in Request request, int flags, Rcode rcode, in OptReply opt)
    {
        if (request.Edns.Present) WriteOpt(rcode, opt);
        Octets.Write16(_to, 2, flags | ((int)rcode & 15));
        Octets.Write16(_to, 4, _hasQuestion ? 1 : 0);
        Octets.Write16(_to, 6, _answers);
        Octets.Write16(_to, 8, _authorities);
        Octets.Write16(_to, 10, _additional);
        return Position;
    }

    private int Append(RecordSet set, int ownerAt)
    {
        if (!Fits(set.Octets.Length)) return 0;
        set.Octets.CopyTo(_to[Position..]);
        if (ownerAt != Request.HeaderLength) PatchOwners(set, ownerAt);
        Position += set.Octets.Length;
        return set.Count;
    }

    private readonly void PatchOwners(RecordSet set, int ownerAt)
    {
        var at = Position;
        for (var i = 0; i < set.Count; i++)
        {
            Octets.Write16(_to, at, 0xC000 | ownerAt);
            at += RecordHead + Octets.Read16(_to, at + 10);
        }
    }

    private void WriteHead(int ownerAt, RecordType type, uint ttl, int length)
    {
        Octets.Write16(_to, Position, 0xC000 | ownerAt);
        Octets.Write16(_to, Position + 2, (int)type);
        Octets.Write16(_to, Position + 4, 1);
        Octets.Write32(_to, Position + 6, ttl);
        Octets.Write16(_to, Position + 10, length);
        Position += RecordHead;
    }

    private void WriteOpt(Rcode rcode, in OptReply opt)
    {
        var to = _to[Position..];
        to[0] = 0;
        Octets.Write16(to, 1, (int)RecordType.Opt);
        Octets.Write16(to, 3, opt.Size);
        Octets.Write32(to, 5, ((uint)rcode >> 4 << 24) | (opt.DnssecOk ? 0x8000u : 0));
        var length = opt.CopyOptions(to[OptLength..]);
        Octets.Write16(to, 9, length);
        Position += OptLength + length;
        _additional++;
    }

    private bool Fits(int octets) => Ok = Ok && octets <= _limit - Position;
}

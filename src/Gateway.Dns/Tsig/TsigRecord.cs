using Gateway.Dns.Wire;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Dns.Tsig;

/// <summary>What <see cref="TsigRecord.Read"/> found.</summary>
internal enum TsigPresence
{
    /// <summary>The message is not signed.</summary>
    None,

    /// <summary>It ends in a TSIG record.</summary>
    Found,

    /// <summary>There is a TSIG record, but not as RFC 8945 section 5.1 wants it, or the message cannot be read.</summary>
    Malformed,
}

/// <summary>A TSIG record as it stands at the end of a message (RFC 8945 section 4.2).</summary>
internal ref struct TsigRecord
{
    /// <summary>Octets of the RDATA's fixed fields: time, fudge, MAC size, original ID, error, other length.</summary>
    public const int FixedLength = 16;

    private const ushort ClassAny = 255;

    /// <summary>Where the record starts: the signed message ends there.</summary>
    public int Start;

    /// <summary>The key's name.</summary>
    public DomainName Key;

    /// <summary>The algorithm's name.</summary>
    public DomainName Algorithm;

    /// <summary>Seconds since 1970, 48 bits.</summary>
    public long Time;

    /// <summary>Seconds by which clocks may differ.</summary>
    public ushort Fudge;

    /// <summary>The signature.</summary>
    public ReadOnlySpan<byte> Mac;

    /// <summary>The message's ID when it was signed; forwarders change the other one.</summary>
    public ushort OriginalId;

    /// <summary>An extended RCODE.</summary>
    public ushort Error;

    /// <summary>The server's time when the error is BADTIME.</summary>
    public ReadOnlySpan<byte> Other;

    /// <summary>Looks for the record at the only place where it may stand: last of all.</summary>
    public static TsigPresence Read(ReadOnlySpan<byte> message, out TsigRecord record)
    {
        record = default;
        if (message.Length < Request.HeaderLength) return TsigPresence.Malformed;
        var reader = new MessageReader(message, Request.HeaderLength);
        for (int i = Octets.Read16(message, 4); i > 0 && reader.Ok; i--)
        {
            reader.SkipName();
            reader.Read32();
        }

        var presence = TsigPresence.None;
        for (var left = Octets.Read16(message, 6) + Octets.Read16(message, 8) + Octets.Read16(message, 10); left > 0 && reader.Ok; left--)
        {
            var start = reader.Position;
            if (!IsTsig(ref reader)) continue;
            presence = left == 1 && presence == TsigPresence.None && record.TryRead(message, start) ? TsigPresence.Found : TsigPresence.Malformed;
        }

        // A signature in the answer or authority section is none, even when it is the last record.
        if (presence == TsigPresence.Found && Octets.Read16(message, 10) == 0) return TsigPresence.Malformed;
        return reader.Ok ? presence : TsigPresence.Malformed;
    }

    /// <summary>The 48 bits of time at the start of <paramref name="from"/>.</summary>
    public static long ReadTime(ReadOnlySpan<byte> from) => ((long)Octets.Read16(from, 0) << 32) | Octets.Read32(from, 2);

    /// <summary>Writes 48 bits of time.</summary>
    public static void WriteTime(Span<byte> to, long time)
    {
        Octets.Write16(to, 0, (int)(time >> 32) & 0xFFFF);
        Octets.Write32(to, 2, (uint)time);
    }

    // Passes over one record.
    private static bool IsTsig(ref MessageReader reader)
    {
        reader.SkipName();
        var type = (RecordType)reader.Read16();
        reader.ReadOctets(6);
        reader.ReadOctets(reader.Read16());
        return reader.Ok && type == RecordType.Tsig;
    }

    private bool TryRead(ReadOnlySpan<byte> message, int start)
    {
        Start = start;
        var reader = new MessageReader(message, start);
        if (!WireName.TryRead(message, ref reader, out Key)) return false;
        reader.Read16();
        var @class = reader.Read16();
        var ttl = reader.Read32();
        var end = reader.Read16() + reader.Position;
        if (!WireName.TryRead(message, ref reader, out Algorithm)) return false;
        Time = ((long)reader.Read16() << 32) | reader.Read32();
        Fudge = reader.Read16();
        Mac = reader.ReadOctets(reader.Read16());
        OriginalId = reader.Read16();
        Error = reader.Read16();
        Other = reader.ReadOctets(reader.Read16());
        return reader.Ok && @class == ClassAny && ttl == 0 && reader.Position == end && end == message.Length;
    }
}

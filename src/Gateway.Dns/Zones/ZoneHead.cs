using System.Buffers;
using Gateway.Dns.Wire;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Dns.Zones;

/// <summary>
/// The zone's own name: its records with the SOA and NS that were made where it has none, and the SOA as it stands in the
/// authority section of negative answers. Immutable; a new serial makes a new head.
/// </summary>
internal sealed class ZoneHead
{
    private const uint Refresh = 3_600;
    private const uint Retry = 600;
    private const uint Expire = 604_800;

    private readonly byte[] _negative;
    private readonly int _primaryPointerAt;
    private readonly int _mailboxPointerAt;

    private ZoneHead(ZoneHead other, uint serial)
    {
        (Apex, Serial) = (other.Apex.WithSerial(serial), serial);
        (_primaryPointerAt, _mailboxPointerAt) = (other._primaryPointerAt, other._mailboxPointerAt);
        _negative = (byte[])other._negative.Clone();
        Octets.Write32(_negative, _negative.Length - NameBlock.SerialFromEnd, serial);
    }

    private ZoneHead(DomainName zone, NameBlock apex, Rdata.Soa soa)
    {
        Apex = apex;
        Serial = soa.Serial;
        var rdata = new ArrayBufferWriter<byte>(64);
        _primaryPointerAt = AppendRelative(rdata, soa.Primary, zone);
        _mailboxPointerAt = AppendRelative(rdata, soa.Mailbox, zone);
        rdata.Write(soa.ToWire().AsSpan(^20..));
        _negative = new byte[RecordHead + rdata.WrittenCount];
        Octets.Write16(_negative, 2, (int)RecordType.Soa);
        Octets.Write16(_negative, 4, 1);
        // RFC 2308 section 3: the TTL of a negative answer is the smaller of the SOA's own TTL and its last field.
        Octets.Write32(_negative, 6, Math.Min(apex.Find(RecordType.Soa).Ttl, soa.Minimum));
        Octets.Write16(_negative, 10, rdata.WrittenCount);
        rdata.WrittenSpan.CopyTo(_negative.AsSpan(RecordHead));
    }

    private const int RecordHead = 12;

    /// <summary>All records of the zone's own name.</summary>
    public NameBlock Apex { get; }

    /// <summary>The SOA's serial.</summary>
    public uint Serial { get; }

    /// <summary>Octets of the SOA in negative answers.</summary>
    public int NegativeLength => _negative.Length;

    /// <summary>The same with another serial.</summary>
    public ZoneHead WithSerial(uint serial) => serial == Serial ? this : new ZoneHead(this, serial);

    /// <summary>Builds the head with the serial 0 from what is stored for the zone's own name.</summary>
    public static ZoneHead Build(DomainName zone, IReadOnlyList<ResourceRecord> stored, ReadOnlySpan<byte> json, ZoneDefaults defaults, List<RedisSchema.RecordFault> faults)
    {
        var records = stored.Where(record => record.Type != RecordType.Soa).ToList();
        if (!records.Exists(record => record.Type == RecordType.Ns))
            records.AddRange(NameServers(zone, defaults).Select(host => new ResourceRecord(0, new Rdata.Ns(host))));
        var soa = stored.FirstOrDefault(record => record.Type == RecordType.Soa);
        if (soa.Data is not Rdata.Soa data)
        {
            var primary = ((Rdata.Ns)records.Find(record => record.Type == RecordType.Ns).Data).Host;
            data = new Rdata.Soa(primary, Hostmaster(zone, defaults), Refresh, Retry, Expire, defaults.NegativeTtl);
        }

        data = data with { Serial = 0 };
        records.Add(new ResourceRecord(soa.Ttl, data));
        return new ZoneHead(zone, NameCompiler.Compile(Place.Apex, [], records, json, defaults, faults), data);
    }

    /// <summary>Writes the SOA of a negative answer. <paramref name="apexAt"/> is where the zone's name stands in the message, below 16384.</summary>
    public void CopyNegative(Span<byte> to, int apexAt)
    {
        _negative.CopyTo(to);
        var pointer = 0xC000 | apexAt;
        Octets.Write16(to, 0, pointer);
        if (_primaryPointerAt >= 0) Octets.Write16(to, RecordHead + _primaryPointerAt, pointer);
        if (_mailboxPointerAt >= 0) Octets.Write16(to, RecordHead + _mailboxPointerAt, pointer);
    }

    /// <summary>Writes a name; when it lies in the zone, its end is left open for a pointer to the zone's name. Returns where, or -1.</summary>
    private static int AppendRelative(ArrayBufferWriter<byte> rdata, DomainName name, DomainName zone)
    {
        if (!name.IsAtOrUnder(zone))
        {
            rdata.Write(name.Wire);
            return -1;
        }

        rdata.Write(name.Wire[..^zone.Wire.Length]);
        var at = rdata.WrittenCount;
        rdata.Write<byte>([0, 0]);
        return at;
    }

    private static EquatableList<DomainName> NameServers(DomainName zone, ZoneDefaults defaults)
    {
        if (defaults.NameServers.Count > 0) return defaults.NameServers;
        return zone.TryPrepend("ns1", out var host) ? new([host]) : new([zone]);
    }

    private static DomainName Hostmaster(DomainName zone, ZoneDefaults defaults)
    {
        if (!defaults.Hostmaster.IsRoot) return defaults.Hostmaster;
        return zone.TryPrepend("hostmaster", out var mailbox) ? mailbox : zone;
    }
}

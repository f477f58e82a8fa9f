using Gateway.Dns.Transfer;
using Gateway.Model;

namespace Gateway.Dns.Zones;

/// <summary>
/// One zone as queries see it: the head and a table of the names below. Readers take no lock; one writer (see the other part)
/// changes name after name, and each change is visible at once.
/// </summary>
internal sealed partial class Zone
{
    private volatile ZoneHead _head;

    /// <summary>Queries that this zone answered. Added to atomically, by those who count.</summary>
    public long Queries;

    /// <summary><see cref="Queries"/> when the metrics were asked for last. Theirs alone.</summary>
    public long QueriesSeen;

    /// <summary>An empty zone: SOA and NS alone.</summary>
    public Zone(DomainName name, ZoneDefaults defaults, uint serial)
    {
        Name = name;
        Labels = name.LabelCount;
        Tag = (uint)name.GetHashCode();
        _defaults = defaults;
        Journal = defaults.IsTransferable ? new ZoneJournal() : null;
        var plain = ZoneHead.Build(name, [], [], defaults, []);
        _head = plain.WithSerial(serial);
        Digest = _apexDigest = DigestOf(plain.Apex);
    }

    /// <summary>The zone's own name.</summary>
    public DomainName Name { get; }

    /// <summary>Labels of <see cref="Name"/>.</summary>
    public int Labels { get; }

    /// <summary>Tells zones apart where a few that look the same do no harm.</summary>
    public uint Tag { get; }

    /// <summary>The zone's own records.</summary>
    public ZoneHead Head => _head;

    /// <summary>The names below the zone's own, empty non-terminals included.</summary>
    public NameTable<NameBlock> Names { get; } = new();

    /// <summary>What changed, for transfers; null when nobody may have any.</summary>
    public ZoneJournal? Journal { get; }

    /// <summary>The serial that is served.</summary>
    public uint Serial => _head.Serial;

    /// <summary>The digest of the data that <see cref="Serial"/> stands for; 0 before there is one.</summary>
    public ulong PublishedDigest { get; private set; }

    /// <summary>Changes with every change of what is served, the serial left out; equal data give equal digests in any order.</summary>
    public ulong Digest { get; private set; }
}

/// <summary>A zone in the table of zones.</summary>
internal readonly struct ZoneEntry(Zone? zone) : INamed
{
    public Zone? Zone { get; } = zone;

    public bool Exists => Zone is not null;

    public ReadOnlySpan<byte> Key => Zone!.Name.Wire;
}

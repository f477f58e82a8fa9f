using System.Diagnostics.CodeAnalysis;
using Gateway.Dns.Wire;
using Gateway.Model;

namespace Gateway.Dns.Zones;

/// <summary>All zones. Readers take no lock; one writer adds and removes.</summary>
internal sealed class ZoneSet
{
    private readonly NameTable<ZoneEntry> _zones = new();

    /// <summary>Names above zones' own names: they exist, whatever the zone they stand in says (RFC 8020).</summary>
    private readonly NameTable<NameBlock> _above = new();

    private readonly Dictionary<DomainName, int> _belowCounts = [];

    /// <summary>How many zones have so many labels; a look-up passes over depths without any.</summary>
    private readonly int[] _depths = new int[NamePath.LabelSpace];

    /// <summary>Zones in the set.</summary>
    public int Count => _zones.Count;

    /// <summary>The zone with the longest name that is a suffix of <paramref name="name"/>, looking at suffixes from <paramref name="from"/> on.</summary>
    /// <param name="label">The label at which the zone's name starts.</param>
    public bool TryFind(in NamePath name, int from, [NotNullWhen(true)] out Zone? zone, out int label)
    {
        zone = null;
        for (label = from; label < name.Labels; label++)
        {
            if (_depths[name.Labels - label] == 0) continue;
            zone = _zones.Find(name.Hash(label), name.Suffix(label)).Zone;
            if (zone is not null) return true;
        }

        return false;
    }

    /// <summary>True when a zone's name lies below the suffix that starts at <paramref name="label"/>.</summary>
    public bool IsAboveZone(in NamePath name, int label) => _above.Find(name.Hash(label), name.Suffix(label)).Exists;

    /// <summary>The zone of exactly this name.</summary>
    public Zone? this[DomainName name]
    {
        get
        {
            Span<byte> wire = stackalloc byte[NamePath.WireSpace], starts = stackalloc byte[NamePath.LabelSpace];
            Span<uint> hashes = stackalloc uint[NamePath.LabelSpace];
            NamePath.TryRead(name.Wire, wire, starts, hashes, out var path);
            return _zones.Find(path.Hash(0), path.Wire).Zone;
        }
    }

    /// <summary>Every zone.</summary>
    public IEnumerable<Zone> Zones => _zones.Items().Select(entry => entry.Zone!);

    /// <summary>Adds a zone, or puts it in the place of the one with the same name. The writer only.</summary>
    public void Add(Zone zone)
    {
        var isNew = this[zone.Name] is null;
        _zones.Set(HashOf(zone.Name), new ZoneEntry(zone));
        if (isNew) CountAbove(zone, 1);
    }

    /// <summary>Takes a zone away, if there is one. The writer only.</summary>
    public bool Remove(DomainName name)
    {
        if (this[name] is not { } zone) return false;
        _zones.Remove(HashOf(name), name.Wire);
        CountAbove(zone, -1);
        return true;
    }

    private void CountAbove(Zone zone, int by)
    {
        _depths[zone.Labels] += by;
        for (var name = zone.Name.Parent; !name.IsRoot; name = name.Parent)
        {
            var count = _belowCounts.GetValueOrDefault(name) + by;
            if (count > 0) _belowCounts[name] = count;
            else _belowCounts.Remove(name);
            if (count == 0) _above.Remove(HashOf(name), name.Wire);
            else if (count == 1 && by > 0) _above.Set(HashOf(name), NameBlock.Empty(name.Wire));
        }
    }

    private static uint HashOf(DomainName name)
    {
        Span<byte> wire = stackalloc byte[NamePath.WireSpace], starts = stackalloc byte[NamePath.LabelSpace];
        Span<uint> hashes = stackalloc uint[NamePath.LabelSpace];
        NamePath.TryRead(name.Wire, wire, starts, hashes, out var path);
        return path.Hash(0);
    }
}

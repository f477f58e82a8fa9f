using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Store;

namespace Gateway.Dns;

/// <summary>
/// What one look at Redis touched, and what it found missing there. Nothing is taken away before the look is over, so that it can
/// be judged as a whole. Safe for several zones that are read at once.
/// </summary>
internal sealed class ZoneLook
{
    private readonly Lock _lock = new();
    private readonly HashSet<DomainName> _touched = [];
    private readonly HashSet<Zone> _zones = [];
    private readonly Dictionary<Zone, List<DomainName>> _names = [];

    /// <summary>Zones whose serial may have to move.</summary>
    public IReadOnlyCollection<DomainName> Touched => _touched;

    /// <summary>Missing entries: names, and for a missing zone itself one more than its names.</summary>
    public int Missing => _zones.Sum(SizeOf) + _names.Sum(it => it.Value.Count);

    /// <summary>The zone was read.</summary>
    public void Touch(DomainName zone)
    {
        lock (_lock) _touched.Add(zone);
    }

    /// <summary>The zone is in Redis no more.</summary>
    public void Miss(Zone zone)
    {
        lock (_lock) _zones.Add(zone);
    }

    /// <summary>These names of the zone are in Redis no more.</summary>
    public void Miss(Zone zone, IEnumerable<DomainName> names)
    {
        lock (_lock)
        {
            if (!_names.TryGetValue(zone, out var missing)) _names[zone] = missing = [];
            missing.AddRange(names);
        }
    }

    /// <summary>How many of the missing entries stay under this answer.</summary>
    public int Kept(Departures departures) =>
        _zones.Where(zone => !MayGo(zone, departures)).Sum(SizeOf)
        + _names.Where(it => !_zones.Contains(it.Key)).Sum(it => it.Value.Count(name => !MayGo(it.Key, name, departures)));

    /// <summary>The missing zones that may go.</summary>
    public IEnumerable<Zone> Leaving(Departures departures) => _zones.Where(zone => MayGo(zone, departures));

    /// <summary>The missing names of zones that stay, and whether each may go.</summary>
    public IEnumerable<(Zone Zone, DomainName Name, bool MayGo)> Names(Departures departures) =>
        from it in _names where !_zones.Contains(it.Key) from name in it.Value select (it.Key, name, MayGo(it.Key, name, departures));

    /// <summary>Entries of a zone: its names, and itself.</summary>
    public static int SizeOf(Zone zone) => zone.Names.Count + 1;

    // Whoever gives a zone up deletes its owner, and its records as one key.
    private static bool MayGo(Zone zone, Departures departures) =>
        departures.MayGo(new KeyChange(RedisSchema.ZoneOwnersKey, RedisSchema.OwnedField(zone.Name)))
        || departures.MayGo(new KeyChange(RedisSchema.ZoneKey(zone.Name), null));

    private static bool MayGo(Zone zone, DomainName name, Departures departures) =>
        departures.MayGo(new KeyChange(RedisSchema.ZoneKey(zone.Name), RedisSchema.ZoneField(name, zone.Name)));
}

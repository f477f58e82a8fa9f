using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>What has to be read from Redis before a slice can be planned. Zones come first, for they say where the records stand.</summary>
internal sealed class Footprint
{
    private readonly HashSet<DomainName> _names;
    private readonly HashSet<DomainName> _zones;

    public Footprint(BookSlice slice, DesiredState desired, IReadOnlyDictionary<string, LiveReservation> applied)
    {
        _names = [.. slice.Names, .. desired.ManagedDomains];
        var delegations = desired.Live.Concat(desired.Ending).Concat(applied.Values).Where(it => it.IsDelegation).Select(it => it.Name!.Value);
        _zones = [.. delegations, .. desired.ManagedDomains];
        WantsAllNames = desired.Ending.Any(it => it.IsDelegation);
        WantsAllRests = desired.Live.Any(it => it.IsDelegation && !desired.Accepted.Contains(it.Id));
    }

    /// <summary>Names whose owner, whose route, and whose owner as a zone have to be read.</summary>
    public IReadOnlyCollection<DomainName> Names => _names;

    /// <summary>True when a zone is given up: entries that no reservation explains may stand under it.</summary>
    public bool WantsAllNames { get; }

    /// <summary>True when a zone is new: names may rest under it.</summary>
    public bool WantsAllRests { get; }

    /// <summary>The records to read, once the zones in Redis are known.</summary>
    public IEnumerable<FieldAt> Fields(IEnumerable<DomainName> zonesInRedis)
    {
        _zones.UnionWith(zonesInRedis);
        foreach (var zone in _zones.Where(_names.Contains))
            if (zone.TryPrepend(RedisSchema.OwnerField, out var proof)) yield return new FieldAt(zone, proof);
        foreach (var name in _names)
            for (var at = name; !at.IsRoot; at = at.Parent)
                if (_zones.Contains(at)) yield return new FieldAt(at, name);
    }
}

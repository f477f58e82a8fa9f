using Gateway.Dns.Wire;
using Gateway.Model.Records;

namespace Gateway.Dns.Zones;

/// <summary>What a zone has to say about a name and a type.</summary>
internal enum LookupKind
{
    /// <summary>The block holds records of the type.</summary>
    Found,

    /// <summary>The name exists, the type does not.</summary>
    NoData,

    /// <summary>Neither the name nor a wildcard for it exists.</summary>
    NxDomain,

    /// <summary>The block is a zone cut at or above the name.</summary>
    Referral,

    /// <summary>The block holds a CNAME for the name.</summary>
    Alias,

    /// <summary>The block holds a DNAME above the name.</summary>
    SubtreeAlias,
}

/// <summary>The answer of <see cref="Lookup"/>.</summary>
/// <param name="Kind">What was found.</param>
/// <param name="Block">Where; the default for NxDomain.</param>
/// <param name="Label">For Referral and SubtreeAlias, the label of the name at which the block's own name starts.</param>
internal readonly record struct LookupResult(LookupKind Kind, NameBlock Block, int Label);

/// <summary>RFC 1034 section 4.3.2 with RFC 4592 and RFC 6672, as one walk from the zone's own name down to the queried one.</summary>
internal static class Lookup
{
    /// <param name="zones">Knows which names stand above other zones of ours, and therefore exist.</param>
    /// <param name="zone">The zone to look in.</param>
    /// <param name="name">A name at or under the zone.</param>
    /// <param name="zoneLabel">The label of the name at which the zone's own name starts.</param>
    /// <param name="type">The queried type.</param>
    public static LookupResult Resolve(ZoneSet zones, Zone zone, in NamePath name, int zoneLabel, RecordType type)
    {
        var block = zone.Head.Apex;
        for (var label = zoneLabel; ; label--)
        {
            if (label < zoneLabel && IsCut(block, label, type)) return new(LookupKind.Referral, block, label);
            if (label == 0) return AtName(block, type);
            if ((block.Traits & NameTraits.SubtreeAlias) != 0) return new(LookupKind.SubtreeAlias, block, label);

            var next = zone.Names.Find(name.Hash(label - 1), name.Between(label - 1, zoneLabel));
            if (next.Exists) block = next;
            else if (zones.IsAboveZone(name, label - 1)) block = NameBlock.Bare;
            else return AtWildcard(zone, name, label, zoneLabel, type);
        }
    }

    // RFC 4035 section 3.1.4.1: the DS of a child stands at the parent's side of the cut.
    private static bool IsCut(NameBlock block, int label, RecordType type) =>
        (block.Traits & NameTraits.Cut) != 0 && !(label == 0 && type == RecordType.Ds);

    private static LookupResult AtName(NameBlock block, RecordType type)
    {
        if (type == RecordType.Any ? block.HasData : block.Has(type)) return new(LookupKind.Found, block, 0);
        return new((block.Traits & NameTraits.Alias) != 0 ? LookupKind.Alias : LookupKind.NoData, block, 0);
    }

    private static LookupResult AtWildcard(Zone zone, in NamePath name, int encloser, int zoneLabel, RecordType type)
    {
        var block = zone.Names.FindWildcard(name.WildcardHash(encloser), name.Between(encloser, zoneLabel));
        return block.Exists ? AtName(block, type) : new(LookupKind.NxDomain, default, 0);
    }
}

using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model.Records;

namespace Gateway.Dns;

/// <summary>From a question to record sets: one pass down, one verb for each outcome.</summary>
internal sealed partial class Responder
{
    /// <summary>Aliases followed for one question. The resolver goes on from there by itself.</summary>
    private const int LongestChain = 8;

    private Rcode Answer(in Request request, ref MessageWriter writer, ZoneSet zones, ref int flags, ref OptReply opt, out Zone? zone)
    {
        Span<byte> wire = stackalloc byte[NamePath.WireSpace], starts = stackalloc byte[NamePath.LabelSpace];
        Span<uint> hashes = stackalloc uint[NamePath.LabelSpace];
        zone = null;
        if (!NamePath.TryRead(request.Name, wire, starts, hashes, out var name)) return Rcode.FormErr;
        if (!zones.TryFind(name, 0, out zone, out var zoneLabel)) return Refuse(ref opt, ExtendedError.NotAuthoritative);
        flags |= AuthoritativeFlag;
        if (request.Type == RecordType.Ds && zoneLabel == 0 && AtParent(zones, name, ref zone, ref zoneLabel, out var atCut))
            return AnswerWith(atCut, ref writer, ref flags, zone, Request.HeaderLength, Request.HeaderLength + name.Start(zoneLabel), request.Type);
        var result = Lookup.Resolve(zones, zone, name, zoneLabel, request.Type);
        if (result.Kind is not (LookupKind.Alias or LookupKind.SubtreeAlias))
            return AnswerWith(result, ref writer, ref flags, zone, Request.HeaderLength + name.Start(result.Label), Request.HeaderLength + name.Start(zoneLabel), request.Type);
        return FollowAliases(result, ref writer, zones, zone, name, zoneLabel, request.Type);
    }

    // RFC 4035 section 3.1.4.1: the DS of a zone is asked for at its parent, if that is ours too and knows of the cut.
    private static bool AtParent(ZoneSet zones, in NamePath name, ref Zone zone, ref int zoneLabel, out LookupResult atCut)
    {
        atCut = default;
        if (!zones.TryFind(name, 1, out var parent, out var parentLabel)) return false;
        atCut = Lookup.Resolve(zones, parent, name, parentLabel, RecordType.Ds);
        if (atCut.Kind is not (LookupKind.Found or LookupKind.NoData) || (atCut.Block.Traits & NameTraits.Cut) == 0) return false;
        (zone, zoneLabel) = (parent, parentLabel);
        return true;
    }

    /// <param name="ownerAt">Where the name of the block stands in the message: the queried name, or the cut above it.</param>
    /// <param name="zoneAt">Where the zone's name stands in the message.</param>
    private static Rcode AnswerWith(LookupResult result, ref MessageWriter writer, ref int flags, Zone zone, int ownerAt, int zoneAt, RecordType type)
    {
        switch (result.Kind)
        {
            case LookupKind.Found:
                AnswerFound(result.Block, ref writer, zone, ownerAt, type);
                return Rcode.NoError;
            case LookupKind.Referral:
                flags &= ~AuthoritativeFlag;
                AnswerReferral(result.Block, ref writer, zone, ownerAt);
                return Rcode.NoError;
            case LookupKind.NxDomain:
                writer.NegativeSoa(zone.Head, zoneAt);
                return Rcode.NxDomain;
            default:
                writer.NegativeSoa(zone.Head, zoneAt);
                return Rcode.NoError;
        }
    }

    private static void AnswerFound(NameBlock block, ref MessageWriter writer, Zone zone, int nameAt, RecordType type)
    {
        if (type == RecordType.Any)
        {
            AnswerAny(block, ref writer, nameAt);
            return;
        }

        var at = writer.Position;
        var set = block.Find(type);
        writer.Answer(set, nameAt);
        if (writer.Ok && TargetOffset(type) is var offset and >= 0) AddAddresses(ref writer, zone, at, set.Count, offset, mustFit: false);
    }

    private static void AnswerAny(NameBlock block, ref MessageWriter writer, int nameAt)
    {
        if ((block.Traits & NameTraits.Alias) != 0) writer.Answer(block.Find(RecordType.Cname), nameAt);
        else writer.AnyAnswer(nameAt, block.SetAt(0).Ttl);
    }

    // RFC 1034 section 4.3.2 step 3b; RFC 9471: the answer is not whole without the addresses that lie below the cut.
    private static void AnswerReferral(NameBlock cut, ref MessageWriter writer, Zone zone, int cutAt)
    {
        var at = writer.Position;
        var servers = cut.Find(RecordType.Ns);
        writer.Authority(servers, cutAt);
        // RFC 4035 section 3.1.4: only for those who asked for DNSSEC.
        var ds = writer.WantsDnssec ? cut.Find(RecordType.Ds) : default;
        if (ds.Count > 0) writer.Authority(ds, cutAt);
        if (writer.Ok) AddAddresses(ref writer, zone, at, servers.Count, 0, mustFit: true);
    }

    /// <summary>Where a type's RDATA holds a name whose addresses the client will ask for next; -1 for the other types.</summary>
    private static int TargetOffset(RecordType type) => type switch
    {
        RecordType.Ns => 0,
        RecordType.Mx or RecordType.Svcb or RecordType.Https => 2,
        RecordType.Srv => 6,
        _ => -1,
    };

    /// <summary>
    /// Adds the addresses of the names in the records that start at <paramref name="at"/>, as far as this zone itself holds them: no
    /// other zone's, and nothing made from a wildcard, for that could be somebody else's.
    /// </summary>
    private static void AddAddresses(ref MessageWriter writer, Zone zone, int at, int count, int offset, bool mustFit)
    {
        Span<byte> wire = stackalloc byte[NamePath.WireSpace], starts = stackalloc byte[NamePath.LabelSpace];
        Span<uint> hashes = stackalloc uint[NamePath.LabelSpace];
        for (var i = 0; i < count && i < NameCompiler.MostNameServers; i++)
        {
            var targetAt = at + MessageWriter.RecordHead + offset;
            at += MessageWriter.RecordHead + Octets.Read16(writer.Written, at + 10);
            if (!NamePath.TryRead(writer.Written[targetAt..], wire, starts, hashes, out var target)) continue;
            var zoneLabel = target.Labels - zone.Labels;
            if (zoneLabel < 0 || !target.Suffix(zoneLabel).SequenceEqual(zone.Name.Wire)) continue;
            var block = zoneLabel == 0 ? zone.Head.Apex : zone.Names.Find(target.Hash(0), target.Between(0, zoneLabel));
            if (!block.Exists) continue;
            if (!AddSet(ref writer, block.Find(RecordType.A), targetAt) | !AddSet(ref writer, block.Find(RecordType.Aaaa), targetAt) && mustFit)
                writer.Fail();
        }
    }

    private static bool AddSet(ref MessageWriter writer, RecordSet set, int ownerAt) =>
        set.Count == 0 || writer.TryAdditional(set, ownerAt);
}

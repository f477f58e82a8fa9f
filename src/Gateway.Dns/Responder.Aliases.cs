using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Dns;

/// <summary>CNAME and DNAME chains through our own zones, always with the queried type.</summary>
internal sealed partial class Responder
{
    /// <summary>Answers a name that is an alias: each step's record, and what stands at the end of the chain if that is ours.</summary>
    private static Rcode FollowAliases(LookupResult result, ref MessageWriter writer, ZoneSet zones, Zone zone, scoped NamePath name, int zoneLabel, RecordType type)
    {
        Span<byte> wire = stackalloc byte[NamePath.WireSpace], starts = stackalloc byte[NamePath.LabelSpace];
        Span<uint> hashes = stackalloc uint[NamePath.LabelSpace];
        Span<int> seen = stackalloc int[LongestChain + 1], moved = stackalloc int[LongestChain];
        var moves = 0;
        seen[0] = Request.HeaderLength;
        for (var step = 0; ; step++)
        {
            var nameAt = seen[step];
            var targetAt = result.Kind == LookupKind.Alias ? AppendAlias(ref writer, result.Block, nameAt) : AppendSubtreeAlias(ref writer, result, name, nameAt, moved, ref moves);
            if (targetAt < 0) return Rcode.YxDomain;
            // Who asks for the alias itself has it now.
            if (!writer.Ok || step + 1 == LongestChain || type == RecordType.Cname) return Rcode.NoError;
            if (!NamePath.TryRead(writer.Written[targetAt..], wire, starts, hashes, out name)) return Rcode.NoError;
            if (IsSeen(writer.Written, seen[..(step + 1)], name.Wire) || !zones.TryFind(name, 0, out var next, out zoneLabel)) return Rcode.NoError;
            zone = next;
            seen[step + 1] = targetAt;
            result = Lookup.Resolve(zones, zone, name, zoneLabel, type);
            if (result.Kind is LookupKind.Alias or LookupKind.SubtreeAlias) continue;
            if (type == RecordType.Dname && result.Kind == LookupKind.Found && IsSeen(writer.Written, moved[..moves], name.Wire)) return Rcode.NoError;
            // RFC 6604 section 3: the code speaks about the last name of the chain, the AA bit about the first (RFC 1035 section 4.1.1).
            var flags = 0;
            return AnswerWith(result, ref writer, ref flags, zone, targetAt + name.Start(result.Label), targetAt + name.Start(zoneLabel), type);
        }
    }

    private static int AppendAlias(ref MessageWriter writer, NameBlock block, int nameAt)
    {
        var targetAt = writer.Position + MessageWriter.RecordHead;
        writer.Answer(block.Find(RecordType.Cname), nameAt);
        return targetAt;
    }

    /// <summary>The DNAME and the CNAME made from it (RFC 6672 section 3.1); -1 when the new name would be too long.</summary>
    private static int AppendSubtreeAlias(ref MessageWriter writer, LookupResult result, scoped NamePath name, int nameAt, scoped Span<int> moved, ref int moves)
    {
        var set = result.Block.Find(RecordType.Dname);
        // RFC 2181 section 5: a record set stands in an answer once, though the chain may pass it twice.
        if (!IsSeen(writer.Written, moved[..moves], name.Suffix(result.Label)))
        {
            moved[moves++] = nameAt + name.Start(result.Label);
            writer.Answer(set, moved[moves - 1]);
        }

        var prefix = name.Between(0, result.Label);
        var target = set.Octets[MessageWriter.RecordHead..];
        return prefix.Length + target.Length > DomainName.MaxLength ? -1 : writer.SynthesisedAlias(nameAt, set.Ttl, prefix, target);
    }

    /// <summary>True when this name stands at one of the places; it is in small letters.</summary>
    private static bool IsSeen(ReadOnlySpan<byte> message, ReadOnlySpan<int> places, scoped ReadOnlySpan<byte> name)
    {
        Span<byte> lower = stackalloc byte[DomainName.MaxLength];
        foreach (var at in places)
        {
            var other = message[at..Math.Min(at + name.Length, message.Length)];
            Octets.CopyLower(other, lower);
            if (lower[..other.Length].SequenceEqual(name)) return true;
        }

        return false;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Dns.Zones;

/// <summary>Where a name stands in its zone: some records make sense in some places alone.</summary>
internal enum Place
{
    Apex,
    Wildcard,
    Other,
}

/// <summary>
/// Turns the stored records of a name into precompiled sets: records that cannot stand where they are, or beside the others, are
/// left out and told; duplicates go; the TTLs of a set are made equal.
/// </summary>
internal static class NameCompiler
{
    /// <summary>Name servers of one zone. Thirteen fit a plain answer; more only make a resolver work for somebody else.</summary>
    public const int MostNameServers = 13;

    /// <summary>Octets of one record set: what is left of a 64 KiB message after a header, the longest question, an OPT and a SOA.</summary>
    public const int LongestSet = 64_000;

    private const ushort OwnerIsQuestion = 0xC00C;
    private const ushort ClassIn = 1;

    /// <summary>Compiles a name; the default block when nothing of it can be served.</summary>
    public static NameBlock Compile(Place place, ReadOnlySpan<byte> key, IEnumerable<ResourceRecord> records, ReadOnlySpan<byte> json, ZoneDefaults defaults, List<RedisSchema.RecordFault> faults)
    {
        var groups = records.GroupBy(record => record.Type).OrderBy(group => group.Key).ToList();
        groups.RemoveAll(group => Misplaced(group.Key, place, groups.Count > 1) is { } reason && Tell(faults, group.Key, reason));
        var sets = new List<CompiledSet>(groups.Count);
        foreach (var group in groups)
            if (CompileSet(group.Key, [.. group], defaults, faults) is { } set) sets.Add(set);
        return sets.Count == 0 ? default : NameBlock.Build(TraitsOf(sets, place), key, sets, json);
    }

    private static string? Misplaced(RecordType type, Place place, bool hasOthers) => (type, place) switch
    {
        (RecordType.Cname, Place.Apex) => "a CNAME at the zone's own name",
        (RecordType.Cname, _) when hasOthers => "a CNAME beside other records",
        (RecordType.Ds, Place.Apex) => "a DS at the zone's own name belongs to the parent zone",
        (RecordType.Soa, not Place.Apex) => "a SOA below the zone's own name",
        // RFC 4592 sections 4.2 and 4.4: what these would mean at a wildcard is undefined.
        (RecordType.Ns or RecordType.Dname or RecordType.Ds, Place.Wildcard) => "at a wildcard",
        _ => null,
    };

    private static CompiledSet? CompileSet(RecordType type, List<ResourceRecord> records, ZoneDefaults defaults, List<RedisSchema.RecordFault> faults)
    {
        var most = type switch
        {
            RecordType.Cname or RecordType.Dname or RecordType.Soa => 1,
            RecordType.Ns => MostNameServers,
            _ => ushort.MaxValue,
        };
        var distinct = records.Select(record => record.Data.ToWire()).Distinct(OctetsEqual.Instance).ToList();
        if (distinct.Count > most)
        {
            Tell(faults, type, $"more than {most}");
            distinct.RemoveRange(most, distinct.Count - most);
        }

        if (distinct.TrueForAll(rdata => rdata.Length <= LongestSet) && distinct.Sum(rdata => rdata.Length + 12) <= LongestSet)
            return new CompiledSet(type, distinct.Count, Octets(type, records.Min(record => defaults.Clamp(record.Ttl)), distinct));
        faults.Add(new(type, "longer than a DNS message", true));
        return null;
    }

    private static byte[] Octets(RecordType type, uint ttl, List<byte[]> distinct)
    {
        var octets = new ArrayBufferWriter<byte>(16 * distinct.Count);
        foreach (var rdata in distinct)
        {
            var head = octets.GetSpan(12);
            BinaryPrimitives.WriteUInt16BigEndian(head, OwnerIsQuestion);
            BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)type);
            BinaryPrimitives.WriteUInt16BigEndian(head[4..], ClassIn);
            BinaryPrimitives.WriteUInt32BigEndian(head[6..], ttl);
            BinaryPrimitives.WriteUInt16BigEndian(head[10..], (ushort)rdata.Length);
            octets.Advance(12);
            octets.Write(rdata);
        }

        return octets.WrittenSpan.ToArray();
    }

    private static NameTraits TraitsOf(List<CompiledSet> sets, Place place)
    {
        var traits = NameTraits.Data;
        foreach (var set in sets)
        {
            traits |= set.Type switch
            {
                RecordType.Ns when place != Place.Apex => NameTraits.Cut,
                RecordType.Cname => NameTraits.Alias,
                RecordType.Dname => NameTraits.SubtreeAlias,
                _ => NameTraits.None,
            };
        }

        return traits;
    }

    private static bool Tell(List<RedisSchema.RecordFault> faults, RecordType type, string reason)
    {
        faults.Add(new(type, reason, false));
        return true;
    }

    private sealed class OctetsEqual : IEqualityComparer<byte[]>
    {
        public static readonly OctetsEqual Instance = new();

        public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

        public int GetHashCode(byte[] octets)
        {
            var hash = new HashCode();
            hash.AddBytes(octets);
            return hash.ToHashCode();
        }
    }
}

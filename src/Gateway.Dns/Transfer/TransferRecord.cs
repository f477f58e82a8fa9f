using Gateway.Dns.Zones;
using Gateway.Model.Records;

namespace Gateway.Dns.Transfer;

/// <summary>One record of a block, without a copy of it.</summary>
/// <param name="Block">Whose.</param>
/// <param name="Set">The place of its set in the block.</param>
/// <param name="Start">Where it starts in the set's octets.</param>
/// <param name="Length">Octets, its owner's two included.</param>
internal readonly record struct TransferRecord(NameBlock Block, int Set, int Start, int Length)
{
    private const int LengthAt = 10;

    /// <summary>Octets of a record's owner as a pointer.</summary>
    public const int OwnerLength = 2;

    /// <summary>The labels of its owner below the zone; empty at the zone's own name.</summary>
    public ReadOnlySpan<byte> Owner => Block.Key;

    /// <summary>Type, class, TTL, length and RDATA.</summary>
    public ReadOnlySpan<byte> Body => Block.SetAt(Set).Octets.Slice(Start + OwnerLength, Length - OwnerLength);

    /// <summary>The SOA record of a head.</summary>
    public static TransferRecord SoaOf(ZoneHead head)
    {
        var set = 0;
        while (head.Apex.TypeAt(set) != RecordType.Soa) set++;
        return new TransferRecord(head.Apex, set, 0, head.Apex.SetAt(set).Octets.Length);
    }

    /// <summary>Every record of a block but the SOA, which a transfer sends in places of its own.</summary>
    public static IEnumerable<TransferRecord> Of(NameBlock block)
    {
        if (!block.Exists || !block.HasData) yield break;
        for (var set = 0; set < block.SetCount; set++)
        {
            if (block.TypeAt(set) == RecordType.Soa) continue;
            for (var start = 0; start < block.SetAt(set).Octets.Length;)
            {
                var length = LengthAt + 2 + Wire.Octets.Read16(block.SetAt(set).Octets, start + LengthAt);
                yield return new TransferRecord(block, set, start, length);
                start += length;
            }
        }
    }

    /// <summary>The records of one block that the other has not, octet by octet, TTL included.</summary>
    public static IEnumerable<TransferRecord> Missing(NameBlock block, NameBlock other) =>
        Of(block).Where(record => !Of(other).Any(record.IsSame));

    private bool IsSame(TransferRecord other) => Body.SequenceEqual(other.Body);
}

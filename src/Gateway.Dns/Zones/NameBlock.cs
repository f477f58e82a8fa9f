using System.Buffers.Binary;
using Gateway.Model.Records;

namespace Gateway.Dns.Zones;

/// <summary>What a block says about its name, so that a look-up need not search its types.</summary>
[Flags]
internal enum NameTraits : byte
{
    None = 0,

    /// <summary>It has records; without this it is an empty non-terminal (RFC 4592 section 2.2.2).</summary>
    Data = 1,

    /// <summary>It has NS records and is not the apex: a zone cut (RFC 1034 section 4.2).</summary>
    Cut = 2,

    /// <summary>It has a CNAME record.</summary>
    Alias = 4,

    /// <summary>It has a DNAME record.</summary>
    SubtreeAlias = 8,
}

/// <summary>The precompiled records of one type of one name: ready to be copied after a question that asks for the name.</summary>
/// <param name="count">Records, 1 or more; 0 when there is no such set.</param>
/// <param name="octets">Whole records, each with a pointer to the question's name (C0 0C) as its owner.</param>
internal readonly ref struct RecordSet(int count, ReadOnlySpan<byte> octets)
{
    public int Count { get; } = count;

    public ReadOnlySpan<byte> Octets { get; } = octets;

    /// <summary>Seconds, the same for every record of the set (RFC 2181 section 5.2).</summary>
    public uint Ttl => Wire.Octets.Read32(Octets, 6);
}

/// <summary>
/// One name of a zone in one array: traits, key, record sets and the stored JSON. One object for each name is what keeps a
/// million names small and the collector idle. Immutable, except for the mark of its writer.
/// </summary>
/// <remarks>Layout: traits, mark, key length, 0, count of sets (16 bits), 0 0, then for each set type, count, end (16, 16, 32 bits), then key, sets, JSON.</remarks>
internal readonly struct NameBlock(byte[]? octets) : INamed
{
    private const int MarkAt = 1;
    private const int KeyLengthAt = 2;
    private const int SetCountAt = 4;
    private const int DirectoryAt = 8;
    private const int EntryLength = 8;

    /// <summary>Octets from the serial of a SOA to its end: five numbers of 32 bits (RFC 1035 section 3.3.13).</summary>
    public const int SerialFromEnd = 20;

    private readonly byte[]? _octets = octets;

    /// <summary>False for the default value, which stands for "no such name".</summary>
    public bool Exists => _octets is not null;

    public NameTraits Traits => (NameTraits)_octets![0];

    public bool HasData => (Traits & NameTraits.Data) != 0;

    /// <summary>The labels below the zone, without the root octet; for the table of zones' ancestors, the whole name.</summary>
    public ReadOnlySpan<byte> Key => _octets.AsSpan(SetsAt(SetCount) - _octets![KeyLengthAt], _octets[KeyLengthAt]);

    /// <summary>The value as it stands in Redis; empty for an empty non-terminal.</summary>
    public ReadOnlySpan<byte> Json => _octets.AsSpan(JsonAt);

    /// <summary>Everything that is served, without the JSON: what a digest of the zone's data covers.</summary>
    public ReadOnlySpan<byte> Served => _octets.AsSpan(DirectoryAt, JsonAt - DirectoryAt);

    public int SetCount => Read16(SetCountAt);

    /// <summary>Octets that the block takes on the heap.</summary>
    public int Size => _octets!.Length;

    private int JsonAt => SetCount == 0 ? SetsAt(0) : EndOf(SetCount - 1);

    /// <summary>The JSON as memory that lives as long as the block.</summary>
    public ReadOnlyMemory<byte> JsonMemory => _octets.AsMemory(JsonAt);

    /// <summary>The generation in which the writer saw this name last. Readers never look at it.</summary>
    public byte Mark
    {
        get => _octets![MarkAt];
        set => _octets![MarkAt] = value;
    }

    /// <summary>The records of a type; a count of 0 when there are none.</summary>
    public RecordSet Find(RecordType type)
    {
        var octets = _octets!;
        var count = SetCount;
        for (var i = 0; i < count; i++)
            if (Read16(DirectoryAt + (EntryLength * i)) == (ushort)type) return SetAt(i);
        return default;
    }

    public bool Has(RecordType type) => Find(type).Count > 0;

    /// <summary>The type and the records at a place between 0 and <see cref="SetCount"/>.</summary>
    public RecordType TypeAt(int i) => (RecordType)Read16(DirectoryAt + (EntryLength * i));

    public RecordSet SetAt(int i)
    {
        var start = i == 0 ? SetsAt(SetCount) : EndOf(i - 1);
        return new RecordSet(Read16(DirectoryAt + (EntryLength * i) + 2), _octets.AsSpan(start, EndOf(i) - start));
    }

    /// <summary>Lays a block out. <paramref name="sets"/> in rising order of type.</summary>
    public static NameBlock Build(NameTraits traits, ReadOnlySpan<byte> key, IReadOnlyList<CompiledSet> sets, ReadOnlySpan<byte> json)
    {
        var directory = DirectoryAt + (EntryLength * sets.Count);
        var octets = new byte[directory + key.Length + sets.Sum(set => set.Octets.Length) + json.Length];
        octets[0] = (byte)traits;
        octets[KeyLengthAt] = (byte)key.Length;
        Write16(octets, SetCountAt, (ushort)sets.Count);
        key.CopyTo(octets.AsSpan(directory));
        var at = directory + key.Length;
        for (var i = 0; i < sets.Count; i++)
        {
            var (type, count, records) = sets[i];
            records.CopyTo(octets.AsSpan(at));
            at += records.Length;
            Write16(octets, DirectoryAt + (EntryLength * i), (ushort)type);
            Write16(octets, DirectoryAt + (EntryLength * i) + 2, (ushort)count);
            BinaryPrimitives.WriteInt32LittleEndian(octets.AsSpan(DirectoryAt + (EntryLength * i) + 4), at);
        }

        json.CopyTo(octets.AsSpan(at));
        return new NameBlock(octets);
    }

    /// <summary>A copy whose SOA, which it has, has another serial.</summary>
    public NameBlock WithSerial(uint serial)
    {
        var octets = (byte[])_octets!.Clone();
        for (var i = 0; i < SetCount; i++)
            if (TypeAt(i) == RecordType.Soa) BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(EndOf(i) - SerialFromEnd), serial);
        return new NameBlock(octets);
    }

    /// <summary>A name that exists, and nothing else is known of it.</summary>
    public static NameBlock Bare { get; } = Build(NameTraits.None, [], [], []);

    /// <summary>A name that exists only because there are names below it.</summary>
    public static NameBlock Empty(ReadOnlySpan<byte> key) => Build(NameTraits.None, key, [], []);

    private int SetsAt(int count) => DirectoryAt + (EntryLength * count) + _octets![KeyLengthAt];

    private int EndOf(int i) => BinaryPrimitives.ReadInt32LittleEndian(_octets.AsSpan(DirectoryAt + (EntryLength * i) + 4));

    private ushort Read16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_octets.AsSpan(at));

    private static void Write16(byte[] octets, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(octets.AsSpan(at), value);
}

/// <summary>One record set on its way into a block.</summary>
internal readonly record struct CompiledSet(RecordType Type, int Count, byte[] Octets);

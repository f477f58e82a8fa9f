using System.Buffers.Binary;
using System.Security.Cryptography;
using Gateway.Dns.Wire;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Dns.Zones;

/// <summary>The writer's side of a zone. One writer at a time.</summary>
internal sealed partial class Zone
{
    private readonly ZoneDefaults _defaults;

    /// <summary>For each name that has names with data below it, how many; only those strictly below the zone's own name.</summary>
    private Dictionary<DomainName, int>? _below;

    /// <summary>The apex' part of <see cref="Digest"/>, without its serial.</summary>
    private ulong _apexDigest;

    private byte _generation;
    private bool _apexSeen;

    /// <summary>Which comparison this is; another number says that somebody opened another one since.</summary>
    public byte Generation => _generation;

    /// <summary>Opens a comparison: names that neither <see cref="Put"/> nor <see cref="Confirm"/> sees from here on are <see cref="Unseen"/>.</summary>
    public void BeginComparison()
    {
        _generation++;
        _apexSeen = false;
    }

    /// <summary>Names that the open comparison has not seen: they are gone, or <see cref="Keep"/> says that they stay.</summary>
    public List<DomainName> Unseen()
    {
        var unseen = Names.Items().Where(block => block.HasData && block.Mark != _generation).Select(NameOf).ToList();
        if (!_apexSeen && !Head.Apex.Json.IsEmpty) unseen.Add(Name);
        return unseen;
    }

    /// <summary>Serves a name on that a comparison has not seen, and lets no later one take it for seen.</summary>
    public void Keep(DomainName name)
    {
        if (name == Name) return;
        // Marks are one octet: after 256 comparisons an old one would look like the latest.
        var block = Find(name);
        block.Mark = (byte)(_generation - 1);
    }

    /// <summary>True when exactly this value is served for the name, so that there is nothing to do.</summary>
    public bool Confirm(DomainName name, ReadOnlySpan<byte> json)
    {
        _apexSeen |= name == Name;
        var block = Find(name);
        if (!block.Exists || !block.HasData || !block.Json.SequenceEqual(json)) return false;
        block.Mark = _generation;
        return true;
    }

    /// <summary>
    /// Serves this value for the name. What cannot be read of it is told, and what was served of that before stays: the whole
    /// name when the value is no JSON object, else the types that have no good record.
    /// </summary>
    public void Put(DomainName name, ReadOnlyMemory<byte> json, List<RedisSchema.RecordFault> faults)
    {
        var old = Find(name);
        if (RedisSchema.DecodeRecords(json) is not { } stored)
        {
            faults.Add(new(default, "not a JSON object", true));
            if (old.Exists) old.Mark = _generation;
            return;
        }

        faults.AddRange(stored.Faults);
        var kept = KeptOf(old, stored);
        var records = kept.Count == 0 ? (IReadOnlyList<ResourceRecord>)stored.Records : [.. stored.Records, .. kept];
        var served = kept.Count == 0 ? json.Span : System.Text.Encoding.UTF8.GetBytes(RedisSchema.EncodeRecords(records));
        if (name == Name) StoreApex(records, served, faults);
        else Store(name, NameCompiler.Compile(PlaceOf(name), name.Wire[..^Name.Wire.Length], records, served, _defaults, faults));
    }

    /// <summary>Takes everything stored for the name away.</summary>
    public void Remove(DomainName name)
    {
        if (name == Name) StoreApex([], [], []);
        else Store(name, default);
    }

    /// <summary>True when something is stored for the name.</summary>
    public bool Has(DomainName name) => name == Name ? !Head.Apex.Json.IsEmpty : Find(name) is { Exists: true, HasData: true };

    /// <summary>True when the comparison met this name already.</summary>
    public bool IsSeen(DomainName name) => name == Name ? _apexSeen : Find(name) is { Exists: true, HasData: true } block && block.Mark == _generation;

    /// <summary>Serves another serial, which stands for the data of this digest.</summary>
    public void Publish(uint serial, ulong digest)
    {
        PublishedDigest = digest;
        _head = _head.WithSerial(serial);
        Journal?.Commit(_head);
    }

    /// <summary>Every name with data and its value as stored; the zone's own name first.</summary>
    public IEnumerable<(string Field, ReadOnlyMemory<byte> Json)> Stored()
    {
        if (!Head.Apex.Json.IsEmpty) yield return (RedisSchema.ApexField, Head.Apex.JsonMemory);
        foreach (var block in Names.Items())
            if (block.HasData) yield return (RedisSchema.ZoneField(NameOf(block), Name), block.JsonMemory);
    }

    private static List<ResourceRecord> KeptOf(NameBlock old, RedisSchema.StoredName stored)
    {
        if (!old.Exists || old.Json.IsEmpty || !stored.Faults.Any(fault => fault.WholeType)) return [];
        var lost = stored.Faults.Where(fault => fault.WholeType).Select(fault => fault.Type).ToHashSet();
        var before = RedisSchema.DecodeRecords(old.JsonMemory);
        return before is null ? [] : [.. before.Records.Where(record => lost.Contains(record.Type))];
    }

    private void StoreApex(IReadOnlyList<ResourceRecord> records, ReadOnlySpan<byte> json, List<RedisSchema.RecordFault> faults)
    {
        var plain = ZoneHead.Build(Name, records, json, _defaults, faults);
        var digest = DigestOf(plain.Apex);
        Digest += digest - _apexDigest;
        _apexDigest = digest;
        _head = plain.WithSerial(Serial);
    }

    private NameBlock Find(DomainName name)
    {
        if (name == Name) return Head.Apex;
        Span<byte> wire = stackalloc byte[NamePath.WireSpace], starts = stackalloc byte[NamePath.LabelSpace];
        Span<uint> hashes = stackalloc uint[NamePath.LabelSpace];
        NamePath.TryRead(name.Wire, wire, starts, hashes, out var path);
        return Names.Find(path.Hash(0), path.Between(0, path.Labels - Labels));
    }

    private void Store(DomainName name, NameBlock block)
    {
        Span<byte> wire = stackalloc byte[NamePath.WireSpace], starts = stackalloc byte[NamePath.LabelSpace];
        Span<uint> hashes = stackalloc uint[NamePath.LabelSpace];
        NamePath.TryRead(name.Wire, wire, starts, hashes, out var path);
        var end = path.Labels - Labels;
        var key = path.Between(0, end);
        var old = Names.Find(path.Hash(0), key);
        var had = old.Exists && old.HasData;
        if (had) Digest -= DigestOf(old);
        if (block.Exists) Digest += DigestOf(block);
        Exchange(path.Hash(0), key, had ? old : default, block, HasBelow(name));
        if (had == block.Exists) return;
        var ancestor = name.Parent;
        for (var i = 1; i < end; i++, ancestor = ancestor.Parent)
            CountBelow(ancestor, path.Hash(i), path.Between(i, end), block.Exists ? 1 : -1);
    }

    private void Exchange(uint hash, ReadOnlySpan<byte> key, NameBlock old, NameBlock block, bool hasBelow)
    {
        if (Journal is not { } journal)
        {
            SetOrRemove(hash, key, block, hasBelow);
            return;
        }

        lock (journal.Gate)
        {
            journal.Note(old, block);
            SetOrRemove(hash, key, block, hasBelow);
        }
    }

    private void SetOrRemove(uint hash, ReadOnlySpan<byte> key, NameBlock block, bool hasBelow)
    {
        if (block.Exists) block.Mark = _generation;
        else if (hasBelow) block = NameBlock.Empty(key);
        if (block.Exists) Names.Set(hash, block);
        else Names.Remove(hash, key);
    }

    private bool HasBelow(DomainName name) => _below is not null && _below.ContainsKey(name);

    // RFC 4592 section 2.2.2: a name with names below it exists, though it may own no records.
    private void CountBelow(DomainName ancestor, uint hash, ReadOnlySpan<byte> key, int by)
    {
        _below ??= [];
        var count = _below.GetValueOrDefault(ancestor) + by;
        if (count > 0) _below[ancestor] = count;
        else _below.Remove(ancestor);
        var block = Names.Find(hash, key);
        if (count > 0 && !block.Exists) Names.Set(hash, NameBlock.Empty(key));
        if (count == 0 && block.Exists && !block.HasData) Names.Remove(hash, key);
    }

    private DomainName NameOf(NameBlock block)
    {
        DomainName.TryFromWire([.. block.Key, .. Name.Wire], out var name);
        return name;
    }

    private static Place PlaceOf(DomainName name) => name.IsWildcard ? Place.Wildcard : Place.Other;

    private static ulong DigestOf(NameBlock block)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(block.Served, digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }
}

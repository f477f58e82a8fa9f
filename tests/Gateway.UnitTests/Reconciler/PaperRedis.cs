using System.Text;
using Gateway.Model;
using Gateway.Reconciler.Planning;
using Gateway.Store;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>Redis as two dictionaries: it takes a plan's writes as the real one does, preconditions first, and is read back from raw values.</summary>
internal sealed class PaperRedis
{
    private readonly Dictionary<string, Dictionary<string, string>> _hashes = [];
    private readonly Dictionary<string, string> _strings = [];

    /// <summary>A backup.</summary>
    public PaperRedis Copy()
    {
        var copy = new PaperRedis();
        foreach (var (key, hash) in _hashes) copy._hashes[key] = new Dictionary<string, string>(hash);
        foreach (var (key, value) in _strings) copy._strings[key] = value;
        return copy;
    }

    public string? this[string key, string field] => _hashes.GetValueOrDefault(key)?.GetValueOrDefault(field);

    public string? this[string key] => _strings.GetValueOrDefault(key);

    public IReadOnlyDictionary<string, string> Hash(string key) => _hashes.GetValueOrDefault(key) ?? [];

    public IEnumerable<string> Keys => _hashes.Keys.Concat(_strings.Keys);

    public IEnumerable<string> Strings => _strings.Keys;

    public void Set(string key, string field, string value)
    {
        if (!_hashes.TryGetValue(key, out var hash)) _hashes[key] = hash = [];
        hash[field] = value;
    }

    public void Set(string key, string value) => _strings[key] = value;

    public void Delete(string key, string field)
    {
        if (_hashes.TryGetValue(key, out var hash) && hash.Remove(field) && hash.Count == 0) _hashes.Remove(key);
    }

    public void Delete(string key)
    {
        _hashes.Remove(key);
        _strings.Remove(key);
    }

    public void Apply(IEnumerable<LedgerWrite> writes)
    {
        var batch = writes.ToList();
        foreach (var expect in batch.OfType<LedgerWrite.Expect>())
            if ((expect.Field is { } field ? this[expect.Key, field] : this[expect.Key]) != expect.Value) throw new InvalidOperationException($"{expect} does not hold");
        foreach (var write in batch) Apply(write);
    }

    /// <summary>Everything, as a reader sees it. What was sent by the outbox is not there any more.</summary>
    public ActualState Read() => Collect().Build(Applied(), Outbox());

    public ActualStateBuilder Collect()
    {
        var state = new ActualStateBuilder();
        foreach (var (zone, raw) in Hash(RedisSchema.ZoneOwnersKey)) state.AddZoneOwner(DomainName.Parse(zone), raw);
        foreach (var (name, raw) in Hash(RedisSchema.NameOwnersKey)) state.AddNameOwner(DomainName.Parse(name), raw);
        foreach (var (name, raw) in Hash(RedisSchema.QuarantineKey)) state.AddRest(DomainName.Parse(name), raw);
        foreach (var (name, raw) in Hash(RedisSchema.ProofsKey)) state.AddProof(DomainName.Parse(name), raw);
        foreach (var (key, hash) in _hashes)
        {
            if (!RedisSchema.TryReadZoneKey(key, out var zone)) continue;
            foreach (var (field, raw) in hash)
                if (RedisSchema.TryReadZoneField(field, zone, out var name)) state.AddRecords(new FieldAt(zone, name), raw);
        }

        foreach (var (key, raw) in _strings)
            if (RedisSchema.TryReadServiceKey(key, out var host)) state.AddRoute(host, raw);
        return state;
    }

    /// <summary>What a footprint asks for, and nothing else.</summary>
    public ActualState Read(Footprint footprint, IReadOnlyDictionary<string, LiveReservation> applied) => Collect(footprint).Build(applied, Outbox());

    public ActualStateBuilder Collect(Footprint footprint)
    {
        var state = new ActualStateBuilder();
        foreach (var name in footprint.Names)
        {
            if (this[RedisSchema.ZoneOwnersKey, name.ToString()] is { } zone) state.AddZoneOwner(name, zone);
            if (this[RedisSchema.NameOwnersKey, name.ToString()] is { } user) state.AddNameOwner(name, user);
            if (this[RedisSchema.ServiceKey(name)] is { } route) state.AddRoute(name, route);
            if (this[RedisSchema.QuarantineKey, name.ToString()] is { } rest) state.AddRest(name, rest);
            if (this[RedisSchema.ProofsKey, name.ToString()] is { } proof) state.AddProof(name, proof);
        }

        if (footprint.WantsAllRests)
            foreach (var (name, raw) in Hash(RedisSchema.QuarantineKey)) state.AddRest(DomainName.Parse(name), raw);

        if (footprint.WantsAllNames)
            foreach (var (name, raw) in Hash(RedisSchema.NameOwnersKey)) state.AddNameOwner(DomainName.Parse(name), raw);
        foreach (var at in footprint.Fields([.. state.ZonesSoFar]))
            if (this[RedisSchema.ZoneKey(at.Zone), RedisSchema.ZoneField(at.Name, at.Zone)] is { } raw) state.AddRecords(at, raw);
        return state;
    }

    public string Dump() => string.Join('\n', _hashes.OrderBy(it => it.Key, StringComparer.Ordinal)
        .SelectMany(hash => hash.Value.OrderBy(it => it.Key, StringComparer.Ordinal).Select(it => $"{hash.Key} {it.Key} {it.Value}"))
        .Concat(_strings.OrderBy(it => it.Key, StringComparer.Ordinal).Select(it => $"{it.Key} {it.Value}")));

    private Dictionary<string, LiveReservation> Applied() => Hash(RedisSchema.ReservationsKey).ToDictionary(it => it.Key, it =>
    {
        Assert.True(RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(it.Value), out var stored, out var fault), fault);
        return LiveReservation.From(stored);
    });

    private Dictionary<string, PendingReport> Outbox() => Hash(RedisSchema.OutboxKey).ToDictionary(it => it.Key, it =>
    {
        Assert.True(RedisSchema.TryDecodeOutbox(Encoding.UTF8.GetBytes(it.Value), out var entry, out var fault), fault);
        return PendingReport.From(entry);
    });

    private void Apply(LedgerWrite write)
    {
        switch (write)
        {
            case LedgerWrite.SetField it: Set(it.Key, it.Field, it.Value); break;
            case LedgerWrite.DeleteField it: Delete(it.Key, it.Field); break;
            case LedgerWrite.SetString it: Set(it.Key, it.Value); break;
            case LedgerWrite.DeleteKey it: Delete(it.Key); break;
        }
    }
}

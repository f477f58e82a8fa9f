using System.Collections.Concurrent;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Dns;

/// <summary>How zones are read whole.</summary>
public sealed partial class ZoneFeed
{
    /// <summary>Fields or keys of one page: some hundred microseconds of Redis' only thread.</summary>
    private const int PageSize = 1_000;

    /// <summary>Zones that are read at once while all are compared, so that small ones do not each cost a round trip.</summary>
    private const int ZonesAtOnce = 32;

    private readonly ConcurrentDictionary<DomainName, string> _spellings = new();

    /// <inheritdoc/>
    public async Task CompareAsync(CancellationToken stop)
    {
        using var turn = await TakeTurnAsync(stop);
        var touched = new HashSet<DomainName>();
        var wanted = new HashSet<DomainName>();
        foreach (var field in await ReadFieldsAsync(RedisSchema.ZoneOwnersKey, stop))
            if (DomainName.TryParse(field, out var zone) && !zone.IsRoot) wanted.Add(zone);
        await foreach (var key in ScanAsync("SCAN", null, stop, "MATCH", "*.", "TYPE", "hash"))
            if (RedisSchema.TryReadZoneKey(Text(key), out var zone) && wanted.Add(zone)) Spell(Text(key), zone);
        foreach (var zones in wanted.Chunk(ZonesAtOnce)) await Task.WhenAll(zones.Select(zone => ReadZoneAsync(zone, touched, stop)));
        foreach (var zone in Zones.Zones.Select(zone => zone.Name).Where(zone => !wanted.Contains(zone)).ToList())
            if (!await ExistsAsync(zone, stop)) RemoveZone(zone);
        await PublishSerialsAsync(touched, stop);
        ServedFromFile = null;
        _isCompared = true;
    }

    private Task ReadKeyAsync(string key, DomainName zone, HashSet<DomainName> touched, CancellationToken stop)
    {
        Spell(key, zone);
        return ReadZoneAsync(zone, touched, stop);
    }

    /// <summary>Reads a zone whole. A zone that is not served yet appears when it is complete, for half of it would deny the other half.</summary>
    private async Task ReadZoneAsync(DomainName name, HashSet<DomainName> touched, CancellationToken stop)
    {
        var key = await KeyOfAsync(name, stop);
        if (key is null && !await IsOwnedAsync(name, stop))
        {
            RemoveZone(name);
            return;
        }

        var served = Zones[name];
        if (key is not null && served is not null && TryLeaveForLater(served)) return;
        var zone = served ?? new Zone(name, _defaults, await ReadSerialAsync(name, stop));
        if (key is null) zone.Clear();
        else await ReadNamesAsync(zone, key, stop);
        if (served is null) Zones.Add(zone);
        lock (touched) touched.Add(name);
    }

    private async Task ReadNamesAsync(Zone zone, string key, CancellationToken stop)
    {
        var odd = new List<(DomainName Name, string Field, byte[] Value)>();
        zone.BeginComparison();
        var cursor = "0";
        do cursor = await ReadPageAsync(zone, key, cursor, odd, stop);
        while (cursor != "0");
        foreach (var (name, field, value) in odd) PutOdd(zone, name, field, value);
        zone.EndComparison();
    }

    /// <summary>Reads one page of names and returns the cursor of the next.</summary>
    private async Task<string> ReadPageAsync(Zone zone, string key, string cursor, List<(DomainName Name, string Field, byte[] Value)> odd, CancellationToken stop)
    {
        var page = (RedisResult[])(await Database.ExecuteAsync("HSCAN", key, cursor, "COUNT", PageSize).WaitAsync(stop))!;
        var items = (RedisResult[])page[1]!;
        for (var i = 0; i + 1 < items.Length; i += 2)
        {
            var field = Text(items[i]);
            var value = (byte[])items[i + 1]!;
            if (!RedisSchema.TryReadZoneField(field, zone.Name, out var name)) TellFault(zone.Name, field, "the field is no name");
            else if (field != RedisSchema.ZoneField(name, zone.Name)) odd.Add((name, field, value));
            else Put(zone, name, value);
        }

        return (string)page[0]!;
    }

    /// <summary>A field in another spelling counts when the name has no field in its own.</summary>
    private void PutOdd(Zone zone, DomainName name, string field, byte[] value)
    {
        if (zone.IsSeen(name)) TellFault(zone.Name, field, "the same name stands there in small letters too");
        else Put(zone, name, value);
    }

    /// <summary>Whether Redis says that the zone exists: it has an owner, or records.</summary>
    private async Task<bool> ExistsAsync(DomainName zone, CancellationToken stop) =>
        await IsOwnedAsync(zone, stop) || await KeyOfAsync(zone, stop) is not null;

    private Task<bool> IsOwnedAsync(DomainName zone, CancellationToken stop) =>
        Database.HashExistsAsync(RedisSchema.ZoneOwnersKey, RedisSchema.OwnedField(zone)).WaitAsync(stop);

    /// <summary>The key of the zone's hash: in its own spelling, or in one that was met; null when there is none.</summary>
    private async Task<string?> KeyOfAsync(DomainName zone, CancellationToken stop)
    {
        var key = RedisSchema.ZoneKey(zone);
        if (await IsHashAsync(key, stop)) return key;
        return _spellings.TryGetValue(zone, out var met) && await IsHashAsync(met, stop) ? met : null;
    }

    private async Task<bool> IsHashAsync(string key, CancellationToken stop) => await Database.KeyTypeAsync(key).WaitAsync(stop) == RedisType.Hash;

    /// <summary>Remembers under which key a zone was met, when it is not the one that it should have.</summary>
    private void Spell(string key, DomainName zone)
    {
        if (key != RedisSchema.ZoneKey(zone)) _spellings[zone] = key;
    }

    private async Task<byte[]?[]> ReadValuesAsync(string key, string[] fields, CancellationToken stop)
    {
        var values = await Database.HashGetAsync(key, [.. fields.Select(field => (RedisValue)field)]).WaitAsync(stop);
        return [.. values.Select(value => (byte[]?)value)];
    }

    private async Task<List<string>> ReadFieldsAsync(string key, CancellationToken stop)
    {
        var fields = new List<string>();
        var isField = false;
        await foreach (var item in ScanAsync("HSCAN", key, stop))
            if (isField = !isField) fields.Add(Text(item));
        return fields;
    }

    /// <summary>Walks a cursor command page by page, so that no call keeps Redis busy for long.</summary>
    private async IAsyncEnumerable<RedisResult> ScanAsync(string command, string? key, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop, params object[] arguments)
    {
        var cursor = "0";
        do
        {
            object[] all = key is null ? [cursor, "COUNT", PageSize, .. arguments] : [key, cursor, "COUNT", PageSize, .. arguments];
            var page = (RedisResult[])(await Database.ExecuteAsync(command, all).WaitAsync(stop))!;
            cursor = (string)page[0]!;
            foreach (var item in (RedisResult[])page[1]!) yield return item;
        }
        while (cursor != "0");
    }

    private IDatabase Database => _redis?.Database ?? throw new RedisAwayException("there is no Redis");

    private static string Text(RedisResult item) => Text((byte[])item!);

    private static string Text(byte[] octets) => System.Text.Encoding.UTF8.GetString(octets);
}

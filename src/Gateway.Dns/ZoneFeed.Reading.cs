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

    /// <summary>Zones that are read at once while all are compared: their commands travel together, and Redis answers them in some milliseconds.</summary>
    private const int ZonesAtOnce = 256;

    private readonly ConcurrentDictionary<DomainName, string> _spellings = new();

    /// <inheritdoc/>
    public async Task CompareAsync(CancellationToken stop)
    {
        using var turn = await TakeTurnAsync(stop);
        await Guard.BeginComparisonAsync(stop);
        var look = new ZoneLook();
        var owned = new HashSet<DomainName>();
        foreach (var field in await ReadOwnersAsync(stop))
            if (DomainName.TryParse(field, out var zone) && !zone.IsRoot) owned.Add(zone);
        var wanted = new HashSet<DomainName>(owned);
        await foreach (var key in ScanAsync("SCAN", null, stop, "MATCH", "*.", "TYPE", "hash"))
            if (RedisSchema.TryReadZoneKey(Text(key), out var zone) && wanted.Add(zone)) Spell(Text(key), zone);
        foreach (var zones in wanted.Chunk(ZonesAtOnce)) await ReadZonesAsync(zones, owned.Contains, look, stop);
        foreach (var zone in Zones.Zones.Where(zone => !wanted.Contains(zone.Name)).ToList())
            if (!await ExistsAsync(zone.Name, stop)) look.Miss(zone);
        await FinishAsync(look, GuardedLook.Everything, stop);
        ServedFromFile = null;
        _isCompared = true;
    }

    private Task ReadKeyAsync(string key, DomainName zone, ZoneLook look, CancellationToken stop)
    {
        Spell(key, zone);
        return ReadZoneAsync(zone, look, stop);
    }

    private async Task ReadZoneAsync(DomainName zone, ZoneLook look, CancellationToken stop)
    {
        var isOwned = await IsOwnedAsync(zone, stop);
        await ReadZonesAsync([zone], _ => isOwned, look, stop);
    }

    /// <summary>Reads zones whole: every command is under way before the first answer is awaited. What came is served one zone after the other.</summary>
    private async Task ReadZonesAsync(DomainName[] names, Func<DomainName, bool> isOwned, ZoneLook look, CancellationToken stop)
    {
        var serials = ReadSerialsAsync(names, stop);
        var pages = await Task.WhenAll(names.Select(name => ReadFirstPageAsync(name, stop)));
        var stored = await serials;
        for (var i = 0; i < names.Length; i++)
            if (pages[i] is null && !isOwned(names[i])) Miss(names[i], look);
            else await ServeAsync(names[i], pages[i], stored[i], look, stop);
    }

    private void Miss(DomainName name, ZoneLook look)
    {
        if (Zones[name] is { } served) look.Miss(served);
    }

    /// <summary>Serves what Redis has of a zone. One that is not served yet appears when it is complete, for half of it would deny the other half.</summary>
    private async Task ServeAsync(DomainName name, Page? first, uint serial, ZoneLook look, CancellationToken stop)
    {
        var served = Zones[name];
        if (first is not null && served is not null && TryLeaveForLater(served)) return;
        var zone = served ?? new Zone(name, _defaults, serial);
        zone.BeginComparison();
        await PutNamesAsync(zone, first, stop);
        look.Miss(zone, zone.Unseen());
        if (served is null) Zones.Add(zone);
        look.Touch(name);
    }

    private async Task PutNamesAsync(Zone zone, Page? page, CancellationToken stop)
    {
        var odd = new List<(DomainName Name, string Field, byte[] Value)>();
        while (page is not null)
        {
            // Redis reads the next page while we compile this one.
            var next = page.IsLast ? null : ReadPageAsync(page.Key, page.Cursor, stop);
            PutPage(zone, page, odd);
            page = next is null ? null : await next;
        }

        foreach (var (name, field, value) in odd) PutOdd(zone, name, field, value);
    }

    private void PutPage(Zone zone, Page page, List<(DomainName Name, string Field, byte[] Value)> odd)
    {
        for (var i = 0; i + 1 < page.Items.Length; i += 2)
        {
            var field = Text(page.Items[i]);
            var value = (byte[])page.Items[i + 1]!;
            if (!RedisSchema.TryReadZoneField(field, zone.Name, out var name)) TellFault(zone.Name, field, "the field is no name");
            else if (field != RedisSchema.ZoneField(name, zone.Name)) odd.Add((name, field, value));
            else Put(zone, name, value);
        }
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

    private async Task<bool> IsOwnedAsync(DomainName zone, CancellationToken stop)
    {
        try
        {
            return await Commands.HashExistsAsync(RedisSchema.ZoneOwnersKey, RedisSchema.OwnedField(zone)).WaitAsync(stop);
        }
        catch (RedisServerException e) when (RedisFaults.IsMistyped(e))
        {
            // Nobody can say whose it is: it stays as it is.
            TellMistyped();
            return Zones[zone] is not null;
        }
    }

    /// <summary>The key of the zone's hash: in its own spelling, or in one that was met; null when there is none.</summary>
    private async Task<string?> KeyOfAsync(DomainName zone, CancellationToken stop)
    {
        var key = RedisSchema.ZoneKey(zone);
        if (await IsHashAsync(key, stop)) return key;
        return _spellings.TryGetValue(zone, out var met) && await IsHashAsync(met, stop) ? met : null;
    }

    private async Task<bool> IsHashAsync(string key, CancellationToken stop) => await Commands.KeyTypeAsync(key).WaitAsync(stop) == "hash";

    /// <summary>Remembers under which key a zone was met, when it is not the one that it should have.</summary>
    private void Spell(string key, DomainName zone)
    {
        if (key != RedisSchema.ZoneKey(zone)) _spellings[zone] = key;
    }
}

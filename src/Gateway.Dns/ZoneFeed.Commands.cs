using Gateway.Model;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Dns;

/// <summary>What is asked of Redis, in pieces that keep it busy for less than a millisecond each.</summary>
public sealed partial class ZoneFeed
{
    /// <summary>A page of a hash: fields and values in turns.</summary>
    private sealed record Page(string Key, string Cursor, RedisResult[] Items)
    {
        public bool IsLast => Cursor == "0";
    }

    /// <summary>The first page of a zone's hash, under its own spelling or under one that was met; null when there is no such hash.</summary>
    private async Task<Page?> ReadFirstPageAsync(DomainName zone, CancellationToken stop)
    {
        if (await TryReadFirstPageAsync(RedisSchema.ZoneKey(zone), stop) is { } page) return page;
        return _spellings.TryGetValue(zone, out var met) ? await TryReadFirstPageAsync(met, stop) : null;
    }

    private async Task<Page?> TryReadFirstPageAsync(string key, CancellationToken stop)
    {
        try
        {
            // A hash without fields does not exist.
            return await ReadPageAsync(key, "0", stop) is { } page && (page.Items.Length > 0 || !page.IsLast) ? page : null;
        }
        catch (RedisServerException e) when (e.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal))
        {
            // Something else has that name.
            return null;
        }
    }

    private async Task<Page> ReadPageAsync(string key, string cursor, CancellationToken stop)
    {
        var page = (RedisResult[])(await Commands.ExecuteAsync("HSCAN", key, cursor, "COUNT", PageSize).WaitAsync(stop))!;
        return new Page(key, (string)page[0]!, (RedisResult[])page[1]!);
    }

    /// <summary>The serials that Redis keeps; 0 for those that it does not.</summary>
    private async Task<uint[]> ReadSerialsAsync(DomainName[] zones, CancellationToken stop)
    {
        var values = await Commands.StringGetAsync(Array.ConvertAll(zones, zone => (RedisKey)RedisSchema.ZoneSerialKey(zone))).WaitAsync(stop);
        return Array.ConvertAll(values, value => (string?)value is { } text && RedisSchema.TryDecodeZoneSerial(text, out var serial) ? serial.Serial : 0);
    }

    private async Task<byte[]?[]> ReadValuesAsync(string key, string[] fields, CancellationToken stop)
    {
        var values = await Commands.HashGetAsync(key, [.. fields.Select(field => (RedisValue)field)]).WaitAsync(stop);
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
            var page = (RedisResult[])(await Commands.ExecuteAsync(command, all).WaitAsync(stop))!;
            cursor = (string)page[0]!;
            foreach (var item in (RedisResult[])page[1]!) yield return item;
        }
        while (cursor != "0");
    }

    private RedisCommands Commands => _redis?.Commands ?? throw new RedisAwayException("there is no Redis");

    private static string Text(RedisResult item) => Text((byte[])item!);

    private static string Text(byte[] octets) => System.Text.Encoding.UTF8.GetString(octets);
}

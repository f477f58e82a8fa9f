using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Dns;

/// <summary>
/// Serials: Redis keeps, for each zone, the serial and the digest of the data that it stands for. A node whose data have another
/// digest takes the next serial; one that comes later with the same digest finds it there. So a serial moves when data move, is
/// the same on every node, and survives restarts.
/// </summary>
public sealed partial class ZoneFeed
{
    private const int SerialsAtOnce = 500;

    // ARGV[1]: seconds since 1970; then for each key the digest and the serial that the caller serves. A serial follows the clock
    // where it can, so that it grows even after Redis lost it.
    private const string TakeSerials = """
        local taken = {}
        for i, key in ipairs(KEYS) do
          local digest, served = ARGV[2 * i], tonumber(ARGV[2 * i + 1])
          local stored, known = 0, ''
          local kind = redis.call('TYPE', key).ok
          if kind ~= 'none' and kind ~= 'string' then redis.call('DEL', key) end
          local value = redis.call('GET', key)
          if value then stored, known = string.match(value, '^(%d+) (%x+)$') end
          stored = tonumber(stored) or 0
          local serial = math.max(stored, served)
          if known ~= digest then serial = math.max(serial + 1, tonumber(ARGV[1])) end
          if serial > 4294967295 then serial = 1 end
          if serial ~= stored or known ~= digest then redis.call('SET', key, string.format('%.0f %s', serial, digest)) end
          taken[i] = string.format('%.0f', serial)
        end
        return taken
        """;

    private async Task PublishSerialsAsync(IEnumerable<DomainName> touched, CancellationToken stop)
    {
        foreach (var zones in touched.Select(name => Zones[name]).OfType<Zone>().Where(zone => zone.Digest != zone.PublishedDigest).Chunk(SerialsAtOnce))
        {
            _changed = true;
            var digests = zones.Select(zone => zone.Digest).ToArray();
            var serials = await TakeSerialsAsync(zones, digests, stop);
            for (var i = 0; i < zones.Length; i++) Publish(zones[i], serials[i], digests[i]);
        }
    }

    private async Task<uint[]> TakeSerialsAsync(Zone[] zones, ulong[] digests, CancellationToken stop)
    {
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        var keys = zones.Select(zone => (RedisKey)RedisSchema.ZoneSerialKey(zone.Name)).ToArray();
        RedisValue[] arguments = [now, .. zones.SelectMany((zone, i) => new RedisValue[] { RedisSchema.FormatDigest(digests[i]), zone.Serial })];
        try
        {
            var taken = (RedisValue[])(await Commands.ScriptEvaluateAsync(TakeSerials, keys, arguments).WaitAsync(stop))!;
            return [.. taken.Select(serial => (uint)(long)serial)];
        }
        catch (RedisServerException e)
        {
            // A Redis that we may only read: the serials are then this node's own.
            SerialsNotStored(_log, e.Message);
            return [.. zones.Select(zone => (uint)Math.Max(zone.Serial + 1L, now))];
        }
    }

    // A key of another type says nothing; the script that takes the next serial begins it anew.
    private async Task<RedisSchema.ZoneSerial?> StoredSerialAsync(DomainName zone, CancellationToken stop)
    {
        try
        {
            var value = (string?)await Commands.StringGetAsync(RedisSchema.ZoneSerialKey(zone)).WaitAsync(stop);
            return value is not null && RedisSchema.TryDecodeZoneSerial(value, out var serial) ? serial : null;
        }
        catch (RedisServerException e) when (RedisFaults.IsMistyped(e))
        {
            return null;
        }
    }

    /// <summary>Another node took a serial: it is ours too when it stands for the data that we serve.</summary>
    private async Task AdoptSerialAsync(DomainName name, CancellationToken stop)
    {
        if (Zones[name] is not { } zone) return;
        if (await StoredSerialAsync(name, stop) is not { } serial || serial.Digest != zone.Digest) return;
        // RFC 1982: later, with the wrap counted in.
        if ((int)(serial.Serial - zone.Serial) > 0) Publish(zone, serial.Serial, serial.Digest);
    }

    internal void Publish(Zone zone, uint serial, ulong digest)
    {
        var isNew = zone.Serial != serial;
        zone.Publish(serial, digest);
        if (isNew) Notifier?.Changed(zone.Name, zone.Head);
    }

    [LoggerMessage(2103, LogLevel.Warning, "Zone serials could not be stored ({Fault}); until they can be, this node counts its own")]
    private static partial void SerialsNotStored(ILogger log, string fault);
}

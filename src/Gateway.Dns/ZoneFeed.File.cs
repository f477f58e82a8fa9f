using System.Text;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns;

/// <summary>The zones in the last-known-good file.</summary>
public sealed partial class ZoneFeed
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(10);

    private volatile bool _changed;

    /// <summary>Saves the zones from time to time while they change, and once more at the end; reads large zones again when asked to.</summary>
    internal Task MaintainAsync(CancellationToken stop) => Task.WhenAll(SaveAsync(stop), ReadLargeZonesAsync(stop));

    private async Task SaveAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(SaveEvery, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!_changed || _file is null) continue;
            _changed = false;
            if (!await _file.SaveAsync(Values(), CancellationToken.None)) _changed = true;
        }
    }

    /// <summary>Everything that a start without Redis needs, in the places where Redis has it.</summary>
    private IEnumerable<StoredValue> Values()
    {
        yield return Guard.Mark;
        foreach (var zone in Zones.Zones)
        {
            var serial = new RedisSchema.ZoneSerial(zone.Serial, zone.PublishedDigest);
            yield return new StoredValue(RedisSchema.ZoneSerialKey(zone.Name), null, Encoding.UTF8.GetBytes(RedisSchema.EncodeZoneSerial(serial)));
            foreach (var (field, json) in zone.Stored()) yield return new StoredValue(RedisSchema.ZoneKey(zone.Name), field, json);
        }
    }

    private void LoadFile()
    {
        if (_file is null || !_file.TryLoad(out var values, out var savedAt)) return;
        Zone? zone = null;
        foreach (var value in values)
        {
            if (Guard.TryTakeMark(value)) continue;
            if (value.Field is null) zone = OpenSaved(value);
            else if (zone is not null && RedisSchema.TryReadZoneField(value.Field, zone.Name, out var name)) zone.Put(name, value.Value, []);
        }

        foreach (var served in Zones.Zones) served.Publish(served.Serial, served.Digest);
        ServedFromFile = savedAt;
        FileServed(_log, Zones.Count, savedAt);
    }

    private Zone? OpenSaved(StoredValue value)
    {
        if (!RedisSchema.TryReadZoneSerialKey(value.Key, out var name) || !RedisSchema.TryDecodeZoneSerial(Encoding.UTF8.GetString(value.Value.Span), out var serial)) return null;
        var zone = new Zone(name, _defaults, serial.Serial);
        Zones.Add(zone);
        return zone;
    }

    [LoggerMessage(2104, LogLevel.Warning, "Serving {Zones} zones from the last-known-good file of {SavedAt} until Redis can be read")]
    private static partial void FileServed(ILogger log, int zones, DateTimeOffset savedAt);
}

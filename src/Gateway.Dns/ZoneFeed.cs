using System.Diagnostics.CodeAnalysis;
using Gateway.Dns.Notify;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Dns;

/// <summary>
/// Keeps the zones as Redis has them. A change of one name reads and replaces that name; a comparison reads everything, page by
/// page, and touches only what differs. Without Redis the zones stay as they are.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to dispose.")]
public sealed partial class ZoneFeed : IChangeReader
{
    private readonly RedisConnection? _redis;
    private readonly LastKnownGood? _file;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ZoneDefaults _defaults;
    private volatile bool _isCompared;

    /// <summary>Prepares, and serves what the last-known-good file holds, if there is one.</summary>
    /// <param name="redis">Where the zones are; null for a server that only serves the file.</param>
    /// <param name="options">What zones do not say themselves.</param>
    /// <param name="file">Where the zones are kept for a start without Redis; null for nowhere.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">Where faults are told.</param>
    public ZoneFeed(RedisConnection? redis, DnsOptions options, LastKnownGood? file, TimeProvider time, ILoggerFactory logs)
    {
        (_redis, _file, _time) = (redis, file, time);
        _log = logs.CreateLogger<ZoneFeed>();
        _defaults = options.ZoneDefaults;
        Guard = new ShrinkGuard("names", redis, time, _log);
        Metrics.Observe("gateway_dns_zones", "Zones served", () => Zones.Count);
        Metrics.Observe("gateway_dns_names", "Names served, the zones' own left out", () => Zones.Zones.Sum(zone => (long)zone.Names.Count));
        LoadFile();
    }

    /// <inheritdoc/>
    public string Name => "zones";

    /// <summary>Zones served now.</summary>
    public int ZoneCount => Zones.Count;

    /// <summary>When the zones that were served at the start were saved; null when they came from Redis or there were none.</summary>
    public DateTimeOffset? ServedFromFile { get; private set; }

    /// <summary>True once it is known which zones are ours: before, every name looks like somebody else's.</summary>
    internal bool IsLoaded => _isCompared || _redis is null || ServedFromFile is not null;

    internal ZoneSet Zones { get; } = new();

    internal DnsMetrics Metrics { get; } = new();

    /// <summary>Tells secondaries of new serials; null when there are none.</summary>
    internal Notifier? Notifier { get; set; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Patterns => [RedisSchema.ZoneOwnersKey, "*.", RedisSchema.ZoneSerialPrefix + "*"];

    /// <inheritdoc/>
    public bool Concerns(string key) =>
        key == RedisSchema.ZoneOwnersKey || key.EndsWith('.') || key.StartsWith(RedisSchema.ZoneSerialPrefix, StringComparison.Ordinal);

    /// <inheritdoc/>
    public async Task ApplyAsync(IReadOnlyList<KeyChange> changes, CancellationToken stop)
    {
        using var turn = await TakeTurnAsync(stop);
        var look = new ZoneLook();
        foreach (var key in changes.GroupBy(change => change.Key))
        {
            var whole = key.Any(change => change.Field is null);
            if (key.Key == RedisSchema.ZoneOwnersKey) await ApplyOwnersAsync(whole ? null : [.. key.Select(change => change.Field!)], look, stop);
            else if (RedisSchema.TryReadZoneSerialKey(key.Key, out var numbered)) await AdoptSerialAsync(numbered, stop);
            else if (!RedisSchema.TryReadZoneKey(key.Key, out var zone)) continue;
            else if (whole || Zones[zone] is not { } served || key.Key != RedisSchema.ZoneKey(zone)) await ReadKeyAsync(key.Key, zone, look, stop);
            else await ApplyFieldsAsync(served, [.. key.Select(change => change.Field!)], look, stop);
        }

        await FinishAsync(look, GuardedLook.Changes, stop);
    }

    private async Task ApplyOwnersAsync(string[]? fields, ZoneLook look, CancellationToken stop)
    {
        fields ??= await ChangedOwnersAsync(stop);
        foreach (var field in fields)
            if (DomainName.TryParse(field, out var zone) && !zone.IsRoot && !await IsUnchangedAsync(zone, stop)) await ReadZoneAsync(zone, look, stop);
    }

    /// <summary>Zones with an owner that are not served yet, and zones that are served and have none (any more).</summary>
    private async Task<string[]> ChangedOwnersAsync(CancellationToken stop)
    {
        var owned = new HashSet<string>(await ReadOwnersAsync(stop), StringComparer.OrdinalIgnoreCase);
        owned.SymmetricExceptWith(Zones.Zones.Select(zone => RedisSchema.OwnedField(zone.Name)));
        return [.. owned];
    }

    /// <summary>True when the zone is served and must be, or is not and must not be: then its records are as they were.</summary>
    private async Task<bool> IsUnchangedAsync(DomainName zone, CancellationToken stop) =>
        await ExistsAsync(zone, stop) == (Zones[zone] is not null);

    /// <summary>Reads some fields of a zone that is served, and replaces their names.</summary>
    private async Task ApplyFieldsAsync(Zone zone, string[] fields, ZoneLook look, CancellationToken stop)
    {
        look.Touch(zone.Name);
        var missing = false;
        foreach (var chunk in fields.Distinct(StringComparer.Ordinal).Chunk(PageSize))
        {
            var values = await ReadValuesAsync(RedisSchema.ZoneKey(zone.Name), chunk, stop);
            for (var i = 0; i < chunk.Length; i++)
            {
                missing |= values[i] is null;
                Replace(zone, chunk[i], values[i], look);
            }
        }

        // Redis deletes a hash with its last field.
        if (missing && !await ExistsAsync(zone.Name, stop)) look.Miss(zone);
    }

    private void Replace(Zone zone, string field, byte[]? value, ZoneLook look)
    {
        if (!RedisSchema.TryReadZoneField(field, zone.Name, out var name)) TellFault(zone.Name, field, "the field is no name");
        else if (value is not null) Put(zone, name, value);
        else if (zone.Has(name)) look.Miss(zone, [name]);
    }

    private void Put(Zone zone, DomainName name, byte[] value)
    {
        if (zone.Confirm(name, value)) return;
        var faults = new List<RedisSchema.RecordFault>();
        zone.Put(name, value, faults);
        foreach (var fault in faults) TellFault(zone.Name, name.ToString(), $"{fault.Type}: {fault.Reason}");
    }

    private void RemoveZone(DomainName zone)
    {
        _changed = true;
        Guard.Forget(zone.ToString());
        if (Zones.Remove(zone)) ZoneRemoved(_log, zone);
    }

    private void TellFault(DomainName zone, string name, string fault)
    {
        Metrics.CountFaults(1);
        RecordFault(_log, zone, name, fault);
    }

    [LoggerMessage(2101, LogLevel.Warning, "Zone {Zone}, name {Name}: not served as stored ({Fault}); what was served of it before still is")]
    private static partial void RecordFault(ILogger log, DomainName zone, string name, string fault);

    [LoggerMessage(2102, LogLevel.Information, "Zone {Zone} is served no more")]
    private static partial void ZoneRemoved(ILogger log, DomainName zone);
}

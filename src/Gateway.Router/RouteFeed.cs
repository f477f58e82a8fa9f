using System.Text;
using Gateway.Model;
using Gateway.Router.Routing;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Router;

/// <summary>
/// Keeps the route table as Redis says. A value that cannot be read keeps the host's last good route; a deleted one cuts the
/// host's running connections. Every state is saved to the last-known-good file, from which a start without Redis serves.
/// </summary>
public sealed class RouteFeed : IChangeReader, IDisposable
{
    /// <summary>Keys asked for in one command: enough to hide the round trip, few enough not to hold Redis up.</summary>
    private const int Batch = 1000;

    /// <summary>Time between two savings: a burst of changes is written once, and a crash loses little of a file that is a spare anyway.</summary>
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(5);

    private readonly RedisConnection? _redis;
    private readonly LastKnownGood? _lastKnownGood;
    private readonly StaticRoutes _static;
    private readonly TimeProvider _time;
    private readonly ILogger<RouteFeed> _log;
    private readonly SemaphoreSlim _unsaved = new(0, 1);
    private int _isUnsaved;
    private bool _isRead;

    /// <summary>Prepares the feed; nothing is read before <see cref="Restore"/> or the change feed's first comparison.</summary>
    /// <param name="redis">Null in a router that has static routes only.</param>
    /// <param name="lastKnownGood">Null: nothing is saved, and nothing restored.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where to tell.</param>
    /// <param name="operators">The operator's own routes; none when null.</param>
    public RouteFeed(RedisConnection? redis, LastKnownGood? lastKnownGood, TimeProvider time, ILogger<RouteFeed> log, StaticRoutes? operators = null)
    {
        _static = operators ?? StaticRoutes.None;
        (_redis, _lastKnownGood, _time, _log) = (redis, lastKnownGood, time, log);
        Guard = new ShrinkGuard("routes", redis, time, log);
    }

    /// <inheritdoc/>
    public string Name => "routes";

    /// <summary>How many hosts have a route.</summary>
    public int Count => Table.Count;

    /// <summary>When the routes that are served were saved; null once they were read from Redis, and when there was no file.</summary>
    public DateTimeOffset? ServedFromFile { get; private set; }

    /// <inheritdoc/>
    public bool IsHolding => Guard.Held > 0;

    /// <summary>Keeps routes that vanish all at once.</summary>
    public ShrinkGuard Guard { get; }

    internal RouteTable Table { get; } = new();

    internal RouterMetrics Metrics { get; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<string> Patterns => [RedisSchema.ServicePrefix + "*"];

    /// <inheritdoc/>
    public bool Concerns(string key) => key.StartsWith(RedisSchema.ServicePrefix, StringComparison.Ordinal);

    /// <summary>Serves the routes of the last-known-good file, until Redis can be read. Called once, before visitors are accepted.</summary>
    public void Restore()
    {
        if (_lastKnownGood is null || !_lastKnownGood.TryLoad(out var values, out var savedAt)) return;
        using var news = new RouteNews(_log);
        foreach (var value in values)
            if (!Guard.TryTakeMark(value) && RedisSchema.TryReadServiceKey(value.Key, out var host)) Take(host, value.Key, value.Value.Span, news);
        ServedFromFile = savedAt;
        RouterLog.ServingLastKnownGood(_log, Table.Count, savedAt);
    }

    /// <summary>
    /// Reads the operator's file, for the first time or again. A host that is no longer in it has the route of Redis, or none; a
    /// file that cannot be used changes nothing, and its faults are logged.
    /// </summary>
    public async Task ReloadAsync(CancellationToken stop)
    {
        var before = _static.ByHost;
        var faults = _static.Load();
        foreach (var fault in faults) RouterLog.StaticRoutesFault(_log, fault);
        if (faults.Count > 0) return;
        using var news = new RouteNews(_log);
        foreach (var route in _static.ByHost.Values)
            if (Table.Put(route)) news.Changed(route);
        await ReleaseAsync([.. before.Keys.Where(host => !IsStatic(host))], news, stop);
    }

    /// <inheritdoc/>
    public async Task ApplyAsync(IReadOnlyList<KeyChange> changes, CancellationToken stop)
    {
        if (_redis is null) return;
        using var news = new RouteNews(_log);
        var missing = new List<DomainName>();
        foreach (var batch in changes.Select(change => change.Key).Distinct(StringComparer.Ordinal).Chunk(Batch))
            await ReadAgainAsync(_redis.Commands, batch, missing, news, stop);
        await FinishAsync(missing, GuardedLook.Changes, news, stop);
    }

    /// <inheritdoc/>
    public async Task CompareAsync(CancellationToken stop)
    {
        if (_redis is null) return;
        using var news = new RouteNews(_log);
        await Guard.BeginComparisonAsync(stop);
        var (seen, missing) = (new HashSet<DomainName>(), new List<DomainName>());
        var redis = _redis.Commands;
        await foreach (var batch in RedisScan.KeysAsync(redis, RedisSchema.ServicePrefix, Batch, stop))
        {
            foreach (var key in batch)
                if (RedisSchema.TryReadServiceKey(key, out var host)) seen.Add(host);
            await ReadAgainAsync(redis, batch, missing, news, stop);
        }

        // Only a scan that reached its end proves that something is gone.
        missing.AddRange(Table.Routes.Select(route => route.Host).Where(host => !seen.Contains(host) && !IsStatic(host)));
        await FinishAsync(missing, GuardedLook.Everything, news, stop);
        ServedFromFile = null;
        // Even an empty table is worth a file: a start without Redis then knows that nothing was there.
        if (!_isRead) MarkUnsaved();
        _isRead = true;
    }

    /// <summary>Keeps the last-known-good file up to date until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _unsaved.WaitAsync(stop);
                Volatile.Write(ref _isUnsaved, 0);
                // Never cut short: a stop in the middle would leave the last changes in no file.
                await SaveAsync();
                await Task.Delay(SaveEvery, _time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            if (_unsaved.CurrentCount > 0) await SaveAsync();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _unsaved.Dispose();
        Metrics.Dispose();
    }

    /// <summary>Reads the hosts of these keys. Where several spellings of a host have a value, the canonical one counts.</summary>
    private async Task ReadAgainAsync(RedisCommands redis, IReadOnlyCollection<string> keys, List<DomainName> missing, RouteNews news, CancellationToken stop)
    {
        var hosts = new Dictionary<DomainName, string>();
        foreach (var key in keys)
            if (RedisSchema.TryReadServiceKey(key, out var host)) hosts.TryAdd(host, key);
        var places = hosts.Select(it => (Host: it.Key, Key: RedisSchema.ServiceKey(it.Key)))
            .Concat(hosts.Where(it => it.Value != RedisSchema.ServiceKey(it.Key)).Select(it => (Host: it.Key, Key: it.Value)))
            .ToArray();
        var values = await redis.StringGetAsync([.. places.Select(place => (RedisKey)place.Key)]).WaitAsync(stop);
        for (var i = 0; i < places.Length; i++)
        {
            var (host, key) = places[i];
            if (!values[i].IsNull && hosts.Remove(host)) Take(host, key, ((byte[])values[i]!).AsSpan(), news);
        }

        foreach (var (host, key) in hosts)
            if (await IsGoneAsync(redis, key, stop) && !IsStatic(host) && Table.TryGet(host, out _)) missing.Add(host);
    }

    private void Take(DomainName host, string key, ReadOnlySpan<byte> value, RouteNews news)
    {
        if (!RedisSchema.TryDecodeService(host, value, out var route, out var fault))
        {
            Metrics.Undecodable();
            RouterLog.RouteUndecodable(_log, key, fault);
            return;
        }

        if (IsStatic(host) || !Table.Put(route)) return;
        news.Changed(route);
        MarkUnsaved();
    }

    /// <summary>There is no string under the key: it was deleted, unless something of another type stands there, which is undecodable.</summary>
    private async Task<bool> IsGoneAsync(RedisCommands redis, string key, CancellationToken stop)
    {
        if (!await redis.KeyExistsAsync(key).WaitAsync(stop)) return true;
        Metrics.Undecodable();
        RouterLog.RouteUndecodable(_log, key, "it is no string");
        return false;
    }

    /// <summary>These hosts have left the operator's file; Redis may know them too.</summary>
    private async Task ReleaseAsync(DomainName[] hosts, RouteNews news, CancellationToken stop)
    {
        if (hosts.Length == 0) return;
        try
        {
            // What Redis does not know was the operator's alone, who has taken it out.
            var missing = _redis is null ? [.. hosts] : new List<DomainName>();
            if (_redis is not null) await ReadAgainAsync(_redis.Commands, [.. hosts.Select(RedisSchema.ServiceKey)], missing, news, stop);
            foreach (var host in missing) Delete(host, news);
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            // The next comparison, which follows when Redis is back, finds what it has for them.
            RouterLog.StaticRoutesFault(_log, $"Redis could not be asked about hosts that are no longer in it: {e.Message}");
        }
    }

    private bool IsStatic(DomainName host) => _static.ByHost.ContainsKey(host);

    /// <summary>Deletes what is missing in Redis and may go.</summary>
    private async Task FinishAsync(List<DomainName> missing, GuardedLook covers, RouteNews news, CancellationToken stop)
    {
        var departures = await Guard.JudgeAsync(covers, missing.Count, () => Table.Count - _static.ByHost.Count, Kept, stop);
        var kept = Kept(departures);
        foreach (var host in missing.Where(host => MayGo(host, departures))) Delete(host, news);
        Guard.End(covers, kept);

        int Kept(Departures under) => missing.Count(host => !MayGo(host, under));
    }

    private static bool MayGo(DomainName host, Departures departures) => departures.MayGo(new KeyChange(RedisSchema.ServiceKey(host), null));

    private void Delete(DomainName host, RouteNews news)
    {
        if (IsStatic(host) || !Table.Remove(host)) return;
        news.Deleted(host);
        MarkUnsaved();
    }

    private void MarkUnsaved()
    {
        if (Interlocked.Exchange(ref _isUnsaved, 1) == 0) _unsaved.Release();
    }

    private async Task SaveAsync()
    {
        if (_lastKnownGood is null) return;
        var values = Table.Routes.Where(route => !IsStatic(route.Host)).Select(RedisSchema.EncodeService).Select(it => new StoredValue(it.Key, null, Encoding.UTF8.GetBytes(it.Value))).Prepend(Guard.Mark);
        if (!await _lastKnownGood.SaveAsync(values, CancellationToken.None)) MarkUnsaved();
    }
}

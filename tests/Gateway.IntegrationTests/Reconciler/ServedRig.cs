using Gateway.Dns;
using Gateway.IntegrationTests.Dns;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Router;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>A reconciler with what it writes for: zones and routes that follow the same Redis.</summary>
internal sealed class ServedRig : IAsyncDisposable
{
    private readonly RedisConnection _redis;
    private readonly RunningFeed _feed;

    private ServedRig(FakeExplorer explorer, RedisConnection redis, KeptLog log)
    {
        _redis = redis;
        Log = log;
        Rig = Rig.Start(explorer, redis, ownsRedis: false);
        Zones = new ZoneFeed(redis, RunningNameServer.Options(), null, TimeProvider.System, log);
        Routes = new RouteFeed(redis, null, TimeProvider.System, new Logger<RouteFeed>(log));
        _feed = new RunningFeed(redis, log, RunningFeed.NoRoutine, Zones, Routes, Rig.Loop.Doorbell);
    }

    public Rig Rig { get; }

    public ZoneFeed Zones { get; }

    public RouteFeed Routes { get; }

    public ChangeFeed Feed => _feed.Feed;

    public RedisConnection Connection => _redis;

    /// <summary>What the readers and the connection say; the reconciler's is in <see cref="Rig.Log"/>.</summary>
    public KeptLog Log { get; }

    public static async Task<ServedRig> StartAsync(RedisEndpoint endpoint, FakeExplorer explorer)
    {
        var log = new KeptLog();
        var redis = RedisConnection.Open(endpoint, TimeProvider.System, log);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await redis.WaitConnectedAsync(deadline.Token);
        var rig = new ServedRig(explorer, redis, log);
        await Eventually.TrueAsync(() => rig.Feed.IsCurrent && rig.Rig.Loop.Status.IsLoaded, "everything has begun");
        return rig;
    }

    /// <summary>True when the name server has the name.</summary>
    public bool Answers(string name) => Zones.Zones[DomainName.Parse("gw.example.com")]?.Has(DomainName.Parse(name)) is true;

    /// <summary>True when visitors of the host go somewhere.</summary>
    public bool IsRouted(string host) => Routes.Table.Find(DomainName.Parse(host)) is not null;

    /// <summary>Reserves a name and a proxy for it, and waits until both are served.</summary>
    public async Task ReserveAsync(string name)
    {
        Rig.Explorer.Add(Rig.Subdomain(7, name, "203.0.113.10"));
        Rig.Explorer.Add(Rig.Proxy(7, name));
        await ServedAsync(name);
    }

    public Task ServedAsync(string name) => Eventually.TrueAsync(() => Answers(name) && IsRouted(name), $"{name} is answered and routed");

    /// <summary>True when a log line of anybody holds all of these.</summary>
    public bool Says(params string[] words) => Log.Lines.Concat(Rig.Log.Lines).Any(line => words.All(word => line.Contains(word, StringComparison.Ordinal)));

    public async ValueTask DisposeAsync()
    {
        await Rig.DisposeAsync();
        await _feed.DisposeAsync();
        Routes.Dispose();
        await _redis.DisposeAsync();
        Assert.DoesNotContain(Log.Lines, line => line.Contains("is served no more", StringComparison.Ordinal));
    }
}

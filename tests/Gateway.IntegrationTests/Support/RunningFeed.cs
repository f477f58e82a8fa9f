using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.IntegrationTests.Support;

/// <summary>A change feed that runs until it is disposed of.</summary>
public sealed class RunningFeed : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public RunningFeed(RedisConnection redis, KeptLog log, ChangeFeedOptions options, params IReadOnlyList<IChangeReader> readers)
        : this(redis, log, options, fence: null, readers)
    {
    }

    public RunningFeed(RedisConnection redis, KeptLog log, ChangeFeedOptions options, LastKnownGood? fence, params IReadOnlyList<IChangeReader> readers)
    {
        Feed = new ChangeFeed(redis, readers, options, TimeProvider.System, new Logger<ChangeFeed>(log), fence);
        _running = Feed.RunAsync(_stop.Token);
    }

    public ChangeFeed Feed { get; }

    /// <summary>Options under which no routine comparison hides a missed change.</summary>
    public static ChangeFeedOptions NoRoutine => new() { CompareEvery = TimeSpan.FromHours(10), CompareWhileHolding = TimeSpan.FromMilliseconds(100) };

    public static async Task<RunningFeed> StartAsync(RedisConnection redis, params IReadOnlyList<IChangeReader> readers)
    {
        var feed = new RunningFeed(redis, new KeptLog(), NoRoutine, readers);
        await Eventually.TrueAsync(() => feed.Feed.IsCurrent, "the feed is current");
        return feed;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}

using Gateway.Dns;
using Gateway.IntegrationTests.Dns;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Store;

/// <summary>Redis loses what it held: what is served stays, until somebody who may says otherwise.</summary>
[Trait("adv", "R3")]
public sealed class RedisLossTests(RedisFixture fixture) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private static readonly DomainName Zone = DomainName.Parse("gw.test");

    private readonly KeptLog _log = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-loss-").FullName;
    private RedisConnection _redis = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await fixture.FlushAsync();
        _redis = await fixture.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
        _log.Dispose();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(40)]
    public async Task An_emptied_Redis_empties_neither_zones_nor_routes_and_what_comes_back_is_followed_again(int count)
    {
        await FillAsync(count);
        await using var served = await ServeAsync();
        await _redis.Database.ExecuteAsync("FLUSHALL");
        await Eventually.TrueAsync(() => served.Zones.IsHolding && served.Routes.IsHolding, "the loss is noticed without any write");
        // The zone, its names, and one for the table's own count of the zone itself.
        Assert.Equal(count + 1, served.Zones.Guard.Held);
        Assert.Equal(count, served.Routes.Guard.Held);
        Assert.Contains(_log.Lines, line => line.StartsWith("Error:", StringComparison.Ordinal) && line.Contains("gone from Redis at once", StringComparison.Ordinal));
        Assert.Equal((1, count), (served.Zones.ZoneCount, served.Routes.Count));

        await FillAsync(count - 1);
        await Eventually.TrueAsync(() => served.Zones.Guard.Held == 1 && served.Routes.Guard.Held == 1, "what is back is no longer held, and what is not, is");
        Assert.Equal(count, served.Routes.Count);
        await FillAsync(count);
        await Eventually.TrueAsync(() => !served.Zones.IsHolding && !served.Routes.IsHolding, "all is back");
        Assert.Contains(_log.Lines, line => line.Contains("Redis has all names again", StringComparison.Ordinal));
        await DropRouteAsync(0);
        await Eventually.TrueAsync(() => served.Routes.Count == count - 1, "single deletions are followed as ever");
    }

    [Fact]
    public async Task What_our_own_writer_deletes_goes_at_once_however_much_it_is()
    {
        await FillAsync(60);
        await using var served = await ServeAsync();
        var writer = new LedgerWriter(_redis, TimeProvider.System);
        await writer.WriteAsync(
            [
                new LedgerWrite.DeleteKey(RedisSchema.ZoneKey(Zone)),
                new LedgerWrite.DeleteField(RedisSchema.ZoneOwnersKey, RedisSchema.OwnedField(Zone)),
                .. Enumerable.Range(0, 60).Select(i => new LedgerWrite.DeleteKey(RedisSchema.ServiceKey(Host(i)))),
            ],
            LedgerWriter.NoFence,
            Stop);
        await Eventually.TrueAsync(() => served.Zones.ZoneCount == 0 && served.Routes.Count == 0, "all of it is gone");
        Assert.False(served.Zones.IsHolding || served.Routes.IsHolding);
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith("Error:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Much_that_somebody_else_deletes_at_once_is_held_and_little_is_not()
    {
        await FillAsync(60);
        await using var served = await ServeAsync();
        await _redis.Database.HashDeleteAsync(RedisSchema.ZoneKey(Zone), [.. Enumerable.Range(0, 10).Select(i => (StackExchange.Redis.RedisValue)$"h{i}")]);
        await Eventually.TrueAsync(() => Answers(served, 9) == 0, "ten of sixty are gone");
        await _redis.Database.HashDeleteAsync(RedisSchema.ZoneKey(Zone), [.. Enumerable.Range(10, 30).Select(i => (StackExchange.Redis.RedisValue)$"h{i}")]);
        await Eventually.TrueAsync(() => served.Zones.Guard.Held == 30, "thirty of fifty are held");
        Assert.Equal(1, Answers(served, 15));
    }

    [Fact]
    public async Task The_operator_accepts_a_loss_and_it_is_served_no_more()
    {
        await FillAsync(20);
        await using var served = await ServeAsync();
        Assert.Equal(0, served.Zones.Guard.Accept());
        await _redis.Database.ExecuteAsync("FLUSHALL");
        await Eventually.TrueAsync(() => served.Zones.IsHolding && served.Routes.IsHolding, "both are held");
        Assert.Equal(21, served.Zones.Guard.Accept());
        Assert.Equal(20, served.Routes.Guard.Accept());
        served.Feed.CompareSoon();
        await Eventually.TrueAsync(() => served.Zones.ZoneCount == 0 && served.Routes.Count == 0, "the operator's word counts");
        await FillAsync(20);
        await Eventually.TrueAsync(() => served.Routes.Count == 20, "they come again");
        await _redis.Database.ExecuteAsync("FLUSHALL");
        await Eventually.TrueAsync(() => served.Routes.Guard.Held == 20, "the word counted once");
    }

    [Fact]
    public async Task A_start_with_an_emptied_Redis_serves_the_last_good_files_and_keeps_them()
    {
        await FillAsync(5);
        await using (await ServeAsync()) await SavedAsync();
        var before = await File.ReadAllBytesAsync(PathOf("routes"), Stop);
        await _redis.Database.ExecuteAsync("FLUSHALL");
        await using var served = await ServeAsync();
        await Eventually.TrueAsync(() => served.Zones.IsHolding && served.Routes.IsHolding, "what the files hold is missing in Redis");
        Assert.Equal((1, 5), (served.Zones.ZoneCount, served.Routes.Count));
        Assert.Equal(1, Answers(served, 3));
        Assert.Equal(before.Length, (await File.ReadAllBytesAsync(PathOf("routes"), Stop)).Length);
    }

    [Fact]
    public async Task What_was_deleted_while_the_node_was_away_is_gone_when_the_ledger_says_so()
    {
        await FillAsync(30);
        await using (await ServeAsync()) await SavedAsync();
        var writer = new LedgerWriter(_redis, TimeProvider.System);
        await writer.WriteAsync([.. Enumerable.Range(0, 25).Select(i => new LedgerWrite.DeleteKey(RedisSchema.ServiceKey(Host(i))))], LedgerWriter.NoFence, Stop);
        await DropRouteAsync(29);
        await using var served = await ServeAsync();
        await Eventually.TrueAsync(() => served.Routes.Count == 4, "25 are explained, and one is few");
        Assert.False(served.Routes.IsHolding);
    }

    [Fact]
    public async Task What_its_user_deletes_while_a_loss_is_held_goes_at_once()
    {
        await FillAsync(40);
        await using var served = await ServeAsync();
        await _redis.Database.ExecuteAsync("FLUSHALL");
        await Eventually.TrueAsync(() => served.Zones.IsHolding && served.Routes.IsHolding, "both are held");
        // Numbers of the ledger begin again, and are lower than those that were seen.
        await FillAsync(10);
        await Eventually.TrueAsync(() => served.Routes.Guard.Held == 30, "ten are back");
        var writer = new LedgerWriter(_redis, TimeProvider.System);
        await writer.WriteAsync([new LedgerWrite.DeleteKey(RedisSchema.ServiceKey(Host(3))), new LedgerWrite.DeleteField(RedisSchema.ZoneKey(Zone), "h3")], LedgerWriter.NoFence, Stop);
        await Eventually.TrueAsync(() => served.Routes.Table.Find(Host(3)) is null && Answers(served, 3) == 0, "what was deleted is gone");
        Assert.Equal((30, 30), (served.Routes.Guard.Held, served.Zones.Guard.Held));
        Assert.Equal(39, served.Routes.Count);
    }

    [Fact]
    public async Task A_start_on_an_older_Redis_keeps_the_files_until_a_writer_has_caught_up()
    {
        await FillAsync(30);
        await FenceAsync(1_000);
        await using (await ServeAsync())
        {
            await SavedAsync();
            await Eventually.TrueAsync(() => File.Exists(PathOf("fence")), "the number is kept");
        }

        // The backup: one route that was deleted since, and a lower number.
        await FenceAsync(999);
        await _redis.Database.StringSetAsync(RedisSchema.ServiceKey(Host(99)), RedisSchema.EncodeService(new Route(Host(99), new Target.Dial("192.0.2.1", 80, 443), "7")).Value);
        await using var served = Serve();
        await Eventually.TrueAsync(() => served.Feed.ShowsOlderState, "the older state is noticed");
        Assert.Equal(30, served.Routes.Count);
        await FenceAsync(1_001);
        await Eventually.TrueAsync(() => served.Feed.IsCurrent && served.Routes.Count == 31, "a writer took a higher number, and is followed");
    }

    private async Task FenceAsync(long number) => await _redis.Database.StringSetAsync(RedisSchema.FenceKey, number);

    private async Task FillAsync(int count)
    {
        var writer = new LedgerWriter(_redis, TimeProvider.System);
        var writes = new List<LedgerWrite> { new LedgerWrite.SetField(RedisSchema.ZoneOwnersKey, RedisSchema.OwnedField(Zone), RedisSchema.EncodeZoneOwner("7")) };
        for (var i = 0; i < count; i++)
        {
            writes.Add(new LedgerWrite.SetField(RedisSchema.ZoneKey(Zone), $"h{i}", """{"a":[{"ip":"192.0.2.1","ttl":60}]}"""));
            var (key, value) = RedisSchema.EncodeService(new Route(Host(i), new Target.Dial("192.0.2.1", 80, 443), "7"));
            writes.Add(new LedgerWrite.SetString(key, value));
        }

        Assert.IsType<WriteOutcome.Written>(await writer.WriteAsync(writes, LedgerWriter.NoFence, Stop));
    }

    private async Task DropRouteAsync(int i) => await _redis.Database.KeyDeleteAsync(RedisSchema.ServiceKey(Host(i)));

    private async Task<Served> ServeAsync()
    {
        var served = Serve();
        await Eventually.TrueAsync(() => served.Feed.IsCurrent, "the feed is current");
        return served;
    }

    private Served Serve()
    {
        var zones = new ZoneFeed(_redis, RunningNameServer.Options(), new LastKnownGood(PathOf("zones"), NullLogger.Instance), TimeProvider.System, _log);
        var routes = new RouteFeed(_redis, new LastKnownGood(PathOf("routes"), NullLogger.Instance), TimeProvider.System, new Logger<RouteFeed>(_log));
        routes.Restore();
        return new Served(zones, routes, new RunningFeed(_redis, _log, RunningFeed.NoRoutine, new LastKnownGood(PathOf("fence"), NullLogger.Instance), zones, routes));
    }

    private Task SavedAsync() => Eventually.TrueAsync(() => File.Exists(PathOf("routes")), "the routes are saved");

    private static int Answers(Served served, int i) => served.Zones.Zones[Zone]!.Has(Host(i)) ? 1 : 0;

    private string PathOf(string name) => Path.Combine(_directory, name + ".lkg");

    private static DomainName Host(int i) => DomainName.Parse($"h{i}.gw.test");

    /// <summary>Zones and routes that follow Redis and save their files until they are disposed of.</summary>
    private sealed class Served : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly RunningFeed _feed;
        private readonly Task _saving;

        public Served(ZoneFeed zones, RouteFeed routes, RunningFeed feed)
        {
            (Zones, Routes, _feed) = (zones, routes, feed);
            _saving = Task.WhenAll(zones.MaintainAsync(_stop.Token), routes.RunAsync(_stop.Token));
        }

        public ZoneFeed Zones { get; }

        public RouteFeed Routes { get; }

        public ChangeFeed Feed => _feed.Feed;

        public async ValueTask DisposeAsync()
        {
            await _feed.DisposeAsync();
            await _stop.CancelAsync();
            await _saving;
            Routes.Dispose();
            _stop.Dispose();
        }
    }
}

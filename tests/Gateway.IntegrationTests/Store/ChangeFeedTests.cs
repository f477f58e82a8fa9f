using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Store;
using Xunit;

namespace Gateway.IntegrationTests.Store;

public sealed class ChangeFeedTests(RedisFixture fixture) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private RedisConnection _redis = null!;
    private LedgerWriter _writer = null!;
    private MirrorReader _mirror = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await fixture.FlushAsync();
        _redis = await fixture.ConnectAsync();
        _writer = new LedgerWriter(_redis, TimeProvider.System);
        _mirror = new MirrorReader(() => _redis.Database, "m:");
    }

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task Our_own_write_arrives_as_the_field_that_changed_and_as_nothing_else()
    {
        await using var feed = await RunningFeed.StartAsync(_redis, _mirror);
        await _writer.WriteAsync([new LedgerWrite.SetField("m:zone", "www", "1"), new LedgerWrite.SetString("m:s", "2"), new LedgerWrite.SetField("other", "f", "v")], LedgerWriter.NoFence, Stop);
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "the mirror has it");
        await _writer.WriteAsync([new LedgerWrite.DeleteField("m:zone", "www")], LedgerWriter.NoFence, Stop);
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "the mirror has lost it");
        // A later foreign write has to be all that follows: whatever was to come of ours has come then.
        await _redis.Database.StringSetAsync("m:last", "x");
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "the mirror has the last");
        Assert.Equal([new("m:zone", "www"), new("m:s", null), new("m:zone", "www"), new("m:last", null)], _mirror.Changes);
        Assert.Equal(1, _mirror.Compared);
        Assert.Equal(3, feed.Feed.Sequence - 1);
    }

    [Fact]
    public async Task A_write_with_redis_cli_is_seen_and_a_burst_of_them_is_read_once_or_so()
    {
        await using var feed = await RunningFeed.StartAsync(_redis, _mirror);
        Assert.Equal("1", await RedisCli.RunAsync(fixture.Endpoint, "HSET", "m:zone", "www", "1"));
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "the mirror has it");
        Assert.Equal([new("m:zone", null)], _mirror.Changes);
        await RedisCli.RunAsync(fixture.Endpoint, "EVAL", "for i = 1, 500 do redis.call('HSET', 'm:zone', i, i) end", "0");
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "the mirror has all of them");
        Assert.InRange(_mirror.Changes.Count, 2, 10);
        Assert.NotNull(feed.Feed.LastEvent);
        await RedisCli.RunAsync(fixture.Endpoint, "DEL", "m:zone");
        await Eventually.TrueAsync(() => _mirror.Copy.IsEmpty, "the mirror has lost it");
        Assert.Equal(1, _mirror.Compared);
    }

    [Fact]
    public async Task A_rename_an_expiry_and_a_copy_by_others_are_followed()
    {
        await using var feed = await RunningFeed.StartAsync(_redis, _mirror);
        await RedisCli.RunAsync(fixture.Endpoint, "HSET", "m:a", "f", "v");
        await RedisCli.RunAsync(fixture.Endpoint, "RENAME", "m:a", "m:b");
        await RedisCli.RunAsync(fixture.Endpoint, "COPY", "m:b", "m:c");
        await RedisCli.RunAsync(fixture.Endpoint, "PEXPIRE", "m:b", "20");
        await Eventually.TrueAsync(() => _mirror.Copy.Keys.SequenceEqual(["m:c"]), "only the copy is left");
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task Ten_thousand_writes_of_ours_and_of_others_leave_an_equal_mirror_without_any_comparison()
    {
        await using var feed = await RunningFeed.StartAsync(_redis, _mirror);
        await using var foreign = await fixture.ConnectAsync();
        await Task.WhenAll(
            OursAsync(new Random(1), batches: 1000, size: 8),
            OursAsync(new Random(2), batches: 2000, size: 1),
            OthersAsync(foreign, new Random(3), 2000));
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "the mirror is equal");
        Assert.Equal(1, _mirror.Compared);
        Assert.False(_mirror.WasCalledTwiceAtOnce);

        // And after a reconnection, during which others went on writing.
        await RedisCli.RunAsync(fixture.Endpoint, "CLIENT", "KILL", "TYPE", "pubsub");
        await OthersAsync(foreign, new Random(4), 500);
        await Eventually.TrueAsync(async () => feed.Feed.IsCurrent && _mirror.Compared >= 2 && await _mirror.IsEqualToRedisAsync(), "the mirror is equal again");
    }

    [Fact]
    [Trait("adv", "R7")]
    public async Task Redis_killed_in_the_middle_of_writes_costs_no_change()
    {
        await using var feed = await RunningFeed.StartAsync(_redis, _mirror);
        using var enough = new CancellationTokenSource();
        var writing = KeepWritingAsync(enough.Token);
        for (var kill = 1; kill <= 4; kill++)
        {
            var compared = _mirror.Compared;
            var applied = _mirror.Applied;
            await Eventually.TrueAsync(() => _mirror.Applied > applied + 5 && fixture.Redis.ProcessId is not null, "changes flow");
            using (var victim = System.Diagnostics.Process.GetProcessById(fixture.Redis.ProcessId!.Value)) victim.Kill();
            await Eventually.TrueAsync(() => _mirror.Compared > compared && feed.Feed.IsCurrent, "it is current again");
        }

        await enough.CancelAsync();
        await writing;
        await Eventually.TrueAsync(async () => _redis.IsConnected && await _mirror.IsEqualToRedisAsync(), "the mirror is equal");
        Assert.False(_mirror.WasCalledTwiceAtOnce);
    }

    [Fact]
    public async Task A_gap_in_the_ledger_makes_every_reader_compare()
    {
        await using var feed = await RunningFeed.StartAsync(_redis, _mirror);
        await _writer.WriteAsync([new LedgerWrite.SetField("m:zone", "a", "1")], LedgerWriter.NoFence, Stop);
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "the mirror has it");
        await _redis.Database.StringIncrementAsync(RedisSchema.LedgerSequenceKey, 5);
        await _writer.WriteAsync([new LedgerWrite.SetField("m:zone", "b", "1")], LedgerWriter.NoFence, Stop);
        await Eventually.TrueAsync(async () => _mirror.Compared == 2 && await _mirror.IsEqualToRedisAsync(), "it compared");
        await _redis.Database.ExecuteAsync("XADD", RedisSchema.LedgerKey, "*", "what", "is this");
        await Eventually.TrueAsync(() => _mirror.Compared == 3, "it compared after a line that nobody can read");
    }

    [Fact]
    public async Task A_lying_entry_swallows_no_foreign_write_for_long()
    {
        await using var feed = await RunningFeed.StartAsync(_redis, _mirror);
        await _writer.WriteAsync([new LedgerWrite.SetField("m:zone", "a", "1")], LedgerWriter.NoFence, Stop);
        // It promises three events and raises none.
        await _redis.Database.ScriptEvaluateAsync($"redis.call('XADD', '{RedisSchema.LedgerKey}', '*', 'n', redis.call('INCR', '{RedisSchema.LedgerSequenceKey}'), 'k', 'm:zone', 'f', 'b', 'e', 3)");
        await _redis.Database.HashSetAsync("m:zone", "c", "1");
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "the foreign write is seen");
        Assert.Equal(1, _mirror.Compared);
    }

    [Fact]
    public async Task A_reader_that_fails_compares_until_it_succeeds_and_the_others_go_on()
    {
        var failures = 3;
        var other = new MirrorReader(() => _redis.Database, "n:");
        _mirror.BeforeCompare = () => failures-- > 0 ? throw new InvalidOperationException("a bug") : Task.CompletedTask;
        await using var feed = new RunningFeed(_redis, new KeptLog(), RunningFeed.NoRoutine, _mirror, other);
        await Eventually.TrueAsync(() => other.Compared == 1, "the other has compared");
        await _redis.Database.HashSetAsync("n:zone", "a", "1");
        await Eventually.TrueAsync(other.IsEqualToRedisAsync, "the other goes on");
        await Eventually.TrueAsync(() => _mirror.Compared == 1 && feed.Feed.IsCurrent, "the failing one succeeds in the end");
        _mirror.BeforeApply = () => throw new TimeoutException("no answer");
        await _redis.Database.HashSetAsync("m:zone", "a", "1");
        await Eventually.TrueAsync(async () => _mirror.Compared >= 2 && await _mirror.IsEqualToRedisAsync(), "a failed application is made good by a comparison");
    }

    [Fact]
    public async Task A_long_comparison_holds_up_no_other_reader_and_loses_nothing_of_its_own()
    {
        var (begun, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        var other = new MirrorReader(() => _redis.Database, "n:");
        await using var feed = new RunningFeed(_redis, new KeptLog(), new ChangeFeedOptions { CompareEvery = TimeSpan.FromMilliseconds(1) }, _mirror, other);
        await Eventually.TrueAsync(() => feed.Feed.IsCurrent, "both are current");
        _mirror.BeforeCompare = () =>
        {
            begun.TrySetResult();
            return gate.Task;
        };
        await begun.Task.WaitAsync(Deadline.Generous);
        await _redis.Database.HashSetAsync("m:zone", "a", "1");
        await _redis.Database.HashSetAsync("n:zone", "a", "1");
        await Eventually.TrueAsync(other.IsEqualToRedisAsync, "the other one is served meanwhile");
        Assert.True(feed.Feed.IsCurrent);
        gate.SetResult();
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "what came meanwhile is there too");
        Assert.False(_mirror.WasCalledTwiceAtOnce);
    }

    [Fact]
    public async Task Readers_compare_one_at_a_time()
    {
        var (inside, most) = (0, 0);
        MirrorReader[] readers = [.. Enumerable.Range(0, 6).Select(i => new MirrorReader(() => _redis.Database, $"r{i}:") { BeforeCompare = CompareAsync })];
        await using var feed = new RunningFeed(_redis, new KeptLog(), new ChangeFeedOptions { CompareEvery = TimeSpan.FromMilliseconds(1) }, readers);
        await Eventually.TrueAsync(() => readers.All(reader => reader.Compared >= 2), "all have compared, again and again");
        Assert.Equal(1, most);

        async Task CompareAsync()
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            for (var i = 0; i < 10; i++) await _redis.Database.PingAsync();
            Interlocked.Decrement(ref inside);
        }
    }

    [Fact]
    public async Task Before_its_first_comparison_a_reader_is_shown_nothing()
    {
        var gate = new TaskCompletionSource();
        _mirror.BeforeCompare = () => gate.Task;
        await using var feed = new RunningFeed(_redis, new KeptLog(), RunningFeed.NoRoutine, _mirror);
        await Eventually.TrueAsync(() => feed.Feed.Behind is ["m:"], "it is behind");
        await _redis.Database.HashSetAsync("m:zone", "a", "1");
        await _writer.WriteAsync([new LedgerWrite.SetField("m:zone", "b", "1")], LedgerWriter.NoFence, Stop);
        await Eventually.TrueAsync(() => feed.Feed.Sequence > 0, "the feed has read the entry");
        Assert.Equal(0, _mirror.Applied);
        Assert.False(feed.Feed.IsCurrent);
        gate.SetResult();
        await Eventually.TrueAsync(_mirror.IsEqualToRedisAsync, "then it has everything");
    }

    [Fact]
    public async Task Without_keyspace_events_our_own_writes_arrive_all_the_same()
    {
        await using var server = await ForeignRedis.StartAsync("rename-command CONFIG \"\"");
        await using var redis = RedisConnection.Open(server.Endpoint(), TimeProvider.System, new KeptLog());
        await redis.WaitConnectedAsync(Deadline.Generous);
        Assert.NotNull(redis.EventsFault);
        var mirror = new MirrorReader(() => redis.Database, "m:");
        await using var feed = await RunningFeed.StartAsync(redis, mirror);
        await new LedgerWriter(redis, TimeProvider.System).WriteAsync([new LedgerWrite.SetField("m:zone", "a", "1")], LedgerWriter.NoFence, Stop);
        await Eventually.TrueAsync(mirror.IsEqualToRedisAsync, "the mirror has it");
        Assert.Equal([new("m:zone", "a")], mirror.Changes);
    }

    private async Task OursAsync(Random random, int batches, int size)
    {
        for (var batch = 0; batch < batches; batch++)
            Assert.IsType<WriteOutcome.Written>(await _writer.WriteAsync([.. Enumerable.Range(0, size).Select(_ => RandomWrites.Next(random, "m:"))], LedgerWriter.NoFence, Stop));
    }

    private static async Task OthersAsync(RedisConnection redis, Random random, int count)
    {
        for (var i = 0; i < count; i++) await RandomWrites.ForeignAsync(redis.Database, random, "m:");
    }

    private async Task KeepWritingAsync(CancellationToken enough)
    {
        var random = new Random(5);
        while (!enough.IsCancellationRequested)
        {
            try
            {
                await _writer.WriteAsync([RandomWrites.Next(random, "m:"), RandomWrites.Next(random, "m:")], LedgerWriter.NoFence, Stop);
                await RandomWrites.ForeignAsync(_redis.Database, random, "m:");
            }
            catch (Exception e) when (RedisFaults.IsRedis(e))
            {
                await Task.Yield();
            }
        }
    }
}

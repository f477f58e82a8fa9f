using System.Diagnostics;
using System.Globalization;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Store;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Store;

public sealed class LedgerWriterTests(RedisFixture fixture) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private RedisConnection _redis = null!;
    private LedgerWriter _writer = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private IDatabase Database => _redis.Database;

    public async ValueTask InitializeAsync()
    {
        await fixture.FlushAsync();
        _redis = await fixture.ConnectAsync();
        _writer = new LedgerWriter(_redis, TimeProvider.System);
    }

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task A_batch_is_written_with_one_entry_for_each_change_in_order()
    {
        await Database.StringSetAsync("gone", "x");
        var outcome = await WriteAsync(
            new LedgerWrite.SetField("zone", "a.test", "{}"),
            new LedgerWrite.SetString("s", "1"),
            new LedgerWrite.DeleteKey("gone"),
            new LedgerWrite.DeleteKey("never there"),
            new LedgerWrite.DeleteField("zone", "never there"),
            new LedgerWrite.DeleteField("zone", "a.test"));
        Assert.Equal(new WriteOutcome.Written(4), outcome);
        Assert.Equal(
            [new(1, "zone", "a.test", 1), new(2, "s", null, 1), new(3, "gone", null, 1, IsDeletion: true), new(4, "zone", "a.test", 2, IsDeletion: true)],
            await LedgerAsync());
        Assert.False(await Database.KeyExistsAsync("zone"));
        Assert.Equal("1", await Database.StringGetAsync("s"));
    }

    [Fact]
    public async Task Books_that_nobody_follows_get_one_entry_for_each_script()
    {
        var outcome = await WriteAsync(
            new LedgerWrite.SetField(RedisSchema.OutboxKey, "1-1", "{}"),
            new LedgerWrite.SetField("zone", "a.test", "{}"),
            new LedgerWrite.SetField(RedisSchema.OutboxKey, "2-1", "{}"),
            new LedgerWrite.SetField(RedisSchema.NameOwnersKey, "a.test", "7"),
            new LedgerWrite.SetField("zone", "b.test", "{}"),
            new LedgerWrite.DeleteField(RedisSchema.OutboxKey, "1-1"));
        Assert.Equal(new WriteOutcome.Written(3), outcome);
        Assert.Equal(new WriteOutcome.Written(3), await WriteAsync(new LedgerWrite.DeleteField(RedisSchema.OutboxKey, "never there")));
        Assert.Equal(new WriteOutcome.Written(4), await WriteAsync(new LedgerWrite.DeleteField(RedisSchema.OutboxKey, "2-1")));
        Assert.Equal(
            [new(1, RedisSchema.OutboxKey, null, 2), new(2, "zone", "a.test", 1), new(2, "zone", "b.test", 0), new(3, RedisSchema.NameOwnersKey, null, 1), new(4, RedisSchema.OutboxKey, null, 2)],
            await LedgerAsync());
    }

    [Fact]
    public async Task Fields_and_strings_that_are_set_together_are_written_in_few_commands()
    {
        var fields = Enumerable.Range(0, 1_500).Select(i => new LedgerWrite.SetField("h.", $"f{i}", $"{i}"));
        var strings = Enumerable.Range(0, 1_500).Select(i => new LedgerWrite.SetString($"s{i}", $"{i}"));
        var each = (int)Math.Ceiling(1_500.0 / RedisSchema.LedgerGroup);
        var outcome = Assert.IsType<WriteOutcome.Written>(await WriteAsync([.. fields.Zip<LedgerWrite, LedgerWrite>(strings).SelectMany(it => new[] { it.First, it.Second })]));
        Assert.InRange(outcome.Sequence, 2 * each, 2 * (each + 3));
        Assert.Equal(1_500, await Database.HashLengthAsync("h."));
        Assert.Equal("1499", await Database.HashGetAsync("h.", "f1499"));
        Assert.Equal("1499", await Database.StringGetAsync("s1499"));
        var entries = await LedgerAsync();
        Assert.Equal(Enumerable.Range(0, 1_500).Select(i => $"f{i}"), entries.Where(it => it.Key == "h.").Select(it => it.Field!));
        Assert.InRange(entries.Where(it => it.Key == "h.").Sum(it => it.Events), 2, 10);
        Assert.Equal(Enumerable.Range(0, 1_500).Select(i => new { Key = $"s{i}", Events = 1 }), entries.Where(it => it.Key != "h.").Select(it => new { it.Key, it.Events }));
    }

    [Fact]
    public async Task The_last_word_about_a_place_counts_within_a_batch()
    {
        await WriteAsync(
            new LedgerWrite.SetField("a", "f", "1"), new LedgerWrite.DeleteField("a", "f"), new LedgerWrite.SetField("a", "f", "2"),
            new LedgerWrite.SetField("b", "f", "1"), new LedgerWrite.DeleteKey("b"), new LedgerWrite.SetString("b", "2"),
            new LedgerWrite.SetString("c", "1"), new LedgerWrite.DeleteKey("c"),
            new LedgerWrite.SetField("d", "f", "1"), new LedgerWrite.SetString("d", "2"));
        Assert.Equal("2", await Database.HashGetAsync("a", "f"));
        Assert.Equal("2", await Database.StringGetAsync("b"));
        Assert.False(await Database.KeyExistsAsync("c"));
        Assert.Equal("2", await Database.StringGetAsync("d"));
    }

    [Fact]
    public async Task Every_entry_counts_exactly_the_events_that_redis_raised()
    {
        var raised = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        await _redis.Subscriber.SubscribeAsync(
            new RedisChannel("__keyspace@0__:e:*", RedisChannel.PatternMode.Pattern),
            (channel, _) => raised.AddOrUpdate(((string)channel!).Split("__:")[1], 1, static (_, count) => count + 1));
        var random = new Random(7);
        for (var batch = 0; batch < 200; batch++) await WriteAsync([.. Enumerable.Range(0, 10).Select(_ => RandomWrites.Next(random, "e:"))]);
        var counted = (await LedgerAsync()).GroupBy(entry => entry.Key).ToDictionary(group => group.Key, group => group.Sum(entry => entry.Events));
        await Eventually.TrueAsync(() => counted.All(pair => raised.GetValueOrDefault(pair.Key) == pair.Value), "the events are as many as the entries say");
        await Database.StringSetAsync("e:last", "x");
        await Eventually.TrueAsync(() => raised.ContainsKey("e:last"), "all events have come");
        Assert.Equal(counted.Values.Sum() + 1, raised.Values.Sum());
    }

    [Fact]
    [Trait("adv", "R2")]
    public async Task A_writer_with_an_older_fence_changes_nothing()
    {
        var old = await TakeFenceAsync();
        var young = await TakeFenceAsync();
        Assert.Equal(new WriteOutcome.Fenced(young), await _writer.WriteAsync([new LedgerWrite.SetString("s", "old")], old, Stop));
        Assert.Equal(new WriteOutcome.Written(1), await _writer.WriteAsync([new LedgerWrite.SetString("s", "young")], young, Stop));
        Assert.Equal(new WriteOutcome.Written(2), await _writer.WriteAsync([new LedgerWrite.SetString("t", "free")], LedgerWriter.NoFence, Stop));
        Assert.Equal("young", await Database.StringGetAsync("s"));
        Assert.Equal(2, (await LedgerAsync()).Count);
    }

    [Fact]
    [Trait("adv", "R2")]
    public async Task A_fence_that_redis_has_forgotten_holds_again_after_its_first_write()
    {
        var (old, young) = (await TakeFenceAsync(), await TakeFenceAsync());
        await Database.KeyDeleteAsync(RedisSchema.FenceKey);
        Assert.IsType<WriteOutcome.Written>(await _writer.WriteAsync([new LedgerWrite.SetString("s", "3")], young, Stop));
        Assert.Equal(new WriteOutcome.Fenced(young), await _writer.WriteAsync([new LedgerWrite.SetString("s", "2")], old, Stop));
    }

    [Theory]
    [InlineData("hash", "there", "value", true)]
    [InlineData("hash", "there", "other", false)]
    [InlineData("hash", "there", null, false)]
    [InlineData("hash", "absent", null, true)]
    [InlineData("hash", "absent", "value", false)]
    [InlineData("none", "absent", null, true)]
    [InlineData("none", "absent", "value", false)]
    [InlineData("string", "field", null, false)]
    [InlineData("string", null, "text", true)]
    [InlineData("string", null, "other", false)]
    [InlineData("string", null, null, false)]
    [InlineData("none", null, null, true)]
    [InlineData("none", null, "text", false)]
    [InlineData("hash", null, "text", false)]
    [InlineData("empty", null, "", true)]
    public async Task A_precondition_holds_or_nothing_is_written(string key, string? field, string? value, bool holds)
    {
        await Database.HashSetAsync("hash", "there", "value");
        await Database.StringSetAsync("string", "text");
        await Database.StringSetAsync("empty", "");
        var outcome = await WriteAsync(new LedgerWrite.SetString("written", "1"), new LedgerWrite.Expect(key, field, value));
        Assert.Equal(holds ? new WriteOutcome.Written(1) : new WriteOutcome.Conflict(1), outcome);
        Assert.Equal(holds, await Database.KeyExistsAsync("written"));
    }

    [Theory]
    [InlineData("hash", "absent", true)]
    [InlineData("hash", "there", false)]
    [InlineData("none", "field", true)]
    [InlineData("string", "field", false)]
    [InlineData("none", null, true)]
    [InlineData("string", null, false)]
    [InlineData("hash", null, false)]
    public async Task What_is_set_only_where_nothing_stood_is_set_there_or_is_the_conflict(string key, string? field, bool isFree)
    {
        await Database.HashSetAsync("hash", "there", "value");
        await Database.StringSetAsync("string", "text");
        LedgerWrite set = field is null ? new LedgerWrite.SetString(key, "new") : new LedgerWrite.SetField(key, field, "new");
        LedgerWrite[] both = [new LedgerWrite.SetString("before", "1"), new LedgerWrite.Expect(key, field, null), set];
        Assert.Equal(isFree ? new WriteOutcome.Written(field is null ? 1 : 2) : new WriteOutcome.Conflict(1), await WriteAsync(both));
        Assert.Equal(isFree, await Database.KeyExistsAsync("before"));
        if (!isFree) return;
        Assert.Equal("new", field is null ? await Database.StringGetAsync(key) : await Database.HashGetAsync(key, field));
        // The place counts steps, however the steps before it were sent.
        LedgerWrite[] later = [new LedgerWrite.Expect("a", "b", null), new LedgerWrite.SetField("a", "b", "c"), new LedgerWrite.Expect("d", null, null), new LedgerWrite.SetString("d", "e"), .. both[1..]];
        Assert.Equal(new WriteOutcome.Conflict(4), await WriteAsync(later));
        Assert.False(await Database.KeyExistsAsync("a"));
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(false, 1700)]
    [InlineData(true, 3)]
    [InlineData(true, 1700)]
    public async Task Of_many_that_are_set_only_where_nothing_stood_the_one_in_the_way_is_named(bool isField, int taken)
    {
        var steps = Enumerable.Range(0, 2500).SelectMany(i => Step(i)).ToList();
        Assert.IsType<WriteOutcome.Written>(await WriteAsync([.. steps]));
        await Database.ExecuteAsync("FLUSHALL");
        await WriteAsync(Step(taken));
        Assert.Equal(new WriteOutcome.Conflict(taken * 2), await WriteAsync([.. steps]));
        Assert.Single((RedisResult[])(await Database.ExecuteAsync("KEYS", isField ? "many" : "name*"))!);
        Assert.Equal(isField ? 1 : 0, await Database.HashLengthAsync("many"));

        LedgerWrite[] Step(int i) => isField
            ? [new LedgerWrite.Expect("many", $"name{i}", null), new LedgerWrite.SetField("many", $"name{i}", "v")]
            : [new LedgerWrite.Expect($"name{i}", null, null), new LedgerWrite.SetString($"name{i}", "v")];
    }

    [Fact]
    [Trait("adv", "R1")]
    public async Task Of_many_writers_that_want_the_same_name_exactly_one_wins()
    {
        await using var other = await fixture.ConnectAsync();
        LedgerWriter[] writers = [_writer, new(other, TimeProvider.System)];
        var rounds = int.Parse(Environment.GetEnvironmentVariable(Reconciler.NameRaceTests.NamesVariable) ?? "2000", CultureInfo.InvariantCulture);
        var begun = Stopwatch.GetTimestamp();
        for (var round = 0; round < rounds; round++)
        {
            var name = $"name{round}.test";
            var outcomes = await Task.WhenAll(writers.Select((writer, owner) => writer.WriteAsync(
                [new LedgerWrite.Expect("zone", name, null), new LedgerWrite.SetField("zone", name, $"{owner}")], LedgerWriter.NoFence, Stop)));
            Assert.Single(outcomes, new WriteOutcome.Conflict(0));
            Assert.Equal($"{Array.FindIndex(outcomes, outcome => outcome is WriteOutcome.Written)}", await Database.HashGetAsync("zone", name));
        }

        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"{rounds} races of two writers, each with one winner: {rounds / Stopwatch.GetElapsedTime(begun).TotalSeconds:0} in a second"));
    }

    [Fact]
    public async Task A_key_of_another_type_is_a_conflict_before_anything_is_written()
    {
        await Database.StringSetAsync("string", "text");
        Assert.Equal(new WriteOutcome.Conflict(1), await WriteAsync(new LedgerWrite.SetString("s", "1"), new LedgerWrite.SetField("string", "f", "v")));
        Assert.Equal(new WriteOutcome.Conflict(0), await WriteAsync(new LedgerWrite.DeleteField("string", "f")));
        Assert.Equal(new WriteOutcome.Conflict(1), await WriteAsync(new LedgerWrite.SetString("s", "1"), new LedgerWrite.SetField("s", "f", "v")));
        Assert.False(await Database.KeyExistsAsync("s"));
        Assert.IsType<WriteOutcome.Written>(await WriteAsync(new LedgerWrite.DeleteKey("string"), new LedgerWrite.SetField("string", "f", "v")));
        Assert.Equal("v", await Database.HashGetAsync("string", "f"));
    }

    [Fact]
    public async Task A_ledger_key_that_holds_something_else_is_begun_anew_and_told()
    {
        await WriteAsync(new LedgerWrite.SetString("s", "1"));
        await WriteAsync(new LedgerWrite.SetString("s", "2"));
        await Database.StringSetAsync(RedisSchema.LedgerSequenceKey, "soon");
        var log = new KeptLog();
        var writer = new LedgerWriter(_redis, TimeProvider.System, log);
        Assert.Equal(3, Assert.IsType<WriteOutcome.Written>(await writer.WriteAsync([new LedgerWrite.SetString("s", "3")], LedgerWriter.NoFence, Stop)).Sequence);
        await Database.KeyDeleteAsync(RedisSchema.LedgerKey);
        await Database.StringSetAsync(RedisSchema.LedgerKey, "x");
        Assert.Equal(4, Assert.IsType<WriteOutcome.Written>(await writer.WriteAsync([new LedgerWrite.SetString("s", "4")], LedgerWriter.NoFence, Stop)).Sequence);
        Assert.Equal([new(4, "s", null, 1)], await LedgerAsync());
        Assert.Contains(log.Lines, line => line.Contains("gateway:changes:seq held a text instead of the number", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.Contains("gateway:changes held a string instead of the change ledger", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_largest_batch_is_one_step_and_a_larger_one_is_refused()
    {
        LedgerWrite[] writes = [.. Enumerable.Range(0, LedgerWriter.MaxWrites).Select(i => new LedgerWrite.SetField("zone", $"n{i}", new string('x', 200)))];
        Assert.IsType<WriteOutcome.Written>(await WriteAsync(writes));
        Assert.Equal(LedgerWriter.MaxWrites, await Database.HashLengthAsync("zone"));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => WriteAsync([.. writes, new LedgerWrite.DeleteKey("zone")]));
    }

    [Fact]
    public async Task Any_text_is_written_as_it_is()
    {
        string[] texts = ["", " ", "\0", "a\r\nb", "é€😀", "K=", "'\"\\"];
        foreach (var text in texts) await WriteAsync(new LedgerWrite.SetField("odd" + text, text, text), new LedgerWrite.Expect("odd" + text, text, null));
        foreach (var text in texts) Assert.Equal(text, await Database.HashGetAsync("odd" + text, text));
        Assert.Equal(texts, (await LedgerAsync()).Select(entry => entry.Field!));
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task A_redis_without_memory_refuses_the_batch_as_a_whole()
    {
        await Database.HashSetAsync("zone", "a", "1");
        await Database.ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        try
        {
            await Assert.ThrowsAsync<RedisServerException>(() => WriteAsync(new LedgerWrite.SetString("s", "1"), new LedgerWrite.DeleteField("zone", "a")));
        }
        finally
        {
            await Database.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        }

        Assert.False(await Database.KeyExistsAsync("s"));
        Assert.Equal("1", await Database.HashGetAsync("zone", "a"));
    }

    // A restart of one instance: it takes over from itself.
    private async Task<long> TakeFenceAsync() => Assert.IsType<LeaseState.Held>(await new WriterLease(_redis, "test", TimeProvider.System).TakeAsync(Stop)).Fence;

    private Task<WriteOutcome> WriteAsync(params LedgerWrite[] writes) => _writer.WriteAsync(writes, LedgerWriter.NoFence, Stop);

    private async Task<List<RedisSchema.LedgerEntry>> LedgerAsync()
    {
        var entries = new List<RedisSchema.LedgerEntry>();
        foreach (var line in (RedisResult[])(await Database.ExecuteAsync("XRANGE", RedisSchema.LedgerKey, "-", "+"))!)
        {
            Assert.True(RedisSchema.TryDecodeLedgerEntry((string[])((RedisResult[])line!)[1]!, entries));
        }

        return entries;
    }
}

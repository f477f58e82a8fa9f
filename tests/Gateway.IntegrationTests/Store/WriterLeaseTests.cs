using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Store;
using Xunit;

namespace Gateway.IntegrationTests.Store;

[Trait("adv", "R2")]
public sealed class WriterLeaseTests(RedisFixture fixture) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private RedisConnection _redis = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await fixture.FlushAsync();
        _redis = await fixture.ConnectAsync();
    }

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task One_holds_it_and_the_others_learn_who_until_it_is_given_back()
    {
        var (a, b) = (Lease("node a"), Lease("b"));
        var first = await HeldAsync(a);
        Assert.Equal(new LeaseState.Held(first), await a.TakeAsync(Stop));
        Assert.Equal(new LeaseState.Other("node_a"), await b.TakeAsync(Stop));
        await b.GiveBackAsync(Stop);
        Assert.Equal(new LeaseState.Other("node_a"), await b.TakeAsync(Stop));
        await a.GiveBackAsync(Stop);
        Assert.True(await HeldAsync(b) > first);
        Assert.Equal(new LeaseState.Other("b"), await a.TakeAsync(Stop));
    }

    [Fact]
    public async Task It_expires_by_Redis_clock_and_its_former_holder_is_refused_by_the_number()
    {
        var (a, b) = (Lease("a"), Lease("b"));
        var old = await HeldAsync(a);
        // What the clock does after the lifetime, at once.
        await _redis.Database.KeyExpireAsync(RedisSchema.LeaseKey, TimeSpan.FromMilliseconds(1));
        await Eventually.TrueAsync(async () => !await _redis.Database.KeyExistsAsync(RedisSchema.LeaseKey), "it has expired");
        var young = await HeldAsync(b);
        var writer = new LedgerWriter(_redis, TimeProvider.System);
        Assert.Equal(new WriteOutcome.Fenced(young), await writer.WriteAsync([new LedgerWrite.SetString("s", "late")], old, Stop));
        Assert.IsType<WriteOutcome.Written>(await writer.WriteAsync([new LedgerWrite.SetString("s", "in time")], young, Stop));
        Assert.Equal(new LeaseState.Other("b"), await a.TakeAsync(Stop));
    }

    [Fact]
    public async Task A_restarted_instance_takes_over_from_itself_at_once_and_its_former_self_does_not_come_back()
    {
        var (before, after) = (Lease("a"), Lease("a"));
        var old = await HeldAsync(before);
        Assert.True(await HeldAsync(after) > old);
        Assert.Equal(new LeaseState.Other("a"), await before.TakeAsync(Stop));
    }

    [Fact]
    public async Task Numbers_grow_even_when_Redis_lost_them_all()
    {
        var a = Lease("a");
        var old = await HeldAsync(a);
        await _redis.Database.ExecuteAsync("FLUSHALL");
        Assert.True(await HeldAsync(a) > old);
    }

    [Fact]
    public async Task A_lease_of_ours_from_a_backup_does_not_take_the_number_back()
    {
        var a = Lease("a");
        await HeldAsync(a);
        string[] keys = [RedisSchema.LeaseKey, RedisSchema.FenceKey];
        var backup = await Task.WhenAll(keys.Select(key => _redis.Database.StringGetAsync(key)));
        await _redis.Database.ExecuteAsync("FLUSHALL");
        var young = await HeldAsync(a);
        for (var i = 0; i < keys.Length; i++) await _redis.Database.StringSetAsync(keys[i], backup[i]);
        Assert.True(await HeldAsync(a) > young);
    }

    [Fact]
    public async Task Of_many_who_ask_at_once_one_gets_it()
    {
        var states = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Lease($"node{i}").TakeAsync(Stop)));
        Assert.Single(states.OfType<LeaseState.Held>());
    }

    [Theory, Trait("adv", "R4")]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_clock_that_jumps_by_an_hour_neither_loses_the_lease_nor_keeps_it(int hours)
    {
        var clock = new JumpingClock();
        var (a, b) = (new WriterLease(_redis, "a", clock), Lease("b"));
        var first = await HeldAsync(a);
        clock.Jump(TimeSpan.FromHours(hours));
        Assert.Equal(new LeaseState.Held(first), await a.TakeAsync(Stop));
        Assert.Equal(new LeaseState.Other("a"), await b.TakeAsync(Stop));
        Assert.InRange((await _redis.Database.KeyTimeToLiveAsync(RedisSchema.LeaseKey))!.Value, TimeSpan.FromMilliseconds(1), WriterLease.Lifetime);
        var late = new WriterLease(_redis, "late", clock);
        Assert.Equal(new LeaseState.Other("a"), await late.TakeAsync(Stop));
        await a.GiveBackAsync(Stop);
        Assert.True(await HeldAsync(late) > first);
        Assert.IsType<WriteOutcome.Fenced>(await new LedgerWriter(_redis, clock).WriteAsync([new LedgerWrite.SetString("s", "late")], first, Stop));
    }

    private WriterLease Lease(string instance) => new(_redis, instance, TimeProvider.System);

    private static async Task<long> HeldAsync(WriterLease lease) => Assert.IsType<LeaseState.Held>(await lease.TakeAsync(Stop)).Fence;

    /// <summary>A wall clock that somebody sets; what measures spans goes on.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private TimeSpan _ahead;

        public void Jump(TimeSpan by) => _ahead += by;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;
    }
}

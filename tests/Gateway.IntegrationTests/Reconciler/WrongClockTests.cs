using Gateway.IntegrationTests.Explorer;
using Gateway.IntegrationTests.Support;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>The clock of the gateway's machine is wrong, or jumps. Leases run by the clock of Redis, waits by one that never jumps.</summary>
[Trait("adv", "R4")]
public sealed class WrongClockTests(RedisFixture redis, ExplorerFixture explorer) : RigTests(redis), IClassFixture<ExplorerFixture>
{
    private readonly ShiftedTime _clock = new();

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(-24 * 365 * 40)]
    public async Task It_starts_serves_reports_and_ends_whatever_the_clock_says(int hours)
    {
        _clock.Offset = TimeSpan.FromHours(hours);
        await using var rig = Rig.Start(Explorer, await Redis.ConnectAsync(), ownsRedis: true, time: _clock);
        var id = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.ServedAsync(id);
        await rig.ReportedAsync(id);
        Assert.Equal(ResultState.Ok, Explorer.ResultOf(id)!.State);
        Explorer.Delete(id);
        await rig.EndedAsync(id);
        Assert.Null(rig.Value("gw.example.com.", "a"));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_jump_by_an_hour_neither_stops_it_nor_takes_anything_away(int hours)
    {
        await using var rig = Rig.Start(Explorer, await Redis.ConnectAsync(), ownsRedis: true, time: _clock);
        var before = Explorer.Add(Rig.Proxy(7, "a.gw.example.com"));
        await rig.ReportedAsync(before);
        _clock.Offset = TimeSpan.FromHours(hours);
        var after = Explorer.Add(Rig.Subdomain(7, "b.gw.example.com", "203.0.113.10"));
        await rig.ReportedAsync(after);
        Explorer.Delete(before);
        await rig.EndedAsync(before);
        Assert.Null(rig.Loop.Status.StandsBehind);
        Assert.True(await rig.IsServedAsync(after));
        Assert.DoesNotContain(rig.Log.Lines, line => line.Contains("writes to this Redis", StringComparison.Ordinal));
        _clock.Offset = TimeSpan.Zero;
        await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, "c.gw.example.com", "203.0.113.10")));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Of_two_nodes_the_one_with_the_wrong_clock_does_not_take_the_lease(int hours)
    {
        await using var right = Rig.Start(Explorer, await Redis.ConnectAsync(), ownsRedis: true, instance: "right");
        await Eventually.TrueAsync(() => right.Loop.Status.IsLoaded, "the first one writes");
        _clock.Offset = TimeSpan.FromHours(hours);
        await using var wrong = Rig.Start(Explorer, await Redis.ConnectAsync(), ownsRedis: true, time: _clock, instance: "wrong");
        await Eventually.TrueAsync(() => wrong.Loop.Status.StandsBehind == "right", "the second one stands by");
        await right.ReportedAsync(Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")));
        Assert.Null(right.Loop.Status.StandsBehind);
    }

    [Fact]
    public async Task An_explorer_that_refuses_old_signatures_is_served_on_and_says_whose_clock_is_wrong()
    {
        _clock.Offset = TimeSpan.FromHours(-1);
        await using var rig = Rig.Start(Explorer, await Redis.ConnectAsync(), ownsRedis: true, time: _clock, url: explorer.Root);
        await Eventually.TrueAsync(() => rig.Log.Lines.Any(line => line.Contains("check the clock of this machine", StringComparison.Ordinal)), "the operator is told of the clock");
        Assert.False(rig.Loop.Status.IsRegistered);
        Assert.True(rig.Loop.Status.IsLoaded);
        Assert.Null(rig.Loop.Status.ExplorerFault);
        _clock.Offset = TimeSpan.Zero;
        await Eventually.TrueAsync(() => rig.Loop.Status.IsRegistered, "it is listed once the clock is right");
    }

    private sealed class ShiftedTime : TimeProvider
    {
        private long _ticks;

        public TimeSpan Offset
        {
            get => TimeSpan.FromTicks(Volatile.Read(ref _ticks));
            set => Volatile.Write(ref _ticks, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }
}

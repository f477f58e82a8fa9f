using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Reservations;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>A user is frozen in Redis, and the reconciler, the name server and the router follow.</summary>
public sealed class FreezeTests(RedisFixture redis) : RigTests(redis)
{
    private const string Name = "a.gw.example.com";

    private static readonly string Value = RedisSchema.EncodeFrozen(new FrozenUser(DateTimeOffset.UnixEpoch, "ticket 4711"));

    [Fact]
    public async Task His_names_and_routes_stop_and_come_back_and_a_Redis_that_was_emptied_unfreezes_nobody()
    {
        await using var served = await ServedRig.StartAsync(Redis.Endpoint, Explorer);
        await served.ReserveAsync(Name);
        await served.Rig.Redis.HashSetAsync(RedisSchema.FrozenKey, RedisSchema.FrozenField(7), Value);
        await Eventually.TrueAsync(() => !served.Answers(Name) && IsFrozen(served), "the user is frozen");

        await Redis.FlushAsync();
        await Eventually.TrueAsync(async () => await served.Rig.Redis.HashGetAsync(RedisSchema.FrozenKey, "7") == Value, "he is written down again");
        await Eventually.TrueAsync(() => served.Rig.Value(RedisSchema.ServiceKey(DomainName.Parse(Name))) is not null && !served.Answers(Name) && IsFrozen(served), "he is still frozen");

        await served.Rig.Redis.HashDeleteAsync(RedisSchema.FrozenKey, RedisSchema.FrozenField(7));
        await served.ServedAsync(Name);
        await Eventually.TrueAsync(() => !IsFrozen(served), "the route is thawed");
    }

    [Fact]
    public async Task He_is_frozen_from_the_first_moment_after_a_restart()
    {
        long id;
        await using (var first = await Rig.StartAsync(Redis, Explorer))
        {
            id = Explorer.Add(Rig.Subdomain(7, Name, "203.0.113.10"));
            await first.ServedAsync(id);
        }

        await using var connection = await Redis.ConnectAsync();
        await connection.Database.HashSetAsync(RedisSchema.FrozenKey, RedisSchema.FrozenField(7), "not even JSON");
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        await Eventually.TrueAsync(() => rig.Value("gw.example.com.", "a") is null, "the name has no address");
        Assert.True(await rig.IsServedAsync(id));
    }

    [Fact]
    public async Task A_turn_that_comes_before_anybody_says_that_Redis_was_emptied_does_not_take_it_for_the_operators_word()
    {
        await using var rig = await Rig.PrepareAsync(Redis, Explorer);
        await rig.Redis.HashSetAsync(RedisSchema.FrozenKey, RedisSchema.FrozenField(7), Value);
        var stop = TestContext.Current.CancellationToken;
        await rig.Loop.TurnAsync(stop);
        await Redis.FlushAsync();
        await rig.Loop.TurnAsync(stop);
        Assert.Equal(Value, await rig.Redis.HashGetAsync(RedisSchema.FrozenKey, RedisSchema.FrozenField(7)));
    }

    private static bool IsFrozen(ServedRig served) => served.Routes.Table.Find(DomainName.Parse(Name))?.Route.Rules.IsFrozen ?? false;
}

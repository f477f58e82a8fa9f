using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Reservations;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>A user is frozen in Redis, and the reconciler, the name server and the router follow.</summary>
public sealed class FreezeTests(RedisFixture redis) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private const string Name = "a.gw.example.com";

    private static readonly string Value = RedisSchema.EncodeFrozen(new FrozenUser(DateTimeOffset.UnixEpoch, "ticket 4711"));

    private FakeExplorer _explorer = null!;

    public async ValueTask InitializeAsync()
    {
        await redis.FlushAsync();
        _explorer = await FakeExplorer.StartAsync();
        _explorer.AddUser(7, Rig.User7);
    }

    public ValueTask DisposeAsync() => _explorer.DisposeAsync();

    [Fact]
    public async Task His_names_and_routes_stop_and_come_back_and_a_Redis_that_was_emptied_unfreezes_nobody()
    {
        await using var served = await ServedRig.StartAsync(redis.Endpoint, _explorer);
        await served.ReserveAsync(Name);
        await served.Rig.Redis.HashSetAsync(RedisSchema.FrozenKey, RedisSchema.FrozenField(7), Value);
        await Eventually.TrueAsync(() => !served.Answers(Name) && IsFrozen(served), "the user is frozen");

        await redis.FlushAsync();
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
        await using (var first = await Rig.StartAsync(redis, _explorer))
        {
            id = _explorer.Add(Rig.Subdomain(7, Name, "203.0.113.10"));
            await first.ServedAsync(id);
        }

        await using var connection = await redis.ConnectAsync();
        await connection.Database.HashSetAsync(RedisSchema.FrozenKey, RedisSchema.FrozenField(7), "not even JSON");
        await using var rig = await Rig.StartAsync(redis, _explorer);
        await Eventually.TrueAsync(() => rig.Value("gw.example.com.", "a") is null, "the name has no address");
        Assert.True(await rig.IsServedAsync(id));
    }

    private static bool IsFrozen(ServedRig served) => served.Routes.Table.Find(DomainName.Parse(Name))?.Route.Rules.IsFrozen ?? false;
}

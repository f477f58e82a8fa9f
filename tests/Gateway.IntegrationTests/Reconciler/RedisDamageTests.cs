using Gateway.IntegrationTests.Support;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Somebody writes where our bookkeeping stands: the key is named, mended where it is ours, and everything goes on.</summary>
[Trait("adv", "R3")]
public sealed class RedisDamageTests(RedisFixture redis) : RigTests(redis)
{
    [Theory]
    [InlineData("gateway:changes", "SET", "x")]
    [InlineData("gateway:changes", "HSET", "a", "b")]
    [InlineData("gateway:changes:seq", "RPUSH", "x")]
    [InlineData("gateway:changes:seq", "SET", "soon")]
    [InlineData("gateway:fence", "HSET", "a", "b")]
    [InlineData("gateway:fence", "SET", "-3 apples")]
    [InlineData("gateway:lease", "RPUSH", "x")]
    [InlineData("gateway:lease", "SET", "nobody")]
    [InlineData("gateway:reconciler", "SET", "x")]
    [InlineData("gateway:outbox", "SET", "x")]
    [InlineData("gateway:serial:gw.example.com", "RPUSH", "x")]
    [InlineData("managed_domains", "SET", "x")]
    [InlineData("zone", "SET", "x")]
    [InlineData("tfgateway_reservations", "SET", "x")]
    public async Task A_key_of_our_books_that_holds_something_else_stops_nothing(string key, string command, params string[] value)
    {
        await using var node = await ServedRig.StartAsync(Redis.Endpoint, Explorer);
        await node.ReserveAsync("before.gw.example.com");
        // In one step: whoever owns the key may write it again at once.
        await node.Rig.Redis.ScriptEvaluateAsync("redis.call('DEL', KEYS[1]) return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))", [key], [command, .. value.Select(it => (RedisValue)it)]);
        await node.ReserveAsync("after.gw.example.com");
        Assert.True(node.Answers("before.gw.example.com") && node.IsRouted("before.gw.example.com"));
        await using (var next = await ServedRig.StartAsync(Redis.Endpoint, Explorer))
        {
            await next.ServedAsync("before.gw.example.com");
            await next.ReserveAsync("later.gw.example.com");
        }
    }

    [Theory]
    [InlineData("gateway:changes", "held a string instead of the change ledger")]
    [InlineData("gateway:changes:seq", "held a text instead of the number of the last ledger entry")]
    [InlineData("gateway:fence", "held a text instead of the highest fencing number")]
    [InlineData("zone", "is no hash")]
    public async Task The_operator_reads_which_key_it_was(string key, string what)
    {
        await using var node = await ServedRig.StartAsync(Redis.Endpoint, Explorer);
        await node.ReserveAsync("before.gw.example.com");
        await node.Rig.Redis.KeyDeleteAsync(key);
        await node.Rig.Redis.StringSetAsync(key, "x");
        Explorer.Add(Rig.Delegate(7, "user7.org"));
        await Eventually.TrueAsync(() => node.Says("Error", key, what), "the key is named");
        await Eventually.TrueAsync(() => node.Zones.ZoneCount == 2, "the new zone is served");
    }
}

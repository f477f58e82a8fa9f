using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The whole node, under questions and visits, while its Redis loses what it held.</summary>
[Trait("adv", "R3")]
public sealed class RedisLossTests
{
    private const string Host = "hello.gw.test";
    private const string ByHand = "hand7.gw.test";

    [Fact]
    public async Task A_Redis_that_is_emptied_replaced_or_restored_costs_no_answer_and_is_written_again()
    {
        using var work = new TemporaryDirectory();
        await using var redis = await RedisServer.StartAsync(work.File("redis"));
        await using var node = await RunningNode.StartAsync(work.File("state"), "--redis", redis.Url);
        await using var web = new ByteServer(1000, bytesPerSecond: 10_000_000);
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await using var client = alice.Expose(web.Address, await alice.ReserveTunnelAsync(Host));
        await client.SaysAsync("connected");
        await redis.CommandAsync("SAVE");
        // What no reservation knows, and so nobody can write again.
        for (var i = 0; i < 20; i++) await redis.CommandAsync("HSET", "gw.test.", $"hand{i}", """{"a":[{"ip":"192.0.2.1","ttl":60}]}""");
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, ByHand) == (0, 1), "the name by hand answers");

        await using var load = new SteadyLoad(node, Host, ByHand);
        await redis.CommandAsync("FLUSHALL");
        await IsWholeAsync(redis, "after it was emptied");
        await IsHeldAsync(node);
        Assert.Contains("gateway_store_held_entries", (await node.AdminAsync("/metrics")).Body, StringComparison.Ordinal);
        Assert.Contains("are gone from Redis at once", node.Log, StringComparison.Ordinal);

        await redis.RestartAsync(keepData: false);
        await IsWholeAsync(redis, "after it was replaced by an empty one");
        await redis.RestartAsync(keepData: true);
        await IsWholeAsync(redis, "after the old backup was restored");
        await Programs.EventuallyAsync(() => Task.FromResult(load.Asked > 100), "enough was asked to show anything");
        Assert.Equal(0, await load.EndAsync());

        await IsHeldAsync(node);
        var accepted = await Programs.RunAsync(Programs.Gatewayd, ["accept-loss", "--state", node.State]);
        Assert.True(accepted.Code == 0, accepted.Output + accepted.Error);
        Assert.Contains("are served no more", accepted.Output, StringComparison.Ordinal);
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, ByHand) == (3, 0), "what the operator gave up is gone");
        await Programs.EventuallyAsync(async () => !(await node.AdminAsync("/readyz")).Body.Contains("accept-loss", StringComparison.Ordinal), "nothing is held");
        Assert.Equal((0, 1), await Resolver.AskAsync(node.Dns, Host));
    }

    // The node has compared what is in Redis now with what it serves, and misses the names by hand.
    private static Task IsHeldAsync(RunningNode node) => Programs.EventuallyAsync(
        async () => (await node.AdminAsync("/readyz")) is (200, var page) && page.Contains("entries of them are gone from Redis", StringComparison.Ordinal) && !page.Contains("older state", StringComparison.Ordinal),
        "the operator is told");

    private static Task IsWholeAsync(RedisServer redis, string when) => Programs.EventuallyAsync(
        async () => (await redis.TryCommandAsync("HEXISTS", "gw.test.", "hello")) == "1" && (await redis.TryCommandAsync("EXISTS", $"/tcprouter/service/{Host}")) == "1",
        $"the reservations are in Redis {when}");
}

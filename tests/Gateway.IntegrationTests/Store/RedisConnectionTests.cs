using System.Diagnostics;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Store;

public sealed class RedisConnectionTests
{
    /// <summary>The library says that it is connected when the first of its two connections is; the other one is for events. Which comes second is its affair.</summary>
    [Theory]
    [Trait("adv", "R3")]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Both_connections_of_the_library_stand_before_anybody_uses_them(int delayed)
    {
        await using var server = await ForeignRedis.StartAsync();
        await using var wire = new FaultyWire(server.Port) { Delay = TimeSpan.FromMilliseconds(200), DelayedConnection = delayed };
        await using var redis = RedisConnection.Open(wire.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        var session = await redis.SessionAsync(Deadline.Generous);
        await session.Subscriber.PingAsync();
        Assert.False(session.IsLost);
        Assert.Null(redis.LastTrouble);
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task An_unreachable_server_blocks_neither_the_opening_nor_a_command()
    {
        await using var redis = RedisConnection.Open(new RedisEndpoint("127.0.0.1", 1, null, new Secret(""), 0), TimeProvider.System, NullLoggerFactory.Instance);
        Assert.False(redis.IsConnected);
        Assert.StartsWith("Redis at 127.0.0.1:1/0 is not connected", Assert.Throws<RedisAwayException>(() => redis.Database).Message);
        await Eventually.TrueAsync(() => redis.Fault == "nobody answers there", "the fault is told");
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task It_connects_again_and_again_and_says_so_each_time()
    {
        await using var server = await ForeignRedis.StartAsync();
        var log = new KeptLog();
        await using var redis = RedisConnection.Open(server.Endpoint(), TimeProvider.System, log);
        var connected = 0;
        redis.Connected += () => Interlocked.Increment(ref connected);
        for (var round = 1; round <= 3; round++)
        {
            await redis.WaitConnectedAsync(Deadline.Generous);
            await redis.Database.StringSetAsync("k", round);
            await server.KillAsync();
            await Eventually.TrueAsync(() => !redis.IsConnected, "the loss is noticed");
            Assert.Throws<RedisAwayException>(() => redis.Database);
            await server.StartAgainAsync();
            await Eventually.TrueAsync(() => redis.IsConnected, "it is connected again");
        }

        await Eventually.TrueAsync(() => connected >= 3, "the event was raised for each connection");
        Assert.Equal(connected, log.Lines.Count(line => line.EndsWith("is connected", StringComparison.Ordinal)));
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task A_subscription_that_meets_the_end_of_its_connection_finds_Redis_away()
    {
        // The library answered with a null reference, which nobody expects of a Redis: it ended the feed, and with it the node.
        await using var server = await ForeignRedis.StartAsync();
        var redis = RedisConnection.Open(server.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        var session = await redis.SessionAsync(Deadline.Generous);
        await session.SubscribeAsync("first", (_, _) => { });
        await redis.DisposeAsync();
        await Assert.ThrowsAsync<RedisAwayException>(() => session.UnsubscribeAsync("first"));
        await Assert.ThrowsAsync<RedisAwayException>(() => session.SubscribeAsync("second", (_, _) => { }));
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task A_lost_session_is_handed_to_nobody_not_even_while_its_loss_is_being_told()
    {
        await using var server = await ForeignRedis.StartAsync();
        await using var redis = RedisConnection.Open(server.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        var lost = await redis.SessionAsync(Deadline.Generous);
        // The last to register is the first to be told: the connection itself does not know yet.
        var next = new TaskCompletionSource<Task<Gateway.Store.Connecting.RedisSession>>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var told = lost.Lost.Register(() => next.SetResult(redis.SessionAsync(Deadline.Generous)));
        await server.KillAsync();
        await server.StartAgainAsync();
        Assert.NotSame(lost, await await next.Task.WaitAsync(Deadline.Generous));
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task A_server_that_falls_silent_fails_the_commands_that_wait_for_it()
    {
        await using var server = await ForeignRedis.StartAsync();
        await using var redis = RedisConnection.Open(server.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(Deadline.Generous);
        Signal("STOP", server.ProcessId);
        var waiting = redis.Database.StringGetAsync("k");
        await Assert.ThrowsAnyAsync<RedisException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(redis.IsConnected);
        Signal("CONT", server.ProcessId);
        await redis.WaitConnectedAsync(Deadline.Generous);
        await redis.Database.PingAsync();
    }

    [Fact]
    public async Task A_replica_without_its_master_is_not_readable()
    {
        await using var server = await ForeignRedis.StartAsync("replicaof 127.0.0.1 1", "replica-serve-stale-data no");
        await using var redis = RedisConnection.Open(server.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        await Eventually.TrueAsync(() => redis.Fault is not (null or "not connected yet"), "there is a reason");
        Assert.False(redis.IsConnected);
        Assert.Contains("MASTERDOWN", redis.Fault, StringComparison.Ordinal);
        await server.CliAsync("REPLICAOF", "NO", "ONE");
        await redis.WaitConnectedAsync(Deadline.Generous);
    }

    [Fact]
    public async Task A_server_that_loads_its_data_is_connected_when_it_has_them()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-redis-").FullName;
        await using var server = await ForeignRedis.StartAsync($"dir {directory}", "appendonly yes", "key-load-delay 200");
        await server.CliAsync("EVAL", "for i = 1, 10000 do redis.call('SET', 'k' .. i, 'v') end", "0");
        await server.KillAsync();
        await server.StartAgainAsync();
        await using var redis = RedisConnection.Open(server.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        await Eventually.TrueAsync(() => redis.Fault is null || redis.Fault.StartsWith("not readable yet", StringComparison.Ordinal), "it loads");
        Assert.NotNull(redis.Fault);
        await redis.WaitConnectedAsync(Deadline.Generous);
        Assert.Equal(10_000, (long)await redis.Database.ExecuteAsync("DBSIZE"));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_password_is_used_and_a_wrong_one_is_named()
    {
        await using var server = await ForeignRedis.StartAsync("requirepass \"right word\"");
        await using var redis = RedisConnection.Open(server.Endpoint(password: "right word"), TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(Deadline.Generous);
        await redis.Database.PingAsync();
        await using var wrong = RedisConnection.Open(server.Endpoint(password: "wrong"), TimeProvider.System, NullLoggerFactory.Instance);
        await Eventually.TrueAsync(() => wrong.Fault?.StartsWith("it refuses the user or the password: correct the Redis address", StringComparison.Ordinal) is true, "the reason is told");
    }

    [Fact]
    public async Task A_user_of_the_access_control_list_logs_in()
    {
        await using var server = await ForeignRedis.StartAsync("user gateway on >pass:word ~* &* +@all");
        await server.CliAsync("ACL", "SETUSER", "default", "off");
        await using var redis = RedisConnection.Open(server.Endpoint("gateway", "pass:word"), TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(Deadline.Generous);
        Assert.Equal("gateway", (string?)await redis.Database.ExecuteAsync("ACL", "WHOAMI"));
        await using var wrong = RedisConnection.Open(server.Endpoint("gateway", "word"), TimeProvider.System, NullLoggerFactory.Instance);
        await Eventually.TrueAsync(() => wrong.Fault?.StartsWith("it refuses the user or the password: correct the Redis address", StringComparison.Ordinal) is true, "the reason is told");
    }

    [Fact]
    public async Task Keyspace_events_are_switched_on_beside_what_was_on()
    {
        await using var server = await ForeignRedis.StartAsync("notify-keyspace-events Em");
        await using var redis = RedisConnection.Open(server.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(Deadline.Generous);
        Assert.Null(redis.EventsFault);
        Assert.Equal("notify-keyspace-events\nAKEm", await server.CliAsync("CONFIG", "GET", "notify-keyspace-events"));
    }

    [Fact]
    public async Task Where_CONFIG_does_not_exist_the_missing_setting_is_named_and_a_present_one_found()
    {
        await using var silent = await ForeignRedis.StartAsync("rename-command CONFIG \"\"");
        await using var redis = RedisConnection.Open(silent.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(Deadline.Generous);
        Assert.StartsWith("no keyspace events of hset, set, xadd, del arrive", redis.EventsFault);
        Assert.Contains($"set 'notify-keyspace-events KEA' in redis.conf, or run: redis-cli -h 127.0.0.1 -p {silent.Port} CONFIG SET notify-keyspace-events KEA", redis.EventsFault, StringComparison.Ordinal);
        await using var ringing = await ForeignRedis.StartAsync("rename-command CONFIG \"\"", "notify-keyspace-events KA");
        await using var other = RedisConnection.Open(ringing.Endpoint(), TimeProvider.System, NullLoggerFactory.Instance);
        await other.WaitConnectedAsync(Deadline.Generous);
        Assert.Null(other.EventsFault);
    }

    [Fact]
    public async Task A_user_without_dangerous_commands_is_told_once_per_connection_what_to_set()
    {
        await using var server = await ForeignRedis.StartAsync("user gateway on >word ~* &* +@all -@dangerous");
        var log = new KeptLog();
        await using var redis = RedisConnection.Open(server.Endpoint("gateway", "word"), TimeProvider.System, log);
        await redis.WaitConnectedAsync(Deadline.Generous);
        Assert.Contains("this user may not look at the setting", redis.EventsFault, StringComparison.Ordinal);
        Assert.Single(log.Lines, line => line.Contains("sends no keyspace events", StringComparison.Ordinal));
        await server.CliAsync("CONFIG", "SET", "notify-keyspace-events", "KEA");
        await server.CliAsync("CLIENT", "KILL", "USER", "gateway");
        await Eventually.TrueAsync(() => redis.IsConnected && redis.EventsFault is null, "the next connection hears events");
    }

    [Fact]
    public async Task A_user_who_may_only_look_is_told_that_the_setting_is_not_his()
    {
        await using var server = await ForeignRedis.StartAsync("user gateway on >word ~* &* +@all -config +config|get");
        await using var redis = RedisConnection.Open(server.Endpoint("gateway", "word"), TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(Deadline.Generous);
        Assert.StartsWith("'notify-keyspace-events' is '' and this user may not change it; set 'notify-keyspace-events KEA'", redis.EventsFault);
    }

    [Fact]
    public async Task A_user_who_may_not_hear_the_channels_is_told_so()
    {
        await using var server = await ForeignRedis.StartAsync("user gateway on >word ~* resetchannels +@all", "notify-keyspace-events KEA");
        await using var redis = RedisConnection.Open(server.Endpoint("gateway", "word"), TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(Deadline.Generous);
        Assert.Contains("ACL SETUSER gateway +psubscribe &__keyspace@0__:*", redis.EventsFault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_database_is_used_when_the_address_names_it()
    {
        await using var server = await ForeignRedis.StartAsync();
        await using var redis = RedisConnection.Open(server.Endpoint() with { Database = 3 }, TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(Deadline.Generous);
        await redis.Database.StringSetAsync("k", "v");
        Assert.Equal("v", await server.CliAsync("-n", "3", "GET", "k"));
    }

    private static void Signal(string name, int process)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process}"]);
        kill.WaitForExit();
    }
}

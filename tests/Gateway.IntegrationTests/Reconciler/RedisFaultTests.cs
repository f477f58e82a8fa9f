using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Redis on its bad days, one fault after the other, under a reconciler and what it writes for.</summary>
[Trait("adv", "R3")]
public sealed class RedisFaultTests : IAsyncLifetime
{
    private const string Before = "before.gw.example.com";
    private const string Meanwhile = "meanwhile.gw.example.com";

    private FakeExplorer _explorer = null!;
    private ForeignRedis _redis = null!;
    private FaultyWire _wire = null!;
    private ServedRig _node = null!;

    public async ValueTask InitializeAsync()
    {
        _explorer = await FakeExplorer.StartAsync();
        _explorer.AddUser(7, Rig.User7);
        _redis = await ForeignRedis.StartAsync();
        _wire = new FaultyWire(_redis.Port);
        _node = await ServedRig.StartAsync(_wire.Endpoint(), _explorer);
        await _node.ReserveAsync(Before);
    }

    public async ValueTask DisposeAsync()
    {
        await using var explorer = _explorer;
        await using var redis = _redis;
        await using var wire = _wire;
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Hung()
    {
        _wire.Hang();
        await SufferAsync(() => _node.Connection.Fault is not null);
        _wire.Flow();
        await HealedAsync();
    }

    [Fact]
    public async Task Slow()
    {
        _wire.Delay = TimeSpan.FromMilliseconds(300);
        Ask();
        await HealedAsync();
        Assert.True(_node.Connection.IsConnected);
    }

    [Fact]
    public async Task Reset()
    {
        for (var i = 0; i < 5; i++)
        {
            _wire.Reset();
            await Eventually.TrueAsync(() => _node.Says("is not connected"), "the operator is told");
            Assert.True(_node.Answers(Before) && _node.IsRouted(Before));
            await Eventually.TrueAsync(() => _node.Connection.IsConnected, "it is connected again");
        }

        Ask();
        await HealedAsync();
    }

    [Fact]
    public async Task Read_only()
    {
        await _redis.CliAsync("CONFIG", "SET", "replica-read-only", "yes", "replica-serve-stale-data", "yes");
        await _redis.CliAsync("REPLICAOF", "127.0.0.1", "1");
        await SufferAsync(() => _node.Rig.Loop.Status.StoreFault is { } fault && fault.Contains("READONLY", StringComparison.Ordinal));
        await _redis.CliAsync("REPLICAOF", "NO", "ONE");
        await HealedAsync();
    }

    [Fact]
    public async Task Out_of_memory()
    {
        await _redis.CliAsync("CONFIG", "SET", "maxmemory", "1");
        await SufferAsync(() => _node.Rig.Loop.Status.StoreFault is { } fault && fault.Contains("OOM", StringComparison.Ordinal));
        await _redis.CliAsync("CONFIG", "SET", "maxmemory", "0");
        await HealedAsync();
    }

    [Fact]
    public async Task Events_switched_off()
    {
        await _redis.CliAsync("CONFIG", "SET", "notify-keyspace-events", "");
        // A change by hand that no event tells.
        await _redis.CliAsync("HSET", "gw.example.com.", "hand", """{"a":[{"ip":"192.0.2.1","ttl":60}]}""");
        Ask();
        await HealedAsync();
        await Eventually.TrueAsync(() => _node.Answers("hand.gw.example.com"), "what was missed is found");
        await Eventually.TrueAsync(() => _node.Says("Warning", "keyspace events switched off"), "the operator is told");
    }

    [Fact]
    public async Task A_replica_that_lagged_takes_over()
    {
        // It has what there was before a change of ours, under a lower fencing number.
        await using var replica = await ForeignRedis.StartAsync();
        await replica.CliAsync("REPLICAOF", "127.0.0.1", $"{_redis.Port}");
        await Eventually.TrueAsync(async () => await replica.CliAsync("EXISTS", "gw.example.com.") == "1", "the replica has copied");
        await replica.CliAsync("REPLICAOF", "NO", "ONE");
        await replica.CliAsync("HSET", "gw.example.com.", "stale", """{"a":[{"ip":"192.0.2.1","ttl":60}]}""");
        await replica.CliAsync("SET", RedisSchema.FenceKey, "5");
        await replica.CliAsync("DEL", RedisSchema.LeaseKey);
        await _node.ReserveAsync("last.gw.example.com");
        _wire.Target = replica.Port;
        _wire.Reset();
        await Eventually.TrueAsync(async () => await replica.CliAsync("HEXISTS", "gw.example.com.", "last") == "1", "what the replica lacks is written again");
        Ask();
        await HealedAsync();
        Assert.True(_node.Answers("last.gw.example.com") && _node.IsRouted("last.gw.example.com"));
    }

    // While it lasts: what was served is served, the operator is told, and nothing new is lost.
    private async Task SufferAsync(Func<bool> isTold)
    {
        Ask();
        await Eventually.TrueAsync(isTold, "the operator is told");
        Assert.True(_node.Answers(Before) && _node.IsRouted(Before));
        Assert.False(_node.Answers(Meanwhile) || _node.IsRouted(Meanwhile));
    }

    private void Ask()
    {
        _explorer.Add(Rig.Subdomain(7, Meanwhile, "203.0.113.10"));
        _explorer.Add(Rig.Proxy(7, Meanwhile));
    }

    private async Task HealedAsync()
    {
        await _node.ServedAsync(Meanwhile);
        await _node.ServedAsync(Before);
        await Eventually.TrueAsync(() => _node.Feed.IsCurrent && _node.Rig.Loop.Status.StoreFault is null, "everything is well again");
    }
}

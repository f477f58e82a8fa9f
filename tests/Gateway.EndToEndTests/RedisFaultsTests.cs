using System.Globalization;
using System.Net;
using Gateway.EndToEndTests.Support;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>
/// Everything that befalls a Redis, one after the other under one node that is never restarted: answers and visits stay right, writes fail
/// loudly, the operator is told by log, metric and health, and all is as it should be when it is over.
/// </summary>
[Trait("adv", "R3")]
public sealed class RedisFaultsTests(FaultedNode node) : IClassFixture<FaultedNode>
{
    private static readonly Dictionary<string, RedisFault> Faults = new()
    {
        ["killed"] = new()
        {
            Strike = async it => { await it.Redis.CommandAsync("SAVE"); await it.Redis.KillAsync(); },
            Mend = it => it.Redis.StartAgainAsync(),
            Event = 1002,
            Metric = "gateway_store_up",
            IsTold = now => now == 0,
            Health = "Redis is away",
            IsRefused = true,
        },
        ["hung"] = new()
        {
            Strike = it => SignalAsync(it.Redis, "STOP"),
            Mend = it => SignalAsync(it.Redis, "CONT"),
            Event = 1002,
            Metric = "gateway_store_up",
            IsTold = now => now == 0,
            Health = "Redis is away",
            IsRefused = true,
        },
        ["slow"] = new()
        {
            Strike = it => { it.Wire.Delay = TimeSpan.FromMilliseconds(150); return Task.CompletedTask; },
            Mend = it => { it.Wire.Delay = TimeSpan.Zero; return Task.CompletedTask; },
            Event = 1005,
            Metric = "gateway_part_degraded{part=\"redis\"}",
            IsTold = now => now == 1,
            Health = "Redis is slow",
            IsRefused = false,
        },
        ["reset"] = new()
        {
            Strike = it => { it.Wire.Reset(); return Task.CompletedTask; },
            Event = 1002,
            Metric = "gateway_store_connections_lost_total",
            Health = "it was away",
            IsRefused = null,
        },
        ["read-only"] = new()
        {
            Strike = it => it.Redis.CommandAsync("REPLICAOF", "127.0.0.1", "1"),
            Mend = it => it.Redis.CommandAsync("REPLICAOF", "NO", "ONE"),
            Event = 3006,
            Metric = "gateway_reconciler_errors_total{kind=\"store\"}",
            Health = "READONLY",
            IsRefused = true,
        },
        ["out of memory"] = new()
        {
            Strike = it => it.Redis.CommandAsync("CONFIG", "SET", "maxmemory", "1"),
            Mend = it => it.Redis.CommandAsync("CONFIG", "SET", "maxmemory", "0"),
            Event = 3006,
            Metric = "gateway_reconciler_errors_total{kind=\"store\"}",
            Health = "OOM",
            IsRefused = true,
        },
        ["emptied"] = new()
        {
            Strike = it => it.Redis.CommandAsync("FLUSHALL"),
            Event = 3012,
            Metric = "gateway_reconciler_store_losses_total",
            Health = "Redis lost what was written to it",
            IsRefused = null,
        },
        ["restored from an old backup"] = new()
        {
            Prepare = async it => it.Backup = await it.Redis.BackUpAsync(),
            Strike = async it => { await it.Redis.KillAsync(); await it.Redis.StartAgainAsync(it.Backup); },
            Event = 3012,
            Metric = "gateway_explorer_store_losses_total",
            Health = "Redis lost what was written to it",
            IsRefused = null,
        },
        ["replaced by an empty one"] = new()
        {
            Strike = async it => { await it.Redis.CommandAsync("SAVE"); await it.Redis.RestartAsync(keepData: false); },
            Event = 6024,
            Metric = "gateway_explorer_store_losses_total",
            Health = "Redis lost what was written to it",
            IsRefused = null,
        },
        ["a replica that lagged took over"] = new()
        {
            Prepare = it => it.ReplicateAsync(),
            Strike = it => { it.FailOver(); return Task.CompletedTask; },
            Event = 3012,
            Metric = "gateway_reconciler_store_losses_total",
            Health = "Redis lost what was written to it",
            IsRefused = null,
        },
        ["keyspace events switched off"] = new()
        {
            Strike = it => it.Redis.CommandAsync("CONFIG", "SET", "notify-keyspace-events", ""),
            Event = 1004,
            Metric = "gateway_store_events_lapses_total",
            Health = "keyspace events were switched off",
            IsRefused = false,
        },
    };

    [Theory]
    [InlineData("killed")]
    [InlineData("hung")]
    [InlineData("slow")]
    [InlineData("reset")]
    [InlineData("read-only")]
    [InlineData("out of memory")]
    [InlineData("emptied")]
    [InlineData("restored from an old backup")]
    [InlineData("replaced by an empty one")]
    [InlineData("a replica that lagged took over")]
    [InlineData("keyspace events switched off")]
    public async Task Nothing_served_is_lost_and_the_operator_is_told(string what)
    {
        var fault = Faults[what];
        await fault.Prepare(node);
        // What an older state does not know.
        await node.ReserveAsync(node.NextName());
        var (log, metric) = (node.Node.Log.Length, await node.MetricAsync(fault.Metric));
        await using var load = new SteadyLoad(node.Node, FaultedNode.Host, FaultedNode.Host);
        await fault.Strike(node);
        try
        {
            await SufferAsync(fault, log, metric);
        }
        finally
        {
            await fault.Mend(node);
        }

        await node.IsWholeAsync();
        await node.ReserveAsync(node.NextName());
        await node.IsWholeAsync();
        Assert.Equal(0, await load.EndAsync());
        Assert.True(load.Asked > 50, $"only {load.Asked} questions were asked");
    }

    /// <summary>While it lasts: the operator is told in three ways, and a reservation is refused in plain words or taken.</summary>
    private async Task SufferAsync(RedisFault fault, int log, double metric)
    {
        await Programs.EventuallyAsync(() => Task.FromResult(node.Node.Log[log..].Contains($"[{fault.Event}] ", StringComparison.Ordinal)), $"the log says {fault.Event}");
        await Programs.EventuallyAsync(async () => fault.IsTold?.Invoke(await node.MetricAsync(fault.Metric)) ?? await node.MetricAsync(fault.Metric) > metric, $"{fault.Metric} says it");
        await Programs.EventuallyAsync(async () => (await node.Node.AdminAsync("/readyz")) is (200, var page) && page.Contains(fault.Health, StringComparison.Ordinal), $"health says {fault.Health}");
        var outcome = fault.IsRefused is null ? null : await node.TryReserveAsync(node.NextName());
        if (fault.IsRefused is { } isRefused) Assert.Equal(isRefused ? 503 : 201, outcome!.Match(_ => 201, refused => refused.Status, _ => 0));
    }

    private static async Task SignalAsync(RedisServer redis, string signal) => await Programs.RunAsync("kill", [$"-{signal}", redis.ProcessId.ToString(CultureInfo.InvariantCulture)]);
}

/// <summary>What befalls Redis, and how it is told.</summary>
internal sealed class RedisFault
{
    /// <summary>Before what the older state does not know.</summary>
    public Func<FaultedNode, Task> Prepare { get; init; } = _ => Task.CompletedTask;

    public required Func<FaultedNode, Task> Strike { get; init; }

    /// <summary>The operator's part; most mends itself.</summary>
    public Func<FaultedNode, Task> Mend { get; init; } = _ => Task.CompletedTask;

    /// <summary>The number of the line in the log.</summary>
    public required int Event { get; init; }

    public required string Metric { get; init; }

    /// <summary>What the metric says then; without it, more than before.</summary>
    public Func<double, bool>? IsTold { get; init; }

    /// <summary>What a health page says.</summary>
    public required string Health { get; init; }

    /// <summary>Whether a reservation is refused while it lasts; null: it is over before anybody could tell.</summary>
    public required bool? IsRefused { get; init; }
}

/// <summary>A node with a user, a host that is visited, and a Redis that things are done to.</summary>
public sealed class FaultedNode : IAsyncLifetime
{
    public const string Host = "host.gw.test";

    private const string Address = "203.0.113.10";

    private readonly TemporaryDirectory _work = new();
    private readonly ByteServer _web = new(1000, bytesPerSecond: 10_000_000);
    private readonly List<RedisServer> _servers = [];
    private readonly List<string> _names = [];
    private RedisServer? _replica;
    private ReservingUser _user = null!;
    private int _made;

    internal RunningNode Node { get; private set; } = null!;

    internal RedisServer Redis { get; private set; } = null!;

    internal FaultyWire Wire { get; private set; } = null!;

    internal string? Backup { get; set; }

    private int WebPort => IPEndPoint.Parse(_web.Address).Port;

    public async ValueTask InitializeAsync()
    {
        Redis = await StartRedisAsync();
        Wire = new FaultyWire(Redis.Port);
        Node = await RunningNode.StartAsync(_work.File("state"), "--redis", $"redis://127.0.0.1:{Wire.Endpoint().Port}", "--router-allowed-networks", "127.0.0.0/8");
        _user = await ReservingUser.RegisterAsync(Node);
        await ReserveAsync(Host);
    }

    public async ValueTask DisposeAsync()
    {
        _user?.Dispose();
        if (Node is not null) await Node.DisposeAsync();
        if (Wire is not null) await Wire.DisposeAsync();
        foreach (var server in _servers) await server.DisposeAsync();
        await _web.DisposeAsync();
        _work.Dispose();
    }

    /// <summary>A name that nobody asked for before.</summary>
    internal string NextName() => $"n{++_made}.gw.test";

    internal Task<ExplorerOutcome<long>> TryReserveAsync(string name)
    {
        _names.Add(name);
        return ReserveIfTakenAsync();

        async Task<ExplorerOutcome<long>> ReserveIfTakenAsync()
        {
            var outcome = await _user.ReserveNameAsync(name, Address);
            if (outcome is not ExplorerOutcome<long>.Ok || await _user.ReserveVisitorsAsync(name, "127.0.0.1", WebPort) is not ExplorerOutcome<long>.Ok) _names.Remove(name);
            return outcome;
        }
    }

    /// <summary>Reserves a name and its visitors, and waits until both are served.</summary>
    internal async Task ReserveAsync(string name)
    {
        await Programs.EventuallyAsync(async () => (await TryReserveAsync(name)) is ExplorerOutcome<long>.Ok, $"{name} is taken");
        await Programs.EventuallyAsync(() => IsServedAsync(name), $"{name} is served");
    }

    /// <summary>Everything that was ever taken is served, stands in Redis and with the explorer, and nobody has anything to tell.</summary>
    internal async Task IsWholeAsync()
    {
        string? missing = null;
        try
        {
            await Programs.EventuallyAsync(async () => (missing = await MissingAsync()) is null, "everything is as it should be");
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}: {missing}\n{(await Node.AdminAsync("/readyz")).Body}\n{Node.Log}", e);
        }
    }

    private async Task<string?> MissingAsync()
    {
        foreach (var name in _names)
        {
            if (!await IsServedAsync(name)) return $"{name} is not served";
            if (await Redis.TryCommandAsync("HEXISTS", "gw.test.", name.Split('.')[0]) != "1") return $"{name} is not in Redis";
            if (await Redis.TryCommandAsync("EXISTS", RedisSchema.ServiceKey(DomainName.Parse(name))) != "1") return $"the route of {name} is not in Redis";
        }

        if (await Redis.TryCommandAsync("HLEN", RedisSchema.OutboxKey) is not "0" and var waiting) return $"{waiting} reports wait";
        if ((await Node.AdminAsync("/metrics")).Body.Split('\n').FirstOrDefault(it => it.StartsWith("gateway_part_degraded{", StringComparison.Ordinal) && it.EndsWith(" 1", StringComparison.Ordinal)) is { } degraded) return degraded;
        if (await _user.ListAsync() is not { } listed) return "the explorer does not answer";
        var standing = listed.Where(it => it.NextAction == NextAction.Deploy && it.Result.State == ResultState.Ok).Select(it => it.Domain).ToList();
        return standing.Count == 2 * _names.Count ? null : $"the explorer lists {string.Join(' ', standing)} where there should be {string.Join(' ', _names)}, each twice";
    }

    internal async Task ReplicateAsync()
    {
        _replica = await StartRedisAsync();
        await _replica.CommandAsync("REPLICAOF", "127.0.0.1", Redis.Port.ToString(CultureInfo.InvariantCulture));
        await Programs.EventuallyAsync(async () => await _replica.TryCommandAsync("HEXISTS", "gw.test.", "host") == "1", "the replica has copied");
        await _replica.CommandAsync("REPLICAOF", "NO", "ONE");
    }

    internal void FailOver()
    {
        Redis = _replica!;
        Wire.Target = Redis.Port;
        Wire.Reset();
    }

    /// <summary>A metric of the node, all its series together; 0 when there is none.</summary>
    internal async Task<double> MetricAsync(string name) => (await Node.AdminAsync("/metrics")).Body.Split('\n')
        .Where(it => it.StartsWith(name, StringComparison.Ordinal) && it[name.Length..] is ['{' or ' ', ..])
        .Sum(it => double.Parse(it[(it.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private async Task<RedisServer> StartRedisAsync()
    {
        var server = await RedisServer.StartAsync(_work.File($"redis{_servers.Count}"));
        _servers.Add(server);
        return server;
    }

    private async Task<bool> IsServedAsync(string name)
    {
        if (await Resolver.AskAsync(Node.Dns, name) != (0, 1)) return false;
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{Node.Http}/"));
        request.Headers.Host = name;
        using var response = await client.SendAsync(request);
        return response.IsSuccessStatusCode;
    }
}

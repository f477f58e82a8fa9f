using System.Net;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Routes;
using Gateway.Reconciler;
using Gateway.Reconciler.Planning;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>A reconciler between a fake explorer and a real Redis. The keys are those of the recorded vectors.</summary>
internal sealed class Rig : IAsyncDisposable
{
    public static readonly Identity Gateway = Identity.FromSeed("12345678901234567890123456789012"u8);

    public static readonly Identity User7 = Identity.FromSeed("customer-seed-0123456789abcdefgh"u8);

    private readonly RedisConnection _redis;
    private readonly bool _ownsRedis;
    private readonly HttpClient _http = ExplorerClient.CreateHttpClient();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private Rig(FakeExplorer explorer, RedisConnection redis, bool ownsRedis, Action<ReconcilerOptions>? options, TimeSpan? deadline, Uri? url, IPEndPoint? nameServer = null, TimeProvider? time = null, string instance = "", string? copy = null, string[]? domains = null)
    {
        (Explorer, _redis, _ownsRedis) = (explorer, redis, ownsRedis);
        var set = new ReconcilerOptions { PollInterval = TimeSpan.FromMilliseconds(100), ResyncInterval = TimeSpan.FromHours(1), ForeignHosts = ForeignHosts.FirstCome };
        options?.Invoke(set);
        var node = new ReconciledNode(Gateway, [.. (domains ?? ["gw.example.com"]).Select(it => DomainName.Parse(it))], [DomainName.Parse("ns1.example.com")], 18000, "gateway/test", DialRules.PublicOnly) { OwnServers = nameServer is null ? [] : [nameServer], Instance = instance };
        var client = new ExplorerClient(_http, url ?? explorer.Url, ExplorerSigner.Gateway(Gateway), deadline, time);
        Loop = new ReconcileLoop(set, node, redis, client, url ?? explorer.Url, time ?? TimeProvider.System, Log, copy is null ? null : new LastKnownGood(copy, Log));
    }

    public FakeExplorer Explorer { get; }

    /// <summary>What the operator reads.</summary>
    public KeptLog Log { get; } = new();

    public ReconcileLoop Loop { get; }

    public IDatabase Redis => _redis.Database;

    public static async Task<Rig> StartAsync(RedisFixture redis, FakeExplorer explorer, Action<ReconcilerOptions>? options = null, TimeSpan? deadline = null, Uri? url = null, string? copy = null) =>
        Start(explorer, await redis.ConnectAsync(), ownsRedis: true, options, deadline, url, copy: copy);

    /// <summary>One that does not run.</summary>
    public static async Task<Rig> PrepareAsync(RedisFixture redis, FakeExplorer explorer) => new(explorer, await redis.ConnectAsync(), ownsRedis: true, null, null, null);

    public static Rig Start(FakeExplorer explorer, RedisConnection redis, bool ownsRedis, Action<ReconcilerOptions>? options = null, TimeSpan? deadline = null, Uri? url = null, IPEndPoint? nameServer = null, TimeProvider? time = null, string instance = "", string? copy = null, string[]? domains = null)
    {
        var rig = new Rig(explorer, redis, ownsRedis, options, deadline, url, nameServer, time, instance, copy, domains);
        rig._running = Task.Run(() => rig.Loop.RunAsync(rig._stop.Token));
        return rig;
    }

    public static Workload Delegate(long user, string domain) => Of(user, WorkloadType.DomainDelegate) with { Domain = domain };

    public static Workload Subdomain(long user, string domain, params string[] ips) => Of(user, WorkloadType.Subdomain) with { Domain = domain, Ips = ips };

    public static Workload Proxy(long user, string domain, string address = "198.51.100.7") => Of(user, WorkloadType.Proxy) with { Domain = domain, Address = address, Port = 80, PortTls = 443 };

    public static Workload Tunnel(long user, string domain, string secret) =>
        Of(user, WorkloadType.ReverseProxy) with { Domain = domain, Secret = SealedSecret.Encrypt(new Secret(secret), User7, Gateway.PublicKey) };

    public static Workload Of(long user, WorkloadType type) => new()
    {
        CustomerTid = user,
        NodeId = Gateway.Id,
        PoolId = 42,
        WorkloadType = type,
        CustomerSignature = "ab",
        Epoch = new ExplorerDate(1_610_000_000),
    };

    public string? Value(string key, string field) => Redis.HashGet(key, field);

    public string? Value(string key) => Redis.StringGet(key);

    public Task<bool> IsServedAsync(long id) => Redis.HashExistsAsync(RedisSchema.ReservationsKey, $"{id}-1");

    public Task ServedAsync(long id) => Eventually.TrueAsync(() => IsServedAsync(id), $"reservation {id} is served");

    public Task ReportedAsync(long id) => Eventually.TrueAsync(() => Explorer.ResultOf(id) is not null, $"the result of {id} is reported");

    public Task EndedAsync(long id) => Eventually.TrueAsync(() => Explorer.Deleted.Contains($"{id}-1"), $"the end of {id} is reported");

    /// <summary>Everything in Redis but the ledger, as sorted lines.</summary>
    public async Task<string> DumpAsync()
    {
        var lines = new List<string>();
        foreach (var key in ((RedisValue[])(await Redis.ExecuteAsync("KEYS", "*"))!).Select(it => (string)it!))
        {
            if (key.StartsWith("gateway:", StringComparison.Ordinal)) continue;
            if (Redis.KeyType(key) == RedisType.Hash) lines.AddRange(Redis.HashGetAll(key).Select(it => $"{key} {it.Name} {it.Value}".TrimEnd()));
            else if (Redis.KeyType(key) == RedisType.String) lines.Add($"{key} {Redis.StringGet(key)}");
        }

        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Loop.Dispose();
        if (_ownsRedis) await _redis.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
    }
}

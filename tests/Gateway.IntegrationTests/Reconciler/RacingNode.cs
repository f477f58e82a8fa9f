using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Explorer;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Reconciler;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>One of several nodes over one Redis: a reservation API of its own, and a reconciler that works for it. Nothing limits its users.</summary>
internal sealed class RacingNode : IAsyncDisposable
{
    private readonly ExplorerFixture _explorer;
    private readonly string _instance;
    private readonly RedisConnection _redis;
    private readonly CancellationTokenSource _stop = new();
    private readonly ExplorerServer _server;
    private readonly Task _serving;
    private CancellationTokenSource _stopReconciling = new();
    private ReconcileLoop _loop;
    private Task _reconciling;

    private RacingNode(ExplorerFixture explorer, string instance, RedisConnection redis)
    {
        (_explorer, _instance, _redis) = (explorer, instance, redis);
        (_server, _serving) = ExplorerFixture.Start(new ExplorerOptions { RatePerKey = 0, WorkloadsPerUser = 0, ReservationsPerMinute = 0 }, redis, _stop.Token);
        (_loop, _reconciling) = Reconcile();
    }

    public Uri Root => new($"http://{_server.Bound[0]}");

    /// <summary>True while this node's reconciler has the lease, and not the other's.</summary>
    public bool IsWriter => _loop.Status is { IsLoaded: true, StandsBehind: null };

    public static async Task<RacingNode> StartAsync(ExplorerFixture explorer, string instance) => new(explorer, instance, await explorer.Redis.ConnectAsync());

    /// <summary>The reconciler ends and gives the lease back.</summary>
    public async Task EndReconcilerAsync()
    {
        await _stopReconciling.CancelAsync();
        await _reconciling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _loop.Dispose();
        _stopReconciling.Dispose();
    }

    /// <summary>Another one begins, after the first has ended.</summary>
    public void BeginReconciler()
    {
        _stopReconciling = new CancellationTokenSource();
        (_loop, _reconciling) = Reconcile();
    }

    public async ValueTask DisposeAsync()
    {
        await EndReconcilerAsync();
        await _stop.CancelAsync();
        await _serving;
        await _server.DisposeAsync();
        await _redis.DisposeAsync();
        _stop.Dispose();
    }

    private (ReconcileLoop Loop, Task Running) Reconcile()
    {
        var node = new ReconciledNode(_explorer.Gateway, [DomainName.Parse("gw.example.com")], [DomainName.Parse("ns1.example.com")], 18000, "gateway/test", DialRules.PublicOnly) { Instance = _instance };
        var options = new ReconcilerOptions { SubdomainsPerUser = 0, NamesPerUser = 0 };
        var client = new ExplorerClient(_explorer.Http, Root, ExplorerSigner.Gateway(_explorer.Gateway), TimeSpan.FromSeconds(60));
        var loop = new ReconcileLoop(options, node, _redis, client, Root, TimeProvider.System, NullLoggerFactory.Instance);
        var feed = new ChangeFeed(_redis, [loop.Doorbell], new ChangeFeedOptions(), TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        return (loop, Task.WhenAll(feed.RunAsync(_stopReconciling.Token), loop.RunAsync(_stopReconciling.Token)));
    }
}

using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Whatever is missing when the reconciler starts: it begins with what is there, and goes on when the rest comes.</summary>
public sealed class StartOrderTests(RedisFixture redis) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    public async ValueTask InitializeAsync() => await redis.FlushAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_explorer_comes_later()
    {
        var port = FreePort();
        await using var elsewhere = await FakeExplorer.StartAsync();
        await using var rig = await Rig.StartAsync(redis, elsewhere, url: new Uri($"http://127.0.0.1:{port}"));
        await Eventually.TrueAsync(() => rig.Loop.Status is { IsLoaded: true, ExplorerFault: not null, IsRegistered: false }, "it stands without the explorer");
        await using var late = await FakeExplorer.StartAsync(port);
        await rig.ServedAsync(late.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")));
        await Eventually.TrueAsync(() => rig.Loop.Status is { ExplorerFault: null, IsRegistered: true }, "it is listed");
    }

    [Fact]
    public async Task Redis_comes_later()
    {
        await using var explorer = await FakeExplorer.StartAsync();
        var directory = Directory.CreateTempSubdirectory("gateway-redis-").FullName;
        using var end = new CancellationTokenSource();
        await using var own = new PrivateRedis(directory, 0, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Null(await own.StartAsync(TestContext.Current.CancellationToken));
        System.Diagnostics.Process.GetProcessById(own.ProcessId!.Value).Kill();
        await using var connection = RedisConnection.Open(own.Endpoint, TimeProvider.System, NullLoggerFactory.Instance);
        await using (var rig = Rig.Start(explorer, connection, ownsRedis: false))
        {
            var id = explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
            await Eventually.TrueAsync(() => rig.Loop.Status.StoreFault is { Length: > 0 } fault && fault != "not read yet", "it says that Redis is away");
            Assert.Null(explorer.Registered);
            var running = own.RunAsync(end.Token);
            await rig.ReportedAsync(id);
            await Eventually.TrueAsync(() => explorer.Registered is not null, "it is listed");
            await end.CancelAsync();
            await running;
        }

        Directory.Delete(directory, recursive: true);
    }

    // 192.0.2.0/24 is nobody's (RFC 5737): without a route the system says so, with one nobody answers.
    [Fact]
    public async Task Without_a_way_to_the_explorer_what_Redis_keeps_is_served_and_mended()
    {
        await using var explorer = await FakeExplorer.StartAsync();
        await using (var before = await Rig.StartAsync(redis, explorer))
            await before.ReportedAsync(explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")));
        await using var rig = await Rig.StartAsync(redis, explorer, deadline: TimeSpan.FromMilliseconds(300), url: new Uri("http://192.0.2.1:9"));
        await Eventually.TrueAsync(() => rig.Loop.Status is { IsLoaded: true, Served: 1, ExplorerFault: not null }, "it serves what it has");
        await rig.Redis.HashDeleteAsync("gw.example.com.", "a");
        rig.Loop.CompareNow();
        await Eventually.TrueAsync(() => rig.Value("gw.example.com.", "a") is not null, "the record is back");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

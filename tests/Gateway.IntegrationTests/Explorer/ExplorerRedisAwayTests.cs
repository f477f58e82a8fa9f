using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>Redis goes away under the explorer, or was never there.</summary>
public sealed class ExplorerRedisAwayTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    private const string Away = "the explorer's store cannot be reached at the moment: try again soon";

    [Fact]
    [Trait("adv", "R3")]
    public async Task Nothing_acknowledged_is_lost_when_Redis_is_killed_under_load()
    {
        var user = await explorer.UserAsync("faithful.3bot");
        var acknowledged = new ConcurrentBag<long>();
        var refusals = new ConcurrentBag<ExplorerOutcome<long>>();
        using var enough = new CancellationTokenSource();
        var load = Task.WhenAll(Enumerable.Range(0, 4).Select(ReserveAsync));
        await Eventually.TrueAsync(() => acknowledged.Count >= 20, "the load runs");
        await KillRedisAsync();
        var then = acknowledged.Count;
        await Eventually.TrueAsync(() => acknowledged.Count >= then + 20, "reservations succeed again");
        await enough.CancelAsync();
        await load;

        // A request that was under way may have been done or not; its user learns that it is not certain.
        Assert.All(refusals, refusal => Assert.Equal((503, Away), Refusal(refusal)));
        var stored = await explorer.Connection.Database.HashKeysAsync(RedisSchema.ExplorerWorkloadsKey);
        Assert.Equal(acknowledged.Count, acknowledged.Distinct().Count());
        Assert.Subset(stored.Select(id => (long)id).ToHashSet(), acknowledged.ToHashSet());
        Assert.Equal(stored.Max(id => (long)id), (long)await explorer.Connection.Database.StringGetAsync(RedisSchema.ExplorerWorkloadCounterKey));

        async Task ReserveAsync(int worker)
        {
            for (var i = 0; !enough.IsCancellationRequested; i++)
            {
                var outcome = await user.Client.CreateWorkloadAsync(user.Subdomain($"w{worker}x{i}.gw.example.com"), Stop);
                if (outcome is ExplorerOutcome<long>.Ok ok) acknowledged.Add(ok.Value);
                else refusals.Add(outcome);
            }
        }
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task A_Redis_that_is_not_there_is_a_503_at_once()
    {
        using var stop = new CancellationTokenSource();
        await using var nowhere = RedisConnection.Open(new RedisEndpoint("127.0.0.1", FreePort(), null, default, 0), TimeProvider.System, NullLoggerFactory.Instance);
        var (server, running) = Start(new ExplorerOptions(), nowhere, stop.Token);
        await using (server)
        {
            using var response = await explorer.Http.GetAsync(new Uri($"http://{server.Bound[0]}/api/v1/users/1"), Stop);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "1"), (response.StatusCode, response.Headers.RetryAfter!.ToString()));
            Assert.Equal($"{{\"error\":\"{Away}\"}}\n", await response.Content.ReadAsStringAsync(Stop));
            await stop.CancelAsync();
            await running;
        }
    }

    private async Task KillRedisAsync()
    {
        var server = (string?)await explorer.Connection.Database.ExecuteAsync("INFO", "server");
        var id = int.Parse(server!.Split('\n').Single(line => line.StartsWith("process_id:", StringComparison.Ordinal))["process_id:".Length..], null);
        using var redis = Process.GetProcessById(id);
        redis.Kill();
        await redis.WaitForExitAsync(Stop);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

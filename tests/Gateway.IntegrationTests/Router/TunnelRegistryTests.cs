using System.Text.Json;
using Gateway.IntegrationTests.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>What Redis says of the tunnels that a node holds.</summary>
public sealed class TunnelRegistryTests(RedisFixture fixture) : IClassFixture<RedisFixture>
{
    private static readonly string Tunnel = RedisSchema.TunnelId(new Secret(RunningClient.Secret));

    [Fact]
    public async Task A_held_tunnel_stands_in_Redis_with_an_end_and_goes_with_its_client()
    {
        await using var redis = await fixture.ConnectAsync();
        var key = RedisSchema.TunnelKey(Tunnel, "node-a");
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        router.Tunnel("hello.gw.test", RunningClient.Secret);
        using var stop = new CancellationTokenSource();
        var registering = router.RegisterTunnelsAsync(redis, "node-a", stop.Token);
        await using (var client = new RunningClient(RunningClient.Options(service.Port, router.Tunnels.Port) with { Name = "web-1" }))
        {
            await Eventually.TrueAsync(() => redis.Database.KeyExistsAsync(key), "the tunnel is registered");
            var value = (string)(await redis.Database.StringGetAsync(key))!;
            var held = JsonDocument.Parse(value).RootElement;
            Assert.Equal("web-1", held.GetProperty("sessions")[0].GetProperty("name").GetString());
            Assert.DoesNotContain(RunningClient.Secret, value + key, StringComparison.Ordinal);
            Assert.InRange((await redis.Database.KeyTimeToLiveAsync(key))!.Value.TotalSeconds, 1, 60);
        }

        await Eventually.TrueAsync(async () => !await redis.Database.KeyExistsAsync(key), "the tunnel is registered no more");
        await using var again = new RunningClient(service.Port, router.Tunnels.Port);
        await Eventually.TrueAsync(() => redis.Database.KeyExistsAsync(key), "the tunnel is registered again");
        await stop.CancelAsync();
        await registering;
        Assert.False(await redis.Database.KeyExistsAsync(key));
    }

    [Fact, Trait("adv", "T2")]
    public async Task A_process_that_slept_cannot_take_back_what_its_successor_said()
    {
        await using var redis = await fixture.ConnectAsync();
        var key = RedisSchema.TunnelKey(Tunnel, "node-b");
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        router.Tunnel("hello.gw.test", RunningClient.Secret);
        using var stop = new CancellationTokenSource();
        var old = router.RegisterTunnelsAsync(redis, "node-b", stop.Token);
        await using var client = new RunningClient(service.Port, router.Tunnels.Port);
        await Eventually.TrueAsync(() => redis.Database.KeyExistsAsync(key), "the tunnel is registered");
        var successor = RedisSchema.EncodeTunnel(new TunnelHolding("node-b", long.MaxValue / 1024, []));
        await redis.Database.StringSetAsync(key, successor);
        await stop.CancelAsync();
        await old;
        Assert.Equal(successor, (string)(await redis.Database.StringGetAsync(key))!);
    }
}

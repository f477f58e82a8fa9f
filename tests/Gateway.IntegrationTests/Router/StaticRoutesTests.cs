using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>The operator's own routes, beside those of Redis.</summary>
public sealed class StaticRoutesTests(RedisFixture redis) : IClassFixture<RedisFixture>, IDisposable
{
    private const string Host = "www.example.org";
    private static readonly string[] Key = [RedisSchema.ServiceKey(DomainName.Parse(Host))];
    private readonly LogLines _log = new();
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public async Task They_come_before_those_of_Redis_and_give_way_when_they_are_taken_out()
    {
        await redis.FlushAsync();
        await using var connection = await redis.ConnectAsync();
        await SetAsync(connection, "192.0.2.1");
        Write("""{"www.example.org": {"addr":"10.0.0.5","tlsport":443}, "only.example.org": {"addr":"10.0.0.6","tlsport":443}}""");
        using var feed = new RouteFeed(connection, null, TimeProvider.System, _log.CreateLogger<RouteFeed>(), new StaticRoutes(_file));
        await feed.ReloadAsync(CancellationToken.None);
        await feed.CompareAsync(CancellationToken.None);
        Assert.Equal(("10.0.0.5", 2), (AddressOf(feed), feed.Count));
        await SetAsync(connection, "192.0.2.2");
        await feed.ApplyAsync([new KeyChange(Key[0], null)], CancellationToken.None);
        await connection.Database.KeyDeleteAsync(Key[0]);
        await feed.ApplyAsync([new KeyChange(Key[0], null)], CancellationToken.None);
        Assert.Equal("10.0.0.5", AddressOf(feed));
        await SetAsync(connection, "192.0.2.3");
        Write("{}");
        await feed.ReloadAsync(CancellationToken.None);
        Assert.Equal(("192.0.2.3", 1), (AddressOf(feed), feed.Count));
    }

    [Fact]
    public async Task A_file_that_cannot_be_used_keeps_the_last_good_routes_and_says_why()
    {
        Write("""{"www.example.org": {"addr":"10.0.0.5","tlsport":443}}""");
        using var feed = NewFeed();
        await feed.ReloadAsync(CancellationToken.None);
        Write("""{"www.example.org": {"addr":"10.0.0.5","tlsprot":443}}""");
        await feed.ReloadAsync(CancellationToken.None);
        File.Delete(_file);
        await feed.ReloadAsync(CancellationToken.None);
        Assert.Equal("10.0.0.5", AddressOf(feed));
        Assert.Contains(_log.Lines, line => line.Contains("'tlsprot' is unknown", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("cannot be read", StringComparison.Ordinal));
    }

    [Fact, Trait("adv", "S1")]
    public async Task They_may_lead_to_private_addresses_which_those_of_tenants_may_not()
    {
        await using var inside = Upstream.Echo();
        Write($$"""{"www.example.org": {"addr":"127.0.0.1","tlsport":{{inside.EndPoint.Port}} } }""");
        var feed = NewFeed();
        await feed.ReloadAsync(CancellationToken.None);
        await using var router = new RouterHarness(options => options.AllowedNetworks = [], feed);
        router.Dial("tenant.example.org", inside.EndPoint);
        Assert.True(await TlsVisitor.IsEchoedAsync(router, Host));
        Assert.False(await TlsVisitor.IsEchoedAsync(router, "tenant.example.org"));
        await router.LineAsync("tenant.example.org", "Forbidden");
    }

    [Fact, Trait("adv", "S3")]
    public async Task Nobody_leads_back_to_the_visitors_listeners_and_no_tenant_to_the_nodes_other_ports()
    {
        await using var redisOfTheNode = Upstream.Echo();
        var feed = NewFeed();
        await using var router = new RouterHarness(null, feed);
        router.Protect(redisOfTheNode.EndPoint);
        router.Dial("tenant.example.org", redisOfTheNode.EndPoint);
        Assert.False(await TlsVisitor.IsEchoedAsync(router, "tenant.example.org"));
        Write($$"""{"www.example.org": {"addr":"127.0.0.1","tlsport":{{redisOfTheNode.EndPoint.Port}} }, "loop.example.org": {"addr":"127.0.0.1","tlsport":{{router.Tls.Port}} } }""");
        await feed.ReloadAsync(CancellationToken.None);
        Assert.True(await TlsVisitor.IsEchoedAsync(router, Host));
        Assert.False(await TlsVisitor.IsEchoedAsync(router, "loop.example.org"));
        await router.LineAsync("loop.example.org", "Forbidden");
    }

    [Fact]
    public void The_options_are_checked_together_with_the_file()
    {
        Write("""{"www.example.org": {}}""");
        Assert.Contains("neither an address nor a secret", Assert.Single(new RouterOptions { Routes = _file }.Faults()).Text, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private RouteFeed NewFeed() => new(null, null, TimeProvider.System, _log.CreateLogger<RouteFeed>(), new StaticRoutes(_file));

    private void Write(string json) => File.WriteAllText(_file, json);

    private static async Task SetAsync(RedisConnection connection, string address) =>
        await connection.Database.StringSetAsync(Key[0], RedisSchema.EncodeService(new Route(DomainName.Parse(Host), new Target.Dial(address, 80, 443), "7")).Value);

    private static string AddressOf(RouteFeed feed) => Assert.IsType<Target.Dial>(feed.Table.Find(DomainName.Parse(Host))!.Route.Target).Address;
}

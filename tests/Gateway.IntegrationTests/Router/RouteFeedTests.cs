using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router;
using Gateway.Store;
using Gateway.UnitTests.Router;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.IntegrationTests.Router;

public sealed class RouteFeedTests(RedisFixture redis) : IClassFixture<RedisFixture>, IDisposable
{
    private static readonly DomainName Host = DomainName.Parse("www.user7.org");
    private readonly LogLines _log = new();

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task Everything_in_Redis_is_routed_and_what_is_gone_is_not()
    {
        await using var connection = await StartAsync();
        using var feed = NewFeed(connection);
        for (var i = 0; i < 2500; i++) await PutAsync(connection, $"h{i}.example", $"192.0.2.{i % 250}");
        await feed.CompareAsync(CancellationToken.None);
        Assert.Equal(2500, feed.Count);
        await connection.Database.KeyDeleteAsync(RedisSchema.ServiceKey(DomainName.Parse("h7.example")));
        await PutAsync(connection, "h8.example", "198.51.100.8");
        await feed.CompareAsync(CancellationToken.None);
        Assert.Equal(2499, feed.Count);
        Assert.Null(feed.Table.Find(DomainName.Parse("h7.example")));
        Assert.Equal("198.51.100.8", AddressOf(feed, "h8.example"));
    }

    [Fact]
    public async Task Few_changes_have_a_line_each_and_many_at_once_one_for_all()
    {
        await using var connection = await StartAsync();
        using var feed = NewFeed(connection);
        for (var i = 0; i < 20; i++) await PutAsync(connection, $"h{i}.example", "192.0.2.1");
        await feed.CompareAsync(CancellationToken.None);
        Assert.Equal(20, Lines("is now 192.0.2.1"));
        for (var i = 0; i < 21; i++) await PutAsync(connection, $"h{i}.example", "192.0.2.2");
        await feed.CompareAsync(CancellationToken.None);
        Assert.Equal((0, 1), (Lines("is now 192.0.2.2"), Lines("21 routes changed and 0 were deleted")));
        await connection.Database.KeyDeleteAsync(RedisSchema.ServiceKey(DomainName.Parse("h7.example")));
        await ApplyAsync(feed, DomainName.Parse("h7.example"));
        Assert.Equal(1, Lines("The route of h7.example was deleted"));

        int Lines(string text) => _log.Lines.Count(line => line.Contains(text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_value_that_cannot_be_read_keeps_the_last_good_route()
    {
        await using var connection = await StartAsync();
        using var feed = NewFeed(connection);
        await PutAsync(connection, "www.user7.org", "192.0.2.1");
        await ApplyAsync(feed, Host);
        foreach (var value in new[] { "xx", "", """{"Key":"k","Value":"###"}""", RedisSchema.EncodeService(new Route(Host, new Target.Dial("", 1, 1), "7")).Value })
        {
            await connection.Database.StringSetAsync(RedisSchema.ServiceKey(Host), value);
            await ApplyAsync(feed, Host);
            await feed.CompareAsync(CancellationToken.None);
            Assert.Equal("192.0.2.1", AddressOf(feed, "www.user7.org"));
        }

        await connection.Database.KeyDeleteAsync(RedisSchema.ServiceKey(Host));
        await connection.Database.HashSetAsync(RedisSchema.ServiceKey(Host), "a", "b");
        await ApplyAsync(feed, Host);
        Assert.Equal("192.0.2.1", AddressOf(feed, "www.user7.org"));
        Assert.Equal(9, _log.Lines.Count(line => line.Contains("cannot be read", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_deleted_key_is_a_deleted_route_and_cuts_its_visitors()
    {
        await using var connection = await StartAsync();
        using var feed = NewFeed(connection);
        await PutAsync(connection, "www.user7.org", "192.0.2.1");
        await ApplyAsync(feed, Host);
        var gone = feed.Table.Find(Host)!.Gone;
        await connection.Database.KeyDeleteAsync(RedisSchema.ServiceKey(Host));
        await ApplyAsync(feed, Host);
        Assert.True(gone.IsCancellationRequested);
        Assert.Equal(0, feed.Count);
    }

    [Fact]
    public async Task A_key_in_capitals_is_read_and_the_canonical_one_wins()
    {
        await using var connection = await StartAsync();
        using var feed = NewFeed(connection);
        var (_, value) = RedisSchema.EncodeService(new Route(Host, new Target.Dial("192.0.2.9", 80, 443), "7"));
        await connection.Database.StringSetAsync("/tcprouter/service/WWW.User7.org", value);
        await feed.ApplyAsync([new KeyChange("/tcprouter/service/WWW.User7.org", null)], CancellationToken.None);
        Assert.Equal("192.0.2.9", AddressOf(feed, "www.user7.org"));
        await PutAsync(connection, "www.user7.org", "192.0.2.1");
        await feed.CompareAsync(CancellationToken.None);
        Assert.Equal("192.0.2.1", AddressOf(feed, "www.user7.org"));
    }

    [Fact]
    public async Task Without_Redis_nothing_is_emptied()
    {
        var connection = await StartAsync();
        using var feed = NewFeed(connection);
        await PutAsync(connection, "www.user7.org", "192.0.2.1");
        await feed.CompareAsync(CancellationToken.None);
        await connection.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => feed.CompareAsync(CancellationToken.None));
        await Assert.ThrowsAnyAsync<Exception>(() => ApplyAsync(feed, Host));
        Assert.Equal("192.0.2.1", AddressOf(feed, "www.user7.org"));
    }

    [Fact]
    public async Task The_last_good_routes_are_served_by_a_start_without_Redis()
    {
        var file = Path.Combine(redis.Directory, "routes.lkg");
        await using var connection = await StartAsync();
        using var feed = NewFeed(connection, new LastKnownGood(file, _log));
        using var stop = new CancellationTokenSource();
        var saving = feed.RunAsync(stop.Token);
        await PutAsync(connection, "www.user7.org", "192.0.2.1");
        await connection.Database.StringSetAsync(
            RedisSchema.ServiceKey(DomainName.Parse("t.user7.org")), RedisSchema.EncodeService(new Route(DomainName.Parse("t.user7.org"), new Target.Tunnel(new Secret("7:s")), "7")).Value);
        await feed.CompareAsync(CancellationToken.None);
        await stop.CancelAsync();
        await saving;
        using var alone = NewFeed(null, new LastKnownGood(file, _log));
        alone.Restore();
        Assert.Equal("192.0.2.1", AddressOf(alone, "www.user7.org"));
        Assert.True(alone.Table.Knows(new Secret("7:s"), out _));
        Assert.Contains(_log.Lines, line => line.Contains("Serving 2 routes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_set_by_anybody_is_routed_and_a_deleted_one_cuts_its_running_connections()
    {
        await using var connection = await StartAsync();
        await using var upstream = Upstream.Echo();
        var feed = NewFeed(connection);
        await using var router = new RouterHarness(null, feed);
        using var stop = new CancellationTokenSource();
        var following = new ChangeFeed(connection, [feed], new ChangeFeedOptions(), TimeProvider.System, _log.CreateLogger<ChangeFeed>()).RunAsync(stop.Token);
        var (key, value) = RedisSchema.EncodeService(new Route(Host, new Target.Dial("127.0.0.1", 0, upstream.EndPoint.Port), "7"));
        await connection.Database.StringSetAsync(key, value);
        await Eventually.TrueAsync(() => feed.Count == 1, "the route is known");
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Host.ToString());
        await visitor.SendAllAsync(hello);
        Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        await connection.Database.KeyDeleteAsync(key);
        await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        await router.LineAsync(Host.ToString(), "Deleted");
        await stop.CancelAsync();
        await following;
    }

    private async Task<RedisConnection> StartAsync()
    {
        await redis.FlushAsync();
        return await redis.ConnectAsync();
    }

    private RouteFeed NewFeed(RedisConnection? connection, LastKnownGood? file = null) =>
        new(connection, file, TimeProvider.System, _log.CreateLogger<RouteFeed>());

    private static Task ApplyAsync(RouteFeed feed, DomainName host) =>
        feed.ApplyAsync([new KeyChange(RedisSchema.ServiceKey(host), null)], CancellationToken.None);

    private static async Task PutAsync(RedisConnection connection, string host, string address)
    {
        var (key, value) = RedisSchema.EncodeService(new Route(DomainName.Parse(host), new Target.Dial(address, 80, 443), "7"));
        await connection.Database.StringSetAsync(key, value);
    }

    private static string AddressOf(RouteFeed feed, string host) =>
        Assert.IsType<Target.Dial>(feed.Table.Find(DomainName.Parse(host))!.Route.Target).Address;
}

using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

public sealed class RouteRulesTests
{
    private const string Name = "shop.example.org";

    [Fact]
    public async Task Several_upstreams_take_turns_and_a_dead_one_is_passed_over()
    {
        await using var upstream = Upstream.Echo();
        using var dead = new Socket(SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.3"), upstream.EndPoint.Port));
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial("127.0.0.3", 0, upstream.EndPoint.Port) { More = new EquatableList<string>(["127.0.0.1"]) });
        for (var i = 0; i < 6; i++)
        {
            using var visitor = await RouterHarness.ConnectAsync(router.Tls);
            var hello = Hello.For(Name);
            await visitor.SendAllAsync(hello);
            Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        }

        Assert.Equal(6, upstream.Accepted);
    }

    [Fact]
    public async Task A_silent_connection_is_cut_after_the_routes_own_idle_time()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial("127.0.0.1", 0, upstream.EndPoint.Port), new RouteRules { IdleSeconds = 1 });
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        await visitor.SendAllAsync(Hello.For(Name));
        await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        await router.LineAsync(Name, "Idle");
    }

    [Fact]
    public async Task A_frozen_route_cuts_who_is_there_and_refuses_everybody_until_it_is_thawed()
    {
        await using var upstream = Upstream.Echo();
        await using var web = await WebUpstream.SayAsync("hello");
        await using var router = new RouterHarness();
        var target = new Target.Dial("127.0.0.1", web.EndPoint.Port, upstream.EndPoint.Port);
        router.Put(Name, target);
        var hello = Hello.For(Name);
        using var running = await RouterHarness.ConnectAsync(router.Tls);
        await running.SendAllAsync(hello);
        Assert.Equal(hello, await running.ReceiveExactlyAsync(hello.Length));

        router.Put(Name, target, new RouteRules { IsFrozen = true });
        await router.LineAsync(Name, "Deleted");
        using (var refused = await RouterHarness.ConnectAsync(router.Tls))
        {
            await refused.SendAllAsync(hello);
            // A fatal alert, unrecognized_name.
            Assert.Equal([21, 3, 3, 0, 2, 2, 112], await refused.ReceiveExactlyAsync(7));
        }

        await router.LineAsync(Name, "Frozen");
        using (var visitor = await RouterHarness.ConnectAsync(router.Http))
            Assert.StartsWith("HTTP/1.1 451 ", await RawHttp.AskAsync(visitor, $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n"), StringComparison.Ordinal);

        router.Put(Name, target);
        using var back = await RouterHarness.ConnectAsync(router.Http);
        Assert.Contains("hello", await RawHttp.AskAsync(back, $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory, Trait("adv", "H14")]
    [InlineData("/.well-known/acme-challenge/")]
    [InlineData("/.well-known/acme-challenge/../admin")]
    [InlineData("/.well-known/acme-challenge/%2e%2e/admin")]
    [InlineData("/.well-known/acme-challenge/..;/admin")]
    [InlineData("/.well-known/acme-challenge/..%2fadmin")]
    [InlineData("/.well-known/acme-challenge/..\\admin")]
    [InlineData("/.well-known/acme-challenge/..%5cadmin")]
    [InlineData("/.well-known/acme-challenge/a/b")]
    [InlineData("/.well-known/acme-challenge//a")]
    [InlineData("/.well-known//acme-challenge/a")]
    [InlineData("/.well-known/acme-challenge")]
    [InlineData("/.well-known/acme-challenges/a")]
    [InlineData("/.WELL-KNOWN/acme-challenge/a")]
    public async Task A_path_that_somebody_might_read_otherwise_is_no_ACME_challenge(string path)
    {
        await using var web = await WebUpstream.SayAsync("inside");
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial("127.0.0.1", web.EndPoint.Port, 0), new RouteRules { RedirectToHttps = true });
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var answer = await RawHttp.AskAsync(visitor, $"GET {path} HTTP/1.1\r\nHost: {Name}\r\n\r\n");
        Assert.DoesNotContain("inside", answer, StringComparison.Ordinal);
        Assert.Matches("^HTTP/1.1 (308|400) ", answer);
    }

    [Fact]
    public async Task A_route_that_wants_HTTPS_redirects_everything_but_ACME_challenges()
    {
        await using var web = await WebUpstream.SayAsync("token");
        await using var router = new RouterHarness(options => options.HttpsPort = 8443);
        router.Put(Name, new Target.Dial("127.0.0.1", web.EndPoint.Port, 0), new RouteRules { RedirectToHttps = true });
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var answer = await RawHttp.AskAsync(visitor, $"POST /a%20b?c=d HTTP/1.1\r\nHost: {Name}:80\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 308 ", answer, StringComparison.Ordinal);
        Assert.Contains($"Location: https://{Name}:8443/a%20b?c=d\r\n", answer, StringComparison.Ordinal);
        answer = await RawHttp.AskAsync(visitor, $"GET //evil.example/%0d%0a HTTP/1.1\r\nHost: {Name}\r\n\r\n");
        Assert.Contains($"Location: https://{Name}:8443//evil.example/%0d%0a\r\n", answer, StringComparison.Ordinal);
        answer = await RawHttp.AskAsync(visitor, $"GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: {Name}\r\n\r\n");
        Assert.Contains("token", answer, StringComparison.Ordinal);
    }
}

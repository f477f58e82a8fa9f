using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Router;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>What the operator sees moving, host by host.</summary>
public sealed class HostTrafficTests
{
    private static readonly DomainName Name = DomainName.Parse("shop.example.org");

    [Fact]
    public async Task Bytes_of_a_connection_are_counted_while_it_runs_and_again_when_it_goes_through_a_tunnel()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Dial(Name.ToString(), upstream.EndPoint);
        var hello = Hello.For(Name.ToString());
        using (var visitor = await RouterHarness.ConnectAsync(router.Tls))
        {
            await visitor.SendAllAsync(hello);
            await Eventually.TrueAsync(() => Count(router)?.Bytes == 2 * hello.Length, "both directions are counted");
            Assert.Equal((1, 1), (Count(router)!.Visits, Count(router)!.Present));
        }

        await Eventually.TrueAsync(() => Count(router)!.Present == 0, "the visitor has left");
        router.Tunnel(Name.ToString(), "7:hush");
        await using var tunnel = await TunnelClient.ConnectAsync(router, "7:hush", upstream.EndPoint);
        await router.LineAsync("is up");
        Assert.True(await TlsVisitor.IsEchoedAsync(router, Name.ToString()));
        await Eventually.TrueAsync(() => Count(router) is { Visits: 2, Present: 0 } count && count.Bytes == 4 * hello.Length, "the tunnel's visitor is counted");
        Assert.Equal((2 * hello.Length, 2 * hello.Length, 0), (router.Traffic.Tls.ToUpstream, router.Traffic.Tls.ToVisitor, router.Traffic.Http.Value));
    }

    [Fact]
    public async Task Requests_are_counted_for_the_route_that_serves_them()
    {
        var page = new string('x', 500);
        await using var web = await WebUpstream.SayAsync(page);
        await using var router = new RouterHarness();
        router.Dial("*.example.org", web.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        for (var i = 0; i < 3; i++) Assert.Contains(page, await RawHttp.AskAsync(visitor, "GET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n"), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => router.Traffic.Hosts.SingleOrDefault() is { Value: { Visits: 3, Present: 0 } count } && count.Bytes > 1_500, "three requests are counted");
        Assert.Equal(DomainName.Parse("*.example.org"), router.Traffic.Hosts.Single().Key);
        Assert.True(router.Traffic.Http.ToVisitor > 1_500 && router.Traffic.Http.ToUpstream > 0 && router.Traffic.Bytes == router.Traffic.Http.Value, "the node's total has them");
    }

    [Fact]
    public void More_hosts_than_anybody_looks_at_are_counted_together()
    {
        var traffic = new HostTraffic();
        for (var i = 0; i < 3_000; i++) traffic.Of(DomainName.Parse($"h{i}.example.org")).Http.Add(1, 0);
        Assert.Equal(2_000, traffic.Hosts.Count());
        Assert.Equal(1_000, traffic.Of(DomainName.Parse("one.more.example.org")).Bytes);
        traffic.Forget(DomainName.Parse("h0.example.org"));
        Assert.Equal(3_000, traffic.Bytes);
        Assert.Equal(0, traffic.Of(DomainName.Parse("one.more.example.org")).Bytes);
    }

    private static HostCount? Count(RouterHarness router) => router.Traffic.Hosts.Where(it => it.Key == Name).Select(it => it.Value).SingleOrDefault();
}

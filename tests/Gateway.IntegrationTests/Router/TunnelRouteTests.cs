using System.Net.Sockets;
using Gateway.Model.Routes;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>What becomes of a tunnel, and of the visitors in it, when the routes that lead there change.</summary>
public sealed class TunnelRouteTests
{
    private const string Name = "hello.gw.test";
    private const string Secret = "7:hush";

    [Fact]
    public async Task A_deleted_route_ends_its_tunnel_and_its_visitors()
    {
        await using var stage = await EchoTunnel.UpAsync(Name, Secret);
        var (router, tunnel) = (stage.Router, stage.Client);
        using var visitor = await TlsVisitor.OpenAsync(router, Name);
        router.Delete(Name);
        await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        await router.LineAsync("tunnel 1", "RouteDeleted");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_changed_route_lets_the_visitors_of_its_old_tunnel_finish_and_closes_it_behind_them(bool isToAddress)
    {
        await using var stage = await EchoTunnel.UpAsync(Name, Secret);
        var (router, tunnel) = (stage.Router, stage.Client);
        using var visitor = await TlsVisitor.OpenAsync(router, Name);
        if (isToAddress) router.Dial(Name, stage.EndPoint);
        else router.Tunnel(Name, "7:other");
        await tunnel.GoingAway.WaitAsync(TimeSpan.FromSeconds(30));
        await using var guess = await stage.ConnectAsync(Secret);
        await guess.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        if (isToAddress) (await TlsVisitor.OpenAsync(router, Name)).Dispose();
        Assert.Equal(1, tunnel.Visitors);

        Assert.Equal("still here"u8.ToArray(), await TlsVisitor.SayLastAsync(visitor, "still here"u8.ToArray()));
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        await router.LineAsync("tunnel 1", "RouteChanged");
    }

    [Fact]
    public async Task A_changed_route_closes_a_tunnel_without_visitors_at_once()
    {
        await using var stage = await EchoTunnel.UpAsync(Name, Secret);
        var (router, tunnel) = (stage.Router, stage.Client);
        router.Dial(Name, stage.EndPoint);
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_route_that_is_deleted_or_frozen_after_its_change_ends_the_visitors_of_its_old_tunnel(bool isFrozen)
    {
        await using var stage = await EchoTunnel.UpAsync(Name, Secret);
        var (router, tunnel) = (stage.Router, stage.Client);
        using var visitor = await TlsVisitor.OpenAsync(router, Name);
        router.Dial(Name, stage.EndPoint);
        if (isFrozen) router.Put(Name, new Target.Dial("127.0.0.1", 0, stage.EndPoint.Port), new RouteRules { IsFrozen = true });
        else router.Delete(Name);
        await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_deleted_route_leaves_the_visitors_of_another_one_alone_that_shared_its_tunnel_and_changed()
    {
        const string Other = "other.gw.test";
        await using var stage = await EchoTunnel.UpAsync(Name, Secret);
        var (router, tunnel) = (stage.Router, stage.Client);
        router.Tunnel(Other, Secret);
        using var visitor = await TlsVisitor.OpenAsync(router, Name);
        router.Dial(Name, stage.EndPoint);
        router.Delete(Other);
        await tunnel.GoingAway.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("still here"u8.ToArray(), await TlsVisitor.SayLastAsync(visitor, "still here"u8.ToArray()));
        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_route_that_changes_back_is_served_by_the_tunnel_that_was_about_to_leave_until_another_comes()
    {
        await using var stage = await EchoTunnel.UpAsync(Name, Secret);
        var (router, first) = (stage.Router, stage.Client);
        using var visitor = await TlsVisitor.OpenAsync(router, Name);
        router.Dial(Name, stage.EndPoint);
        router.Tunnel(Name, Secret);
        await first.GoingAway.WaitAsync(TimeSpan.FromSeconds(30));
        using var meanwhile = await TlsVisitor.OpenAsync(router, Name);
        await using var second = await stage.ConnectAsync(Secret);
        await router.LineAsync("tunnel 2", "is up");
        var later = await Task.WhenAll(TlsVisitor.OpenAsync(router, Name), TlsVisitor.OpenAsync(router, Name), TlsVisitor.OpenAsync(router, Name));
        Assert.Equal((2, 3), (first.Visitors, second.Visitors));
        visitor.Dispose();
        meanwhile.Dispose();
        await first.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        foreach (var one in later) Assert.Equal("still here"u8.ToArray(), await TlsVisitor.SayLastAsync(one, "still here"u8.ToArray()));
    }

    [Fact]
    public async Task A_changed_route_lets_a_web_socket_in_its_old_tunnel_go_on()
    {
        await using var web = await WebUpstream.StartAsync(WebSockets.EchoAsync);
        await using var router = new RouterHarness();
        router.Tunnel(Name, Secret);
        await using var tunnel = await TunnelClient.ConnectAsync(router, Secret, web.EndPoint);
        await router.LineAsync("is up");
        using (var socket = await WebSockets.ConnectAsync(router, Name))
        {
            Assert.Equal("hello", await WebSockets.AskAsync(socket, "hello"));
            router.Dial(Name, web.EndPoint);
            await tunnel.GoingAway.WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal("still here", await WebSockets.AskAsync(socket, "still here"));
        }

        await tunnel.Ended.WaitAsync(TimeSpan.FromSeconds(30));
    }
}

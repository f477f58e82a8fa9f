using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router.Routing;
using Xunit;

namespace Gateway.UnitTests.Router.Routing;

public sealed class RouteTableTests
{
    private readonly RouteTable _table = new();

    [Fact]
    public void A_client_is_back_when_it_takes_the_place_of_one_that_left()
    {
        var secret = new Secret("7:s");
        Assert.False(_table.NoteCame(secret));
        PutTunnel("a.example", "7:s");
        Assert.False(_table.NoteCame(secret));
        Assert.False(_table.NoteCame(secret));
        _table.NoteLeft(secret);
        Assert.True(_table.NoteCame(secret));
        Assert.False(_table.NoteCame(secret));
    }

    [Fact]
    public void A_host_takes_its_own_route_then_the_closest_wildcard_then_the_catch_all()
    {
        Put("www.example.org", "1");
        Put("*.example.org", "2");
        Put("*.deep.example.org", "3");
        Put("*", "4");
        Assert.Equal("1", Find("WWW.example.org."));
        Assert.Equal("2", Find("other.example.org"));
        Assert.Equal("2", Find("a.b.example.org"));
        Assert.Equal("3", Find("x.deep.example.org"));
        Assert.Equal("4", Find("example.org"));
        Assert.Equal("4", Find("evilexample.org"));
        Assert.Equal("4", _table.FindCatchAll()!.Route.User);
    }

    [Fact]
    public void Without_a_catch_all_an_unknown_host_has_no_route()
    {
        Put("*.example.org", "1");
        Assert.Null(Find("example.org"));
        Assert.Null(Find("example.com"));
        Assert.Null(_table.FindCatchAll());
    }

    [Fact]
    public void A_changed_route_leaves_running_connections_alone_and_a_deleted_one_cuts_them()
    {
        Put("a.example", "1");
        var first = _table.Find(DomainName.Parse("a.example"))!;
        Put("a.example", "2");
        var second = _table.Find(DomainName.Parse("a.example"))!;
        Assert.NotEqual(first.Id, second.Id);
        Assert.False(first.Gone.IsCancellationRequested);
        Assert.True(_table.Remove(DomainName.Parse("a.example")));
        Assert.True(first.Gone.IsCancellationRequested);
        Assert.True(second.Gone.IsCancellationRequested);
        Assert.Null(Find("a.example"));
        Assert.False(_table.Remove(DomainName.Parse("a.example")));
    }

    [Fact]
    public void A_host_that_comes_back_starts_afresh()
    {
        Put("a.example", "1");
        _table.Remove(DomainName.Parse("a.example"));
        Put("a.example", "1");
        Assert.False(_table.Find(DomainName.Parse("a.example"))!.Gone.IsCancellationRequested);
    }

    [Fact]
    public void The_same_route_again_is_no_change()
    {
        Put("a.example", "1");
        var first = _table.Find(DomainName.Parse("a.example"))!;
        Assert.False(_table.Put(first.Route with { }));
        Assert.Same(first, _table.Find(DomainName.Parse("a.example")));
    }

    [Fact]
    public void A_secret_is_known_while_any_route_names_it()
    {
        var secret = new Secret("7:s");
        Assert.False(_table.Knows(secret, out _));
        PutTunnel("a.example", "7:s");
        PutTunnel("b.example", "7:s");
        _table.Remove(DomainName.Parse("a.example"));
        Assert.True(_table.Knows(secret, out var naming));
        Assert.False(naming.Unnamed.IsCancellationRequested);
        _table.Remove(DomainName.Parse("b.example"));
        Assert.True(naming.Unnamed.IsCancellationRequested);
        Assert.False(naming.LetsFinish);
        Assert.False(_table.Knows(secret, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_secret_that_a_changed_route_named_lets_the_visitors_of_its_tunnel_finish_whichever_route_is_the_last(bool isChangeLast)
    {
        PutTunnel("a.example", "7:s");
        PutTunnel("b.example", "7:s");
        _table.Knows(new Secret("7:s"), out var naming);
        if (isChangeLast) _table.Remove(DomainName.Parse("b.example"));
        PutTunnel("a.example", "7:other");
        if (!isChangeLast) _table.Remove(DomainName.Parse("b.example"));
        Assert.True(naming!.Unnamed.IsCancellationRequested);
        Assert.True(naming.LetsFinish);
        Assert.False(_table.Knows(new Secret("7:s"), out _));
        Assert.True(_table.Knows(new Secret("7:other"), out _));
    }

    [Fact]
    public void A_secret_of_a_route_that_is_frozen_as_it_changes_lets_nobody_finish()
    {
        PutTunnel("a.example", "7:s");
        _table.Knows(new Secret("7:s"), out var naming);
        _table.Put(new Route(DomainName.Parse("a.example"), new Target.Tunnel(new Secret("7:other")), "7") { Rules = new RouteRules { IsFrozen = true } });
        Assert.True(naming!.Unnamed.IsCancellationRequested);
        Assert.False(naming.LetsFinish);
    }

    [Fact]
    public void A_tunnel_that_a_route_keeps_naming_is_not_forgotten_when_the_route_changes()
    {
        PutTunnel("a.example", "7:s");
        _table.Knows(new Secret("7:s"), out var naming);
        _table.Put(new Route(DomainName.Parse("a.example"), new Target.Tunnel(new Secret("7:s")), "8"));
        Assert.False(naming!.Unnamed.IsCancellationRequested);
        Assert.True(_table.Knows(new Secret("7:s"), out _));
    }

    [Fact]
    public void One_change_among_a_hundred_thousand_hosts_allocates_a_constant_amount()
    {
        for (var i = 0; i < 100_000; i++) Put($"h{i}.example", "1");
        var host = DomainName.Parse("h500.example");
        var (one, two) = (new Route(host, new Target.Dial("192.0.2.1", 80, 443), "1"), new Route(host, new Target.Dial("192.0.2.2", 80, 443), "1"));
        _table.Put(one);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) _table.Put(i % 2 == 0 ? two : one);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 1024);
        Assert.Equal(100_000, _table.Count);
    }

    private void Put(string host, string user) =>
        _table.Put(new Route(DomainName.Parse(host), new Target.Dial("192.0.2.1", 80, 443), user));

    private void PutTunnel(string host, string secret) =>
        _table.Put(new Route(DomainName.Parse(host), new Target.Tunnel(new Secret(secret)), "7"));

    private string? Find(string host) => _table.Find(DomainName.Parse(host))?.Route.User;
}

using Gateway.Model;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>A user whom the operator froze keeps what he has, and nothing of it is served.</summary>
public sealed class FreezeRuleTests : PlanRules
{
    [Fact]
    public void His_names_lose_their_addresses_his_routes_say_so_and_everything_comes_back()
    {
        _world.Delegate(7, "user7.org");
        _world.Subdomain(7, "www.user7.org", "203.0.113.10");
        _world.Subdomain(7, "a.gw.test", "203.0.113.10");
        _world.Subdomain(9, "b.gw.test", "203.0.113.11");
        _world.Proxy(7, "www.user7.org");
        var tunnel = _world.Tunnel(7, "a.gw.test");
        _world.Round();
        var before = _world.Redis.Dump();

        // Its secret needs not be decrypted again.
        _world.Secret(tunnel, null);
        _world.Frozen.Add(7);
        _world.Round();
        Assert.Null(_world.Redis["gw.test.", "a"]);
        Assert.Null(_world.Redis["user7.org.", "www"]);
        Assert.NotNull(_world.Redis["gw.test.", "b"]);
        Assert.Equal("7", _world.Redis["managed_domains", "a.gw.test"]);
        Assert.Equal("""{"Owner":"7"}""", _world.Redis["zone", "user7.org"]);
        var routes = _world.Redis.Read().Routes;
        Assert.All(routes.Values, route => Assert.True(route.Value!.Rules.IsFrozen));
        Assert.Equal(2, routes.Count);

        _world.Frozen.Clear();
        _world.Round();
        Assert.Equal(before, _world.Redis.Dump());
    }

    [Fact]
    public void What_he_reserves_is_refused_what_he_deletes_is_deleted_and_nobody_gets_his_names()
    {
        var name = _world.Subdomain(7, "a.gw.test", "203.0.113.10");
        _world.Round();
        _world.Frozen.Add(7);
        Assert.Contains("frozen your account", Assert.IsType<Outcome.Rejected>(_world.Round(_world.Tunnel(7, "c.gw.test"))).Reason, StringComparison.Ordinal);
        Assert.IsType<Outcome.Rejected>(_world.Round(_world.Subdomain(9, "a.gw.test", "203.0.113.11")));
        _world.Delete(name);
        _world.Round();
        Assert.IsType<Outcome.Accepted>(_world.Round(_world.Subdomain(9, "a.gw.test", "203.0.113.11")));
    }

    [Fact]
    public void What_an_operator_wrote_beside_his_records_stays()
    {
        _world.Redis.Set("gw.test.", "a", """{"txt":[{"text":"hello","ttl":60}]}""");
        _world.Subdomain(7, "a.gw.test", "203.0.113.10");
        _world.Round();
        _world.Frozen.Add(7);
        _world.Round();
        Assert.Equal("""{"txt":[{"text":"hello","ttl":60}]}""", _world.Redis["gw.test.", "a"]);
    }

    [Fact]
    public void A_frozen_route_is_read_as_it_was_written_and_an_old_reader_passes_over_the_word()
    {
        _world.Frozen.Add(7);
        var host = DomainName.Parse("a.gw.test");
        var route = new Gateway.Model.Routes.Route(host, new Gateway.Model.Routes.Target.Dial("198.51.100.7", 80, 443), "7") { Rules = new() { IsFrozen = true } };
        var (_, value) = RedisSchema.EncodeService(route);
        Assert.True(RedisSchema.TryDecodeService(host, System.Text.Encoding.UTF8.GetBytes(value), out var back, out _));
        Assert.Equal(route, back);
    }
}

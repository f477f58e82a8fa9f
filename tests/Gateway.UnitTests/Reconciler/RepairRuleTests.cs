using Gateway.Model;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>What stands in Redis beside or against the reservations.</summary>
public sealed class RepairRuleTests : PlanRules
{
    [Fact]
    public void What_an_operator_wrote_beside_a_reservation_stays()
    {
        _world.Redis.Set("gw.test.", "@", """{"ns":[{"host":"ns1.test.","ttl":60}]}""");
        _world.Redis.Set("gw.test.", "a", """{"a":[{"ip":"192.0.2.1","ttl":60}],"txt":[{"text":"hello","ttl":60}]}""");
        var id = _world.Subdomain(7, "a.gw.test", "203.0.113.10");
        _world.Round();
        Assert.Equal("""{"a":[{"ip":"192.0.2.1","ttl":60},{"ip":"203.0.113.10","ttl":3600}],"txt":[{"text":"hello","ttl":60}]}""", _world.Redis["gw.test.", "a"]);
        End(id);
        Assert.Equal("""{"a":[{"ip":"192.0.2.1","ttl":60}],"txt":[{"text":"hello","ttl":60}]}""", _world.Redis["gw.test.", "a"]);
        Assert.Equal("""{"ns":[{"host":"ns1.test.","ttl":60}]}""", _world.Redis["gw.test.", "@"]);
    }

    [Fact]
    public void A_sub_domain_without_addresses_holds_its_name_and_writes_no_record()
    {
        var id = _world.Subdomain(7, "a.gw.test");
        Accepted(id);
        Assert.Equal("7", _world.Redis["managed_domains", "a.gw.test"]);
        Assert.Null(_world.Redis["gw.test.", "a"]);
        Refused(_world.Subdomain(9, "a.gw.test", "203.0.113.10"), "already reserved");
    }

    [Fact]
    public void Damage_is_repaired()
    {
        _world.Delegate(7, "user7.org");
        _world.Subdomain(7, "www.user7.org", "203.0.113.10");
        _world.Subdomain(9, "a.gw.test", "203.0.113.10");
        _world.Proxy(9, "a.gw.test");
        _world.Round();
        var whole = _world.Redis.Dump();
        _world.Redis.Delete("zone");
        _world.Redis.Delete("user7.org.");
        _world.Redis.Set("managed_domains", "a.gw.test", "666");
        _world.Redis.Set("gw.test.", "a", "garbage");
        _world.Redis.Set("/tcprouter/service/a.gw.test", "garbage");
        _world.Round();
        Assert.Equal(whole, _world.Redis.Dump());
    }

    [Fact]
    public void A_damaged_tunnel_route_asks_for_its_secret_and_is_left_alone_until_it_is_known()
    {
        var id = _world.Tunnel(7, "a.gw.test");
        _world.Round();
        var whole = _world.Redis["/tcprouter/service/a.gw.test"]!;
        _world.Redis.Set("/tcprouter/service/a.gw.test", "garbage");
        _world.Secret(id, null);
        var plan = _world.Compute();
        Assert.Contains(id, plan.WantedSecrets);
        Assert.Empty(plan.Steps);
        _world.Secret(id, new SecretState.Known(new Secret("7:s3cr3t")));
        _world.Round();
        Assert.Equal(whole, _world.Redis["/tcprouter/service/a.gw.test"]);
    }

    [Fact]
    public void A_stray_zone_and_a_stray_name_stay_with_the_user_they_name()
    {
        _world.Redis.Set("zone", "user7.org", """{"Owner":"7"}""");
        _world.Redis.Set("managed_domains", "a.gw.test", "7");
        Refused(_world.Delegate(9, "user7.org"), "another user");
        Refused(_world.Subdomain(9, "a.gw.test", "203.0.113.10"), "already reserved");
        Accepted(_world.Subdomain(7, "www.user7.org", "203.0.113.10"));
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
    }

    [Fact]
    public void A_delegation_after_somebody_elses_host_does_not_take_the_host_away()
    {
        var host = _world.Proxy(9, "www.user7.org");
        Accepted(host);
        Accepted(_world.Delegate(7, "user7.org"));
        Assert.IsType<Outcome.Accepted>(_world.Round(host));
        Refused(_world.Tunnel(7, "www.user7.org"), "another user");
    }
}

using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.Routes;
using Gateway.Reconciler;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>Who gets which name.</summary>
public sealed class NameRuleTests : PlanRules
{
    [Fact]
    public void A_free_name_under_a_managed_domain_is_given()
    {
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10", "2001:db8::10"));
        Assert.Equal("""{"a":[{"ip":"203.0.113.10","ttl":3600}],"aaaa":[{"ip":"2001:db8::10","ttl":3600}]}""", _world.Redis["gw.test.", "a"]);
        Assert.Equal("7", _world.Redis["managed_domains", "a.gw.test"]);
    }

    [Fact]
    public void A_name_may_have_any_depth_under_the_deepest_zone()
    {
        _world.Delegate(7, "user7.org");
        _world.Subdomain(7, "a.b.c.user7.org", "203.0.113.10");
        _world.Round();
        Assert.Contains("203.0.113.10", _world.Redis["user7.org.", "a.b.c"], StringComparison.Ordinal);
    }

    [Fact]
    public void The_apex_of_a_delegated_zone_is_written_where_readers_look_for_it()
    {
        _world.Delegate(7, "user7.org");
        _world.Subdomain(7, "user7.org", "203.0.113.10");
        _world.Round();
        Assert.Contains("203.0.113.10", _world.Redis["user7.org.", "@"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_another_user_is_refused()
    {
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        Refused(_world.Subdomain(9, "a.gw.test", "203.0.113.11"), "already reserved by another user");
        Assert.DoesNotContain("203.0.113.11", _world.Redis["gw.test.", "a"], StringComparison.Ordinal);
    }

    [Fact, Trait("adv", "R6")]
    public void Nobody_claims_under_a_name_of_another_user()
    {
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        Refused(_world.Subdomain(9, "x.a.gw.test", "203.0.113.11"), "lies under 'a.gw.test'");
        Refused(_world.Subdomain(9, "y.x.a.gw.test", "203.0.113.11"), "lies under 'a.gw.test'");
        Refused(_world.Proxy(9, "x.a.gw.test"), "lies under 'a.gw.test'");
        Refused(_world.Tunnel(9, "x.a.gw.test"), "lies under 'a.gw.test'");
        Accepted(_world.Subdomain(7, "x.a.gw.test", "203.0.113.12"));
    }

    [Fact, Trait("adv", "R6")]
    public void Nobody_claims_above_a_name_of_another_user()
    {
        Accepted(_world.Subdomain(7, "y.x.a.gw.test", "203.0.113.10"));
        Refused(_world.Subdomain(9, "a.gw.test", "203.0.113.11"), "lies above 'y.x.a.gw.test'");
        Refused(_world.Tunnel(9, "x.a.gw.test"), "lies above 'y.x.a.gw.test'");
        Refused(_world.Proxy(9, "a.gw.test"), "lies above 'y.x.a.gw.test'");
        Accepted(_world.Subdomain(9, "b.a.gw.test", "203.0.113.11"));
        Refused(_world.Subdomain(7, "a.gw.test", "203.0.113.12"), "lies above 'b.a.gw.test'");
        Accepted(_world.Subdomain(7, "x.a.gw.test", "203.0.113.12"));
    }

    [Fact, Trait("adv", "R6")]
    public void Of_a_domain_and_the_one_above_it_two_users_do_not_get_both_in_whatever_order()
    {
        Accepted(_world.Delegate(7, "sub.user7.org"));
        Refused(_world.Delegate(9, "user7.org"), "lies above 'sub.user7.org'");
        Refused(_world.Delegate(9, "deep.sub.user7.org"), "zone 'sub.user7.org' of another user");
        Accepted(_world.Delegate(7, "user7.org"));
        Refused(_world.Delegate(9, "other.user7.org"), "zone 'user7.org' of another user");
    }

    [Fact, Trait("adv", "R6")]
    public void A_slice_sees_what_another_user_holds_below()
    {
        var held = _world.Subdomain(7, "x.a.gw.test", "203.0.113.10");
        var zone = _world.Delegate(7, "sub.user7.org");
        _world.SliceRound();
        var above = _world.Subdomain(9, "a.gw.test", "203.0.113.11");
        var parent = _world.Delegate(9, "user7.org");
        _world.SliceRound();
        Assert.All([above, parent], id => Assert.IsType<Outcome.Rejected>(_world.LastPlan.Outcomes[id]));
        Assert.All([held, zone], id => Assert.NotNull(_world.Redis["tfgateway_reservations", id]));
    }

    [Fact, Trait("adv", "R6")]
    public void Nobody_takes_a_name_by_which_the_gateway_itself_is_found()
    {
        _world.OwnNames.Add(DomainName.Parse("ns1.gw.test"));
        Refused(_world.Subdomain(9, "ns1.gw.test", "203.0.113.11"), "the gateway itself is reached by this name");
        Refused(_world.Subdomain(9, "NS1.gw.test", "203.0.113.11"), "the gateway itself is reached by this name");
        Refused(_world.Proxy(9, "ns1.gw.test"), "the gateway itself is reached by this name");
        Refused(_world.Tunnel(9, "ns1.gw.test"), "the gateway itself is reached by this name");
        Refused(_world.Subdomain(9, "a.b.ns1.gw.test", "203.0.113.11"), "lies under 'ns1.gw.test', by which the gateway itself is reached");
        Refused(_world.Proxy(9, "a.ns1.gw.test"), "lies under 'ns1.gw.test'");
        Refused(_world.Tunnel(9, "a.ns1.gw.test"), "lies under 'ns1.gw.test'");
        Refused(_world.Proxy(9, "*.gw.test"), "cannot be reserved");
        Assert.Null(_world.Redis["gw.test.", "ns1"]);
        Accepted(_world.Subdomain(9, "ns10.gw.test", "203.0.113.11"));
    }

    [Theory]
    [InlineData("node.gw.test", "node.gw.test,ns1.gw.test")]
    [InlineData("", "ns1.gw.test")]
    public void The_gateways_own_names_are_its_name_servers_and_its_address(string address, string expected)
    {
        var node = new ReconciledNode(Identity.Create(), [DomainName.Parse("gw.test")], [DomainName.Parse("ns1.gw.test")], 18000, "gateway/test", DialRules.PublicOnly) { Address = address };
        Assert.Equal(expected, string.Join(',', node.OwnNames.Select(it => it.ToString()).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void A_tenants_text_in_a_refusal_cannot_steer_a_terminal()
    {
        var id = _world.Proxy(9, "a.gw.test", "\u001b[2J\r\nReservation 1-1 is served");
        var outcome = Assert.IsType<Outcome.Rejected>(_world.Round(id));
        Assert.Contains("' [2J  Reservation 1-1 is served' is no target", outcome.Reason, StringComparison.Ordinal);
        var unsupported = new Outcome.Rejected(new string('x', 100_000));
        Assert.InRange(unsupported.Reason.Length, 100, 2000);
    }

    [Fact, Trait("adv", "R6")]
    public void A_wildcard_is_refused() => Refused(_world.Subdomain(9, "*.gw.test", "203.0.113.11"), "cannot be reserved");

    [Fact, Trait("adv", "R6")]
    public void A_zone_cut_inside_a_managed_domain_is_refused()
    {
        Refused(_world.Delegate(9, "x.gw.test"), "lies in 'gw.test'");
        Refused(_world.Delegate(9, "gw.test"), "manages itself");
    }

    [Fact]
    public void A_domain_above_a_managed_one_is_refused()
    {
        _world.Managed = [DomainName.Parse("gw.example.test")];
        Refused(_world.Delegate(9, "example.test"), "'gw.example.test' below it is managed");
    }

    [Fact]
    public void A_name_outside_every_zone_is_refused_with_the_cure() =>
        Refused(_world.Subdomain(7, "www.user7.org", "203.0.113.10"), "delegate its domain to the gateway first");

    [Fact]
    public void A_name_in_a_zone_of_another_user_is_refused()
    {
        Accepted(_world.Delegate(7, "user7.org"));
        Refused(_world.Subdomain(9, "www.user7.org", "203.0.113.10"), "zone 'user7.org' of another user");
        Refused(_world.Proxy(9, "www.user7.org"), "zone 'user7.org' of another user");
        Refused(_world.Tunnel(9, "user7.org"), "zone 'user7.org' of another user");
        Refused(_world.Delegate(9, "sub.user7.org"), "zone 'user7.org' of another user");
        Refused(_world.Delegate(9, "user7.org"), "zone 'user7.org' of another user");
    }

    [Theory]
    [InlineData("gw.test")]
    [InlineData("__owner__.gw.test")]
    [InlineData("a.__owner__.gw.test")]
    [InlineData("localhost")]
    public void Roots_of_managed_domains_and_the_owners_proof_are_never_given(string name)
    {
        Refused(_world.Subdomain(7, name, "203.0.113.10"), "");
        Refused(_world.Proxy(7, name), "");
        Refused(_world.Tunnel(7, name), "");
    }

    [Fact, Trait("adv", "D8")]
    public void Spellings_of_one_name_are_one_name()
    {
        Accepted(_world.Subdomain(7, "A.GW.test.", "203.0.113.10"));
        Assert.NotNull(_world.Redis["gw.test.", "a"]);
        Refused(_world.Subdomain(9, "a.gw.test", "203.0.113.11"), "already reserved");
    }

    [Fact, Trait("adv", "D21")]
    public void Reserved_labels_are_refused_under_managed_domains_and_free_in_ones_own_zone()
    {
        _world.ReservedLabels.Add("wpad");
        _world.Delegate(7, "user7.org");
        _world.Round();
        Refused(_world.Subdomain(7, "wpad.gw.test", "203.0.113.10"), "label 'wpad'");
        Refused(_world.Tunnel(7, "x.wpad.gw.test"), "label 'wpad'");
        Accepted(_world.Subdomain(7, "wpad.user7.org", "203.0.113.10"));
    }

    [Fact]
    public void A_managed_domain_is_claimed_with_its_proof()
    {
        _world.Round();
        Assert.Equal($$"""{"Owner":"{{World.GatewayId}}"}""", _world.Redis["zone", "gw.test"]);
        Assert.Equal(
            $$"""{"txt":[{"text":"{\"identity\":\"{{World.GatewayId}}\",\"owner\":\"{{World.GatewayId}}\"}","ttl":600}]}""",
            _world.Redis["gw.test.", "__owner__"]);
    }

    [Fact]
    public void A_managed_domain_that_a_user_holds_stays_his()
    {
        _world.Managed = [];
        var id = _world.Delegate(7, "user7.org");
        Accepted(id);
        _world.Managed = [DomainName.Parse("user7.org"), DomainName.Parse("gw.test")];
        _world.Round();
        Assert.Equal([KeyValuePair.Create(DomainName.Parse("user7.org"), "user 7")], _world.LastPlan.RefusedDomains);
        Assert.Equal("""{"Owner":"7"}""", _world.Redis["zone", "user7.org"]);
    }
}

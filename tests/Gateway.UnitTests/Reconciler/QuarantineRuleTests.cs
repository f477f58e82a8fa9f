using Gateway.Model;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>A name that was given up rests before somebody else gets it.</summary>
[Trait("adv", "R5")]
public sealed class QuarantineRuleTests : PlanRules
{
    private static readonly TimeSpan Rest = TimeSpan.FromHours(1);

    public QuarantineRuleTests() => _world.Quarantine = Rest;

    [Fact]
    public void A_name_that_was_given_up_rests_for_others_until_its_time_is_over()
    {
        GivenUp(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        Assert.Null(_world.Redis["gw.test.", "a"]);
        Refused(_world.Subdomain(9, "a.gw.test", "203.0.113.11"), "was given up by another user and rests until 2021-01-07 07:13:25Z");
        Refused(_world.Tunnel(9, "A.GW.test."), "rests until");
        Refused(_world.Subdomain(9, "x.a.gw.test", "203.0.113.11"), "'a.gw.test' was given up by another user");
        _world.Now += Rest - TimeSpan.FromSeconds(1);
        Refused(_world.Proxy(9, "a.gw.test"), "rests until");
        _world.Now += TimeSpan.FromSeconds(1);
        Accepted(_world.Subdomain(9, "a.gw.test", "203.0.113.11"));
        Assert.Empty(_world.Redis.Hash(RedisSchema.QuarantineKey));
    }

    [Fact]
    public void Its_own_user_gets_it_back_at_once_and_it_rests_again_when_he_gives_it_up_again()
    {
        GivenUp(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        var again = _world.Tunnel(7, "a.gw.test");
        Accepted(again);
        Assert.Empty(_world.Redis.Hash(RedisSchema.QuarantineKey));
        _world.Now += Rest;
        End(again);
        Refused(_world.Subdomain(9, "a.gw.test", "203.0.113.11"), "rests until");
    }

    [Fact]
    public void A_deletion_and_somebody_elses_reservation_in_one_round_leave_the_name_at_rest()
    {
        var old = _world.Tunnel(7, "a.gw.test");
        Accepted(old);
        _world.Delete(old);
        Refused(_world.Tunnel(9, "a.gw.test"), "rests until");
        Assert.Null(_world.Redis[RedisSchema.ServiceKey(DomainName.Parse("a.gw.test"))]);
    }

    [Fact]
    public void A_name_rests_only_when_its_last_reservation_is_gone()
    {
        var name = _world.Subdomain(7, "a.gw.test", "203.0.113.10");
        Accepted(name);
        var host = _world.Tunnel(7, "a.gw.test");
        Accepted(host);
        End(name);
        Assert.Empty(_world.Redis.Hash(RedisSchema.QuarantineKey));
        End(host);
        Assert.Equal("a.gw.test", Assert.Single(_world.Redis.Hash(RedisSchema.QuarantineKey)).Key);
    }

    [Fact]
    public void A_zone_that_was_given_up_rests_with_everything_at_above_and_below_it()
    {
        _world.Subdomain(7, "www.user7.org", "203.0.113.10");
        GivenUp(_world.Delegate(7, "user7.org"));
        Refused(_world.Delegate(9, "user7.org"), "rests until");
        Refused(_world.Delegate(9, "sub.user7.org"), "rests until");
        Refused(_world.Proxy(9, "www.user7.org"), "rests until");
        GivenUp(_world.Delegate(7, "deep.parent.net"));
        Refused(_world.Delegate(9, "parent.net"), "'deep.parent.net' was given up by another user");
        Accepted(_world.Delegate(7, "user7.org"));
        _world.Now += Rest;
        Accepted(_world.Delegate(9, "parent.net"));
    }

    [Fact]
    public void Names_in_a_zone_of_ones_own_do_not_rest_for_they_go_with_the_zone()
    {
        Accepted(_world.Delegate(7, "user7.org"));
        GivenUp(_world.Subdomain(7, "www.user7.org", "203.0.113.10"));
        Assert.Empty(_world.Redis.Hash(RedisSchema.QuarantineKey));
    }

    [Fact]
    public void What_was_refused_was_never_anybodys_and_does_not_rest()
    {
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        var refused = _world.Subdomain(9, "a.gw.test", "203.0.113.11");
        _world.Delete(refused);
        _world.Round();
        Assert.Empty(_world.Redis.Hash(RedisSchema.QuarantineKey));
    }

    [Fact]
    public void The_rest_outlives_a_restart_and_a_slice_sees_it_like_the_whole()
    {
        GivenUp(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        var after = _world.Restart();
        var thief = after.Subdomain(9, "a.gw.test", "203.0.113.11");
        after.SliceRound();
        Assert.Contains("rests until", Assert.IsType<Outcome.Rejected>(after.LastPlan.Outcomes[thief]).Reason, StringComparison.Ordinal);
        var zone = after.Delegate(7, "deep.parent.net");
        after.SliceRound();
        after.Delete(zone);
        after.SliceRound();
        var parent = after.Delegate(9, "parent.net");
        after.SliceRound();
        Assert.IsType<Outcome.Rejected>(after.LastPlan.Outcomes[parent]);
    }

    [Fact]
    public void A_full_comparison_sweeps_rests_that_are_over_and_those_that_cannot_be_read()
    {
        GivenUp(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        _world.Redis.Set(RedisSchema.QuarantineKey, "b.gw.test", "garbage");
        _world.Now += Rest;
        _world.Round();
        Assert.Empty(_world.Redis.Hash(RedisSchema.QuarantineKey));
    }

    [Fact]
    public void An_alias_that_was_forgotten_in_the_DNS_gives_the_host_to_nobody_else_but_the_record_does()
    {
        _world.ForeignHosts = ForeignHosts.Proof;
        var points = new HostProof.Given(NamesUser: false, "put your own record there");
        var mine = _world.Proxy(7, "www.shop.org");
        _world.Proofs[mine] = points;
        GivenUp(mine);
        _world.Now += Rest + TimeSpan.FromDays(1);
        _world.Round();
        var thief = _world.Proxy(9, "www.shop.org");
        _world.Proofs[thief] = points;
        Refused(thief, "put your own record there");
        var owner = _world.Proxy(11, "www.shop.org");
        _world.Proofs[owner] = new HostProof.Given(NamesUser: true);
        Accepted(owner);
        GivenUp(owner, alreadyServed: true);
        _world.Now += Rest + Rests.Memory;
        _world.Round();
        Assert.Empty(_world.Redis.Hash(RedisSchema.QuarantineKey));
    }

    [Fact]
    public void Nobody_delegates_a_domain_to_himself_to_get_at_the_host_of_another()
    {
        _world.ForeignHosts = ForeignHosts.Proof;
        var host = _world.Proxy(7, "www.shop.org");
        _world.Proofs[host] = new HostProof.Given();
        Accepted(host);
        Refused(_world.Delegate(9, "shop.org"), "lies above 'www.shop.org'");
        Refused(_world.Delegate(9, "www.shop.org"), "lies above 'www.shop.org'");
        Accepted(_world.Delegate(7, "shop.org"));
        Assert.IsType<Outcome.Accepted>(_world.Compute().Outcomes[host]);
    }

    private void GivenUp(string id, bool alreadyServed = false)
    {
        if (!alreadyServed) Accepted(id);
        End(id);
    }
}

using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>How much one user may have on a gateway.</summary>
[Trait("adv", "R10")]
public sealed class QuotaRuleTests : PlanRules
{
    public QuotaRuleTests() => _world.Quotas = new QuotaLimits(2, 1, 1, 1, 3);

    [Fact]
    public void Of_each_kind_a_user_gets_as_many_as_he_may_and_is_told_the_number()
    {
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.11"));
        Refused(_world.Subdomain(7, "a.gw.test", "203.0.113.12"), "you have 2 sub-domains on this gateway, the most that one user may have");
        Accepted(_world.Proxy(7, "a.gw.test"));
        Refused(_world.Proxy(7, "b.gw.test"), "1 proxies");
        Accepted(_world.Tunnel(7, "b.gw.test"));
        Refused(_world.Tunnel(7, "b.gw.test"), "1 tunnels");
        Accepted(_world.Delegate(7, "user7.org"));
        Refused(_world.Delegate(7, "more7.org"), "1 domains");
        Accepted(_world.Proxy(9, "c.gw.test"));
    }

    [Fact]
    public void Names_count_once_whatever_is_reserved_for_them()
    {
        _world.Quotas = new QuotaLimits(0, 0, 0, 0, 2);
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        Accepted(_world.Tunnel(7, "a.gw.test"));
        var second = _world.Subdomain(7, "b.gw.test", "203.0.113.10");
        Accepted(second);
        Refused(_world.Subdomain(7, "c.gw.test", "203.0.113.10"), "2 names");
        Accepted(_world.Proxy(7, "b.gw.test"));
        _world.Delete(second);
        Refused(_world.Subdomain(7, "c.gw.test", "203.0.113.10"), "2 names");
    }

    [Fact]
    public void A_deletion_in_the_same_round_makes_room_and_several_new_ones_do_not_share_it()
    {
        var old = _world.Proxy(7, "a.gw.test");
        Accepted(old);
        _world.Delete(old);
        var first = _world.Proxy(7, "b.gw.test");
        var second = _world.Proxy(7, "c.gw.test");
        _world.Round();
        Assert.IsType<Outcome.Accepted>(_world.LastPlan.Outcomes[first]);
        Assert.True(Assert.IsType<Outcome.Rejected>(_world.LastPlan.Outcomes[second]).Conflict);
    }

    [Fact]
    public void What_a_user_has_is_not_taken_away_when_the_limit_is_lowered_nor_by_a_restart()
    {
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        Accepted(_world.Subdomain(7, "b.gw.test", "203.0.113.10"));
        _world.Quotas = new QuotaLimits(1, 0, 0, 0, 1);
        Assert.Empty(_world.Compute().Steps);
        var after = _world.Restart();
        after.Quotas = _world.Quotas;
        Assert.Empty(after.Compute().Steps);
        Assert.IsType<Outcome.Rejected>(after.Round(after.Subdomain(7, "c.gw.test", "203.0.113.10")));
    }

    [Fact]
    public void What_cannot_be_decided_yet_is_not_counted()
    {
        var waits = _world.Tunnel(7, "a.gw.test");
        _world.Secret(waits, new SecretState.Unavailable("the explorer does not answer"));
        var next = _world.Tunnel(7, "b.gw.test");
        _world.Round();
        Assert.IsType<Outcome.Deferred>(_world.LastPlan.Outcomes[waits]);
        Assert.IsType<Outcome.Accepted>(_world.LastPlan.Outcomes[next]);
    }
}

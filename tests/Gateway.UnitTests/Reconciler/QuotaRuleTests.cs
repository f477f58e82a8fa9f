using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>How much one user may have on a gateway.</summary>
[Trait("adv", "R10")]
public sealed class QuotaRuleTests : PlanRules
{
    public QuotaRuleTests() => _world.Quotas = new QuotaLimits(2, 1, 1, 1, 3, 0);

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
        _world.Quotas = new QuotaLimits(0, 0, 0, 0, 2, 0);
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
        _world.Quotas = new QuotaLimits(1, 0, 0, 0, 1, 0);
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

    [Fact]
    public void Of_what_a_user_makes_in_one_minute_a_gateway_takes_so_much_and_says_so()
    {
        _world.Quotas = AMinute(2);
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        Refused(_world.Subdomain(7, "www.gw.net", "203.0.113.10"), "not managed");
        Refused(_world.Proxy(7, "b.gw.test"), "you made more than 2 reservations on this gateway in one minute, the most that one user may make: wait a minute and reserve again, or ask the operator for more");
        Assert.False(Assert.IsType<Outcome.Rejected>(_world.Round(_world.Proxy(7, "b.gw.test"))).Conflict);
        Accepted(_world.Proxy(9, "c.gw.test"));
        _world.Made += TimeSpan.FromMinutes(1);
        Accepted(_world.Proxy(7, "b.gw.test"));
    }

    [Fact]
    public void Who_gives_back_what_he_made_does_not_get_to_make_more()
    {
        _world.Quotas = AMinute(3);
        for (var i = 0; i < 3; i++)
        {
            var id = _world.Subdomain(7, "a.gw.test", "203.0.113.10");
            Accepted(id);
            _world.Delete(id);
            _world.SliceRound();
        }

        Refused(_world.Subdomain(7, "a.gw.test", "203.0.113.10"), "in one minute");
        _world.Made += TimeSpan.FromMinutes(1);
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
    }

    [Fact]
    public void What_was_made_over_some_minutes_is_all_taken_when_it_comes_at_once_and_a_burst_is_not()
    {
        _world.Quotas = AMinute(2);
        var spread = new List<string>();
        for (var i = 0; i < 10; i++, _world.Made += TimeSpan.FromSeconds(30)) spread.Add(_world.Proxy(7, $"n{i}.gw.test"));
        _world.Made += TimeSpan.FromMinutes(1);
        var burst = Enumerable.Range(0, 5).Select(i => _world.Proxy(7, $"b{i}.gw.test")).ToList();
        _world.Now = _world.Made + TimeSpan.FromDays(100);
        _world.Round();
        Assert.All(spread, it => Assert.IsType<Outcome.Accepted>(_world.LastPlan.Outcomes[it]));
        Assert.Equal([true, true, false, false, false], burst.Select(it => _world.LastPlan.Outcomes[it] is Outcome.Accepted));
    }

    [Fact]
    public void What_was_taken_counts_after_a_restart_and_stays_when_the_limit_is_lowered()
    {
        _world.Quotas = AMinute(2);
        Accepted(_world.Proxy(7, "a.gw.test"));
        Accepted(_world.Proxy(7, "b.gw.test"));
        var after = _world.Restart();
        after.Quotas = AMinute(1);
        Assert.Empty(after.Compute().Steps);
        after.Quotas = AMinute(2);
        Assert.IsType<Outcome.Rejected>(after.Round(after.Proxy(7, "c.gw.test")));
        after.Quotas = AMinute(4);
        Assert.IsType<Outcome.Accepted>(after.Round(after.Proxy(7, "c.gw.test")));
    }

    [Fact]
    public void What_the_explorer_holds_a_good_result_for_stood_here_before_and_is_never_too_fast()
    {
        _world.Quotas = AMinute(2);
        var old = Enumerable.Range(0, 5).Select(i => _world.Proxy(7, $"a{i}.gw.test")).ToList();
        foreach (var it in old) _world.Book.Mark(it, isReported: true);
        var another = _world.Proxy(7, "b.gw.test");
        _world.Round();
        Assert.All(old, it => Assert.IsType<Outcome.Accepted>(_world.LastPlan.Outcomes[it]));
        Assert.IsType<Outcome.Rejected>(_world.LastPlan.Outcomes[another]);
    }

    [Fact]
    public void What_waits_for_something_counts_within_its_round_and_is_not_counted_twice()
    {
        _world.Quotas = AMinute(1);
        var waits = _world.Tunnel(7, "a.gw.test");
        var known = new SecretState.Known(new Gateway.Model.Secret("7:s3cr3t"));
        _world.Secret(waits, new SecretState.Unavailable("the explorer does not answer"));
        var next = _world.Tunnel(7, "b.gw.test");
        _world.Round();
        Assert.IsType<Outcome.Deferred>(_world.LastPlan.Outcomes[waits]);
        Assert.IsType<Outcome.Rejected>(_world.LastPlan.Outcomes[next]);
        _world.Quotas = AMinute(2);
        _world.Secret(waits, known);
        Assert.IsType<Outcome.Accepted>(_world.Round(waits));
        Assert.Empty(_world.Compute().Steps);
    }

    [Fact]
    public void Without_a_time_nobody_is_too_fast()
    {
        _world.Quotas = AMinute(1);
        _world.Made = DateTimeOffset.UnixEpoch;
        Accepted(_world.Proxy(7, "a.gw.test"));
        Accepted(_world.Proxy(7, "b.gw.test"));
    }

    [Fact]
    public void A_Redis_that_was_away_for_a_moment_counts_nothing_twice()
    {
        _world.Quotas = AMinute(3);
        Accepted(_world.Proxy(7, "a.gw.test"));
        Accepted(_world.Proxy(7, "b.gw.test"));
        for (var i = 0; i < 3; i++) _world.Book.Load([.. _world.Redis.Read().Applied.Values], new HashSet<string>());
        Accepted(_world.Proxy(7, "c.gw.test"));
        Refused(_world.Proxy(7, "d.gw.test"), "in one minute");
    }

    private static QuotaLimits AMinute(int most) => QuotaLimits.None with { AMinute = most };
}

using Gateway.Reconciler.Planning;
using Gateway.Store;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>What several reservations support, what changes hands, and what ends with a deletion.</summary>
public sealed class LifeRuleTests : PlanRules
{
    [Fact]
    public void Several_reservations_support_one_record_which_lives_as_long_as_one_of_them()
    {
        var first = _world.Subdomain(7, "a.gw.test", "203.0.113.10", "203.0.113.11");
        Accepted(first);
        var second = _world.Subdomain(7, "a.gw.test", "203.0.113.11");
        Accepted(second);
        End(first);
        Assert.Equal("""{"a":[{"ip":"203.0.113.11","ttl":3600}]}""", _world.Redis["gw.test.", "a"]);
        Assert.Equal("7", _world.Redis["managed_domains", "a.gw.test"]);
        End(second);
        Assert.Null(_world.Redis["gw.test.", "a"]);
        Assert.Null(_world.Redis["managed_domains", "a.gw.test"]);
    }

    [Fact]
    public void Several_reservations_support_one_route_and_the_last_one_decides()
    {
        var first = _world.Proxy(7, "a.gw.test");
        Accepted(first);
        var before = _world.Redis["/tcprouter/service/a.gw.test"];
        var second = _world.Tunnel(7, "a.gw.test");
        Accepted(second);
        Assert.NotEqual(before, _world.Redis["/tcprouter/service/a.gw.test"]);
        End(second);
        Assert.Equal(before, _world.Redis["/tcprouter/service/a.gw.test"]);
        End(first);
        Assert.Null(_world.Redis["/tcprouter/service/a.gw.test"]);
    }

    [Fact]
    public void Giving_up_a_zone_takes_its_records_its_owner_entries_and_its_routes_along()
    {
        var zone = _world.Delegate(7, "user7.org");
        var name = _world.Subdomain(7, "www.user7.org", "203.0.113.10");
        var host = _world.Tunnel(7, "www.user7.org");
        _world.Round();
        _world.Redis.Set("managed_domains", "lost.user7.org", "7");
        _world.Redis.Set("user7.org.", "extra", """{"txt":[{"text":"x","ttl":60}]}""");
        _world.Delete(zone);
        _world.Write();
        Assert.All([name, host], id => Assert.Contains("not delegated", _world.Redis["gateway:outbox", id], StringComparison.Ordinal));
        Assert.Equal("""{"category":8,"delete":true,"since":1610000005}""", _world.Redis["gateway:outbox", zone]);
        _world.Settle();
        Assert.Equal(["gw.test.", "zone"], _world.Redis.Keys.Order(StringComparer.Ordinal));
        Assert.Null(_world.Redis["zone", "user7.org"]);
        Assert.Empty(_world.Live);
    }

    [Fact]
    public void A_zone_goes_in_one_step_with_everything_in_it_and_what_lies_elsewhere_in_its_own()
    {
        var zone = _world.Delegate(7, "user7.org");
        foreach (var i in Enumerable.Range(0, 1000)) _world.Subdomain(7, $"n{i}.user7.org", "203.0.113.10");
        _world.Tunnel(7, "www.user7.org");
        var elsewhere = _world.Subdomain(7, "a.gw.test", "203.0.113.10");
        _world.Round();
        _world.Delete(zone);
        _world.Delete(elsewhere);
        var plan = _world.Compute();
        Assert.Equal(2, plan.Steps.Count);
        var gone = plan.Steps.Single(it => it.Changes.OfType<Change.PurgeZone>().Any());
        Assert.Equal(1000, gone.Changes.OfType<Change.DropNameOwner>().Count());
        Assert.Single(gone.Changes.OfType<Change.DropRoute>());
        Assert.True(World.Writes().Of(gone).Count() <= LedgerWriter.MaxWrites);
    }

    [Fact]
    public void A_zone_that_is_deleted_and_delegated_again_at_once_keeps_what_is_in_it()
    {
        var old = _world.Delegate(7, "user7.org");
        _world.Subdomain(7, "www.user7.org", "203.0.113.10");
        _world.Round();
        _world.Redis.Set("user7.org.", "mail", """{"txt":[{"text":"x","ttl":60}]}""");
        var record = _world.Redis["user7.org.", "www"];
        _world.Delete(old);
        _world.Delegate(7, "user7.org");
        _world.Round();
        Assert.Equal(record, _world.Redis["user7.org.", "www"]);
        Assert.NotNull(_world.Redis["user7.org.", "mail"]);
    }

    [Fact, Trait("adv", "R5")]
    public void A_zone_that_goes_to_another_user_begins_with_nothing()
    {
        var old = _world.Delegate(7, "user7.org");
        _world.Subdomain(7, "www.user7.org", "203.0.113.10");
        _world.Round();
        _world.Redis.Set("user7.org.", "mail", """{"txt":[{"text":"x","ttl":60}]}""");
        _world.Delete(old);
        _world.Delegate(9, "user7.org");
        _world.Subdomain(9, "www.user7.org", "203.0.113.99");
        _world.Round();
        Assert.Equal("""{"Owner":"9"}""", _world.Redis["zone", "user7.org"]);
        Assert.Equal("""{"a":[{"ip":"203.0.113.99","ttl":3600}]}""", _world.Redis["user7.org.", "www"]);
        Assert.Null(_world.Redis["user7.org.", "mail"]);
        Assert.Equal("9", _world.Redis["managed_domains", "www.user7.org"]);
    }

    [Fact]
    public void A_name_that_is_deleted_and_reserved_by_another_user_in_one_round_changes_hands()
    {
        var old = _world.Subdomain(7, "a.gw.test", "203.0.113.10");
        _world.Round();
        _world.Delete(old);
        Accepted(_world.Subdomain(9, "a.gw.test", "203.0.113.99"));
        Assert.Equal("""{"a":[{"ip":"203.0.113.99","ttl":3600}]}""", _world.Redis["gw.test.", "a"]);
        Assert.Equal("9", _world.Redis["managed_domains", "a.gw.test"]);
    }

    [Fact]
    public void Names_move_into_a_deeper_zone_when_it_is_delegated_and_back_when_it_is_given_up()
    {
        _world.Delegate(7, "user7.org");
        _world.Subdomain(7, "a.sub.user7.org", "203.0.113.10");
        _world.Round();
        var deeper = _world.Delegate(7, "sub.user7.org");
        Accepted(deeper);
        Assert.NotNull(_world.Redis["sub.user7.org.", "a"]);
        Assert.Null(_world.Redis["user7.org.", "a.sub"]);
        End(deeper);
        Assert.Null(_world.Redis["sub.user7.org.", "a"]);
        Assert.NotNull(_world.Redis["user7.org.", "a.sub"]);
    }

    [Fact]
    public void A_deletion_is_honoured_although_no_result_was_ever_reported_and_the_cache_lost_the_reservation()
    {
        var id = _world.Subdomain(7, "a.gw.test", "203.0.113.10");
        _world.Write();
        _world.Redis.Delete("gateway:outbox");
        _world.Redis.Delete("tfgateway_reservations");
        End(id);
        Assert.Null(_world.Redis["gw.test.", "a"]);
        Assert.Null(_world.Redis["managed_domains", "a.gw.test"]);
    }

    [Fact]
    public void A_deletion_of_what_was_refused_takes_nothing_from_its_holder()
    {
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        var refused = _world.Subdomain(9, "a.gw.test", "203.0.113.10");
        _world.Delete(refused);
        var before = _world.Redis.Dump();
        _world.Round();
        Assert.Equal(before, _world.Redis.Dump());
    }

    [Fact]
    public void A_deletion_is_told_to_the_explorer_even_when_nobody_knows_the_reservation()
    {
        var id = _world.Subdomain(9, "unknown.gw.test", "203.0.113.10");
        _world.Delete(id);
        _world.Write();
        Assert.Equal("""{"category":7,"delete":true,"since":1610000005}""", _world.Redis["gateway:outbox", id]);
    }
}

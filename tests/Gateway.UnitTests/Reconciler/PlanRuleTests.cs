using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;
using Gateway.Reconciler;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

public sealed class PlanRuleTests
{
    private readonly World _world = new();

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
        var node = new ReconciledNode(Identity.Create(), [DomainName.Parse("gw.test")], [DomainName.Parse("ns1.gw.test")], 18000, "gateway/test", AddressPolicy.PublicOnly) { Address = address };
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
    public void A_host_of_another_user_is_refused()
    {
        Accepted(_world.Proxy(7, "www.elsewhere.net"));
        Refused(_world.Tunnel(9, "www.elsewhere.net"), "already go to a target of another user");
        Accepted(_world.Tunnel(7, "www.elsewhere.net"));
    }

    [Fact]
    public void A_host_under_a_managed_domain_takes_the_name()
    {
        Accepted(_world.Tunnel(7, "a.gw.test"));
        Refused(_world.Subdomain(9, "a.gw.test", "203.0.113.10"), "already reserved by another user");
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
    }

    [Fact]
    public void A_sub_domain_keeps_its_host_for_its_user()
    {
        Accepted(_world.Subdomain(7, "a.gw.test", "203.0.113.10"));
        Refused(_world.Tunnel(9, "a.gw.test"), "already reserved by another user");
        Accepted(_world.Tunnel(7, "a.gw.test"));
    }

    [Fact]
    public void A_route_of_the_operator_is_not_taken()
    {
        const string raw = """{"Key":"x","Value":"eyJhZGRyIjoiMTAuMC4wLjEiLCJ0bHNwb3J0IjoxLCJodHRwcG9ydCI6Mn0="}""";
        _world.Redis.Set("/tcprouter/service/www.elsewhere.net", raw);
        Refused(_world.Proxy(7, "www.elsewhere.net"), "operator of this gateway");
        Assert.Equal(raw, _world.Redis["/tcprouter/service/www.elsewhere.net"]);
    }

    [Theory, Trait("adv", "S1")]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("0x7f000001")]
    [InlineData("2130706433")]
    [InlineData("127.1")]
    [InlineData("")]
    public void A_proxy_to_an_address_that_is_not_public_is_refused(string address) => Refused(_world.Proxy(7, "a.gw.test", address), "");

    [Theory, Trait("adv", "S5")]
    [InlineData(6379, 0)]
    [InlineData(0, 25)]
    [InlineData(0, 0)]
    [InlineData(-1, 443)]
    [InlineData(80, 65536)]
    public void A_proxy_to_a_port_that_is_not_for_visitors_is_refused(int port, int portTls) => Refused(_world.Proxy(7, "a.gw.test", port: port, portTls: portTls), "");

    [Fact]
    public void A_proxy_is_written_as_the_old_program_did()
    {
        Accepted(_world.Proxy(7, "www.user7.org"));
        Assert.Equal(
            """{"Key":"/tcprouter/service/www.user7.org","Value":"eyJhZGRyIjoiMTk4LjUxLjEwMC43IiwiY2xpZW50c2VjcmV0IjoiIiwidGxzcG9ydCI6NDQzLCJodHRwcG9ydCI6ODAsInVzZXIiOiI3In0="}""",
            _world.Redis["/tcprouter/service/www.user7.org"]);
    }

    [Fact]
    public void A_tunnel_is_written_as_the_old_program_did()
    {
        Accepted(_world.Tunnel(7, "a.gw.test"));
        Assert.Contains("eyJhZGRyIjoiIiwiY2xpZW50c2VjcmV0IjoiNzpzM2NyM3QiLCJ0bHNwb3J0IjowLCJodHRwcG9ydCI6MCwidXNlciI6IjcifQ==", _world.Redis["/tcprouter/service/a.gw.test"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_cannot_be_read_refuses_the_tunnel_with_its_reason()
    {
        var id = _world.Tunnel(7, "a.gw.test");
        _world.Secret(id, new SecretState.Unreadable("secret must follow the format 'threebotID:random'"));
        Refused(id, "secret must follow the format 'threebotID:random'");
    }

    [Fact]
    public void A_tunnel_waits_while_its_users_key_cannot_be_had_and_takes_no_name_meanwhile()
    {
        var id = _world.Tunnel(7, "a.gw.test");
        _world.Secret(id, new SecretState.Unavailable("the explorer does not answer"));
        Assert.IsType<Outcome.Deferred>(_world.Round(id));
        Assert.Null(_world.Redis["/tcprouter/service/a.gw.test"]);
        Assert.Null(_world.Redis["tfgateway_reservations", id]);
        _world.Secret(id, new SecretState.Known(new Secret("7:x")));
        Accepted(id);
    }

    [Fact]
    public void A_4_to_6_gateway_is_answered_with_a_clear_error() =>
        Refused(_world.Other(new Reservation.Gateway4To6("5-1", 7, World.GatewayId, default, "key"), WorkloadType.Gateway4To6), "does not offer 4-to-6 yet");

    [Fact]
    public void An_unknown_kind_leaves_the_queue_with_an_error()
    {
        var id = _world.Other(new Reservation.Unsupported("5-1", 7, World.GatewayId, default, "zdb", "this gateway does not serve zdb"), (WorkloadType)77);
        _world.Write();
        Assert.Equal("""{"category":77,"state":0,"message":"this gateway does not serve zdb","delete":true,"since":1610000005}""", _world.Redis["gateway:outbox", id]);
    }

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

    private void Accepted(string id)
    {
        var outcome = _world.Round(id);
        Assert.True(outcome is Outcome.Accepted, outcome.ToString());
        Assert.NotNull(_world.Redis["tfgateway_reservations", id]);
    }

    private void Refused(string id, string reason)
    {
        var outcome = Assert.IsType<Outcome.Rejected>(_world.Round(id));
        Assert.Contains(reason, outcome.Reason, StringComparison.Ordinal);
        Assert.Null(_world.Redis["tfgateway_reservations", id]);
    }

    private void End(string id)
    {
        _world.Delete(id);
        _world.Round();
    }
}

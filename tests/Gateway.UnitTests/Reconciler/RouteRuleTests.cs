using System.Net;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>Which hosts, targets and secrets a proxy or a tunnel may have, and how it is written.</summary>
public sealed class RouteRuleTests : PlanRules
{
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

    [Theory, Trait("adv", "S3")]
    [InlineData("198.51.100.1", 80, 0)]
    [InlineData("198.51.100.1", 0, 8443)]
    [InlineData("::ffff:198.51.100.1", 80, 0)]
    [InlineData("[2003::1]", 80, 443)]
    [InlineData("10.0.0.1", 80, 443)]
    [InlineData("10.0.0.1", 0, 9000)]
    public void A_proxy_that_leads_back_to_the_gateway_is_refused(string address, int port, int portTls)
    {
        Own();
        Refused(_world.Proxy(7, "a.gw.test", address, port, portTls), "is this gateway itself");
    }

    [Fact, Trait("adv", "S3")]
    public void What_is_not_the_gateway_is_dialled_and_a_name_may_still_point_to_it()
    {
        Own();
        Accepted(_world.Proxy(7, "a.gw.test", "198.51.100.2"));
        Accepted(_world.Proxy(7, "b.gw.test", "10.0.0.1", 8080, 0));
        Accepted(_world.Subdomain(7, "c.gw.test", "198.51.100.1", "2003::1"));
        Accepted(_world.Tunnel(7, "c.gw.test"));
    }

    [Fact]
    public void A_proxy_that_was_accepted_stays_when_the_gateway_moves_to_its_address()
    {
        var id = _world.Proxy(7, "a.gw.test", "198.51.100.1");
        Accepted(id);
        Own();
        _world.Round();
        Assert.NotNull(_world.Redis["tfgateway_reservations", id]);
    }

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

    // 10.0.0.0/24 is a network that the operator opened.
    private void Own()
    {
        _world.OwnAddresses = new OwnAddresses([IPAddress.Parse("198.51.100.1"), IPAddress.Parse("2003::1"), IPAddress.Parse("10.0.0.1")]);
        _world.Dialling = new DialRules(new AddressPolicy([IPNetwork.Parse("10.0.0.0/24")])) { VisitorPorts = [80, 443], InnerPorts = [new IPEndPoint(IPAddress.Any, 9000)] };
    }
}

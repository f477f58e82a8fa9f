using System.Text;
using Gateway.Model.Routes;
using Gateway.Router.Routing;
using Xunit;

namespace Gateway.UnitTests.Router.Routing;

public sealed class RouteFileTests
{
    [Fact]
    public void Hosts_wildcards_and_the_catch_all_are_read_with_every_member()
    {
        var routes = Read("""
            {
              // the shop
              "Shop.Example.ORG": { "addr": "10.0.0.5", "tlsport": 443, "httpport": 80, "upstreams": ["10.0.0.6"], "healthcheck": "/up", "healthseconds": 3 },
              "*.example.org": { "clientsecret": "7:s", "proxyprotocol": 2 },
              "*": { "addr": "parking.example.net", "httpport": 80, "httpsredirect": true, "idleseconds": 5 },
            }
            """);
        Assert.Equal(["shop.example.org", "*.example.org", "*"], routes.Select(route => route.Host.ToString()));
        var shop = Assert.IsType<Target.Dial>(routes[0].Target);
        Assert.True(shop.IsOperators);
        Assert.Equal(new RouteRules { HealthCheck = "/up", HealthSeconds = 3 }, routes[0].Rules);
        Assert.Equal(new RouteRules { RedirectToHttps = true, IdleSeconds = 5 }, routes[2].Rules);
    }

    [Theory]
    [InlineData("[]", "one JSON object")]
    [InlineData("{", "line 1 is not valid JSON")]
    [InlineData("""{"a b": {"addr":"192.0.2.1","tlsport":1}}""", "'a b' is no host")]
    [InlineData("""{"a.example": 5}""", "it is no JSON object")]
    [InlineData("""{"a.example": {"adr":"192.0.2.1"}}""", "its member 'adr' is unknown")]
    [InlineData("""{"a.example": {"addr":"192.0.2.1","tlsport":70000}}""", "its member 'tlsport'")]
    [InlineData("""{"a.example": {"tlsport":443}}""", "neither an address nor a secret")]
    [InlineData("""{"a.example": {"addr":"127.1","tlsport":443}}""", "'127.1' is neither an IP address nor a host name")]
    [InlineData("""{"a.example": {"addr":"192.0.2.1","upstreams":["x y"],"tlsport":443}}""", "'x y' is neither")]
    [InlineData("""{"a.example": {"addr":"192.0.2.1"}}""", "neither a tlsport nor an httpport")]
    [InlineData("""{"a.example": {"addr":"192.0.2.1","httpport":80,"healthcheck":"/a b"}}""", "its member 'healthcheck'")]
    [InlineData("""{"a.example": {"addr":"192.0.2.1","httpport":80}, "A.example.": {"addr":"192.0.2.1","httpport":80}}""", "is there twice")]
    public void What_cannot_be_used_is_said(string json, string fault)
    {
        var faults = new List<string>();
        RouteFile.Read(Encoding.UTF8.GetBytes(json), faults);
        Assert.Contains(fault, Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_come_at_once_and_none_holds_a_secret()
    {
        var faults = new List<string>();
        RouteFile.Read("""{"a": {"clientsecret":"hush","tlsport":-1}, "b": {"addr":"192.0.2.1"}, "..": {}}"""u8.ToArray(), faults);
        Assert.Equal(3, faults.Count);
        Assert.DoesNotContain(faults, fault => fault.Contains("hush", StringComparison.Ordinal));
    }

    private static IReadOnlyList<Route> Read(string json)
    {
        var faults = new List<string>();
        var routes = RouteFile.Read(Encoding.UTF8.GetBytes(json), faults);
        Assert.Empty(faults);
        return routes;
    }
}

using System.Net;
using Gateway.Model.Routes;
using Xunit;

namespace Gateway.UnitTests.Model.Routes;

public sealed class DialRulesTests
{
    private static readonly OwnAddresses Own = new([IPAddress.Parse("198.51.100.7"), IPAddress.Parse("2003::7"), IPAddress.Parse("10.0.0.7")]);

    private static readonly DialRules Rules = new(new AddressPolicy([IPNetwork.Parse("10.0.0.0/24"), IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("::/64")]))
    {
        VisitorPorts = [443, 80],
        InnerPorts = [IPEndPoint.Parse("127.0.0.1:6380"), IPEndPoint.Parse("10.0.0.9:9000")],
    };

    [Theory, Trait("adv", "S3")]
    [InlineData("198.51.100.7:8443")]
    [InlineData("[::ffff:198.51.100.7]:8443")]
    [InlineData("[2003::7]:8443")]
    public void The_nodes_own_address_is_refused_to_tenants_on_every_port_and_to_the_operator_on_the_visitors(string own)
    {
        var to = IPEndPoint.Parse(own);
        Assert.True(Rules.Policy.Allows(to));
        Assert.False(Rules.Allows(to, Own));
        Assert.True(Rules.Allows(to, Own, isOperators: true));
        Assert.False(Rules.Allows(new IPEndPoint(to.Address, 443), Own, isOperators: true));
    }

    [Theory, Trait("adv", "S3")]
    [InlineData("10.0.0.7:8080", true)]
    [InlineData("10.0.0.7:443", false)]
    [InlineData("10.0.0.7:6380", false)]
    [InlineData("10.0.0.8:443", true)]
    [InlineData("10.0.0.8:6380", true)]
    [InlineData("10.0.0.9:9000", false)]
    [InlineData("0.0.0.0:443", false)]
    [InlineData("0.0.0.0:6380", false)]
    [InlineData("[::]:443", false)]
    [InlineData("[::1]:6380", false)]
    public void In_a_network_that_the_operator_allowed_the_nodes_own_ports_stay_closed(string to, bool allowed)
    {
        Assert.True(Rules.Policy.Allows(IPEndPoint.Parse(to)));
        Assert.Equal(allowed, Rules.Allows(IPEndPoint.Parse(to), Own));
    }

    [Fact]
    public void Addresses_of_others_are_as_the_policy_says()
    {
        Assert.True(Rules.Allows(IPEndPoint.Parse("198.51.100.8:443"), Own));
        Assert.False(Rules.Allows(IPEndPoint.Parse("192.168.0.1:443"), Own));
        Assert.False(Rules.Allows(IPEndPoint.Parse("127.0.0.1:8443"), Own));
    }
}

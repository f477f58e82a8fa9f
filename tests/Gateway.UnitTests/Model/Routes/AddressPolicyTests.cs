using System.Net;
using Gateway.Model.Routes;
using Xunit;

namespace Gateway.UnitTests.Model.Routes;

public sealed class AddressPolicyTests
{
    [Theory, Trait("adv", "S1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("::1")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("::")]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("169.254.169.254")]
    [InlineData("168.63.129.16")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fc00::1")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:a9fe:a9fe")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    public void An_address_inside_the_house_is_refused(string address) =>
        Assert.False(AddressPolicy.PublicOnly.Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("168.63.129.17")]
    [InlineData("198.51.100.7")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:198.51.100.7")]
    [InlineData("2001:200::1")]
    [InlineData("2a01:4f8::1")]
    [InlineData("2003::1")]
    public void A_public_address_is_dialled(string address) =>
        Assert.True(AddressPolicy.PublicOnly.Allows(IPAddress.Parse(address)));

    [Fact]
    public void An_allowed_network_opens_itself_and_nothing_beside_it()
    {
        var policy = new AddressPolicy([IPNetwork.Parse("10.1.0.0/16"), IPNetwork.Parse("::1/128")]);
        Assert.True(policy.Allows(IPAddress.Parse("10.1.2.3")));
        Assert.True(policy.Allows(IPAddress.Parse("::ffff:10.1.2.3")));
        Assert.True(policy.Allows(IPAddress.IPv6Loopback));
        Assert.False(policy.Allows(IPAddress.Parse("10.2.0.1")));
        Assert.False(policy.Allows(IPAddress.Loopback));
    }

    [Theory, Trait("adv", "S5")]
    [InlineData(25)]
    [InlineData(53)]
    [InlineData(6379)]
    [InlineData(11211)]
    [InlineData(0)]
    public void A_port_that_serves_no_visitor_is_refused(int port)
    {
        Assert.False(AddressPolicy.PublicOnly.Allows(new IPEndPoint(IPAddress.Parse("198.51.100.7"), port)));
        Assert.True(AddressPolicy.PublicOnly.Allows(new IPEndPoint(IPAddress.Parse("198.51.100.7"), 443)));
    }

    [Theory, Trait("adv", "S1")]
    [InlineData("2130706433")]
    [InlineData("127.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("0x7f000001")]
    [InlineData("127.0.0.01")]
    [InlineData("127.0.0.1.")]
    [InlineData("host.0x7f")]
    [InlineData("fe80::1%eth0")]
    [InlineData("1.2.3.4:80")]
    [InlineData("[::1]:80")]
    [InlineData("[1.2.3.4]")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a b")]
    [InlineData("-x.org")]
    [InlineData("１２７.0.0.1")]
    public void A_disguised_address_is_neither_literal_nor_name(string text) => Assert.False(UpstreamHost.TryParse(text, out _));

    [Theory]
    [InlineData("198.51.100.7", "198.51.100.7")]
    [InlineData("2001:DB8::7", "2001:db8::7")]
    [InlineData("[2001:db8::7]", "2001:db8::7")]
    public void A_literal_is_read_as_such(string text, string address) =>
        Assert.Equal(new UpstreamHost.Literal(IPAddress.Parse(address)), Parse(text));

    [Theory]
    [InlineData("Backend.example.ORG.")]
    [InlineData("localhost")]
    [InlineData("a_b.1.example")]
    public void A_name_is_read_as_such(string text) => Assert.IsType<UpstreamHost.Name>(Parse(text));

    private static UpstreamHost? Parse(string text) => UpstreamHost.TryParse(text, out var host) ? host : null;
}

using System.Net;
using Gateway.Explorer.Http;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace Gateway.UnitTests.Explorer;

/// <summary>Who a request comes from, where a proxy stands before the reservation API.</summary>
public sealed class ClientAddressesTests
{
    private static readonly ClientAddresses Behind = new([IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("10.0.0.0/24"), IPNetwork.Parse("2001:db8:ffff::/48")]);

    [Theory]
    [InlineData("127.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("2001:db8:ffff::1", "2001:db8::7", "2001:db8::7")]
    [InlineData("127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1", "203.0.113.9:4711", "203.0.113.9")]
    [InlineData("127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7")]
    [InlineData("127.0.0.1", "[2001:db8::7]", "2001:db8::7")]
    [InlineData("127.0.0.1", "203.0.113.9, 10.0.0.5,127.0.0.2", "203.0.113.9")]
    [InlineData("127.0.0.1", "10.0.0.7, 10.0.0.5", "10.0.0.7")]
    public void It_is_the_last_address_that_no_proxy_of_ours_has(string peer, string header, string client) =>
        Assert.Equal(IPAddress.Parse(client), Behind.Of(IPAddress.Parse(peer), header));

    /// <summary>What stands before the first address that is not trusted was written by whoever has it.</summary>
    [Theory]
    [Trait("adv", "R9")]
    [InlineData("127.0.0.1, 203.0.113.9")]
    [InlineData("198.51.100.1, 203.0.113.9, 10.0.0.5")]
    [InlineData("garbage, , 203.0.113.9")]
    public void What_a_client_wrote_himself_is_not_believed(string header) =>
        Assert.Equal(IPAddress.Parse("203.0.113.9"), Behind.Of(IPAddress.Loopback, header));

    [Theory]
    [Trait("adv", "R9")]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("203.0.113.9,")]
    [InlineData("203.0.113.9, _hidden, 10.0.0.5")]
    [InlineData("203.0.113.009")]
    [InlineData("3405803785")]
    [InlineData("[2001:db8::7")]
    [InlineData("[2001:db8::7]x")]
    [InlineData("203.0.113.9:x")]
    [InlineData("203.0.113.9:65536")]
    public void Where_a_proxy_says_nothing_that_can_be_read_it_is_the_proxy_itself(string header) =>
        Assert.Equal(IPAddress.Parse("10.0.0.5"), Behind.Of(IPAddress.Parse("10.0.0.5"), header));

    [Fact]
    [Trait("adv", "R9")]
    public void Nobody_else_is_believed()
    {
        Assert.Equal(IPAddress.Parse("203.0.113.9"), Behind.Of(IPAddress.Parse("203.0.113.9"), "192.0.2.1"));
        Assert.Equal(IPAddress.Loopback, new ClientAddresses([]).Of(IPAddress.Loopback, "192.0.2.1"));
        Assert.Null(Behind.Of(null, "192.0.2.1"));
    }

    [Fact]
    public void A_header_in_several_lines_is_one_list() =>
        Assert.Equal(IPAddress.Parse("203.0.113.9"), Behind.Of(IPAddress.Loopback, new StringValues(["198.51.100.1, 203.0.113.9", "10.0.0.5"])));
}

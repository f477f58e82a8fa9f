using System.Net;
using Gateway.Router;
using Xunit;

namespace Gateway.UnitTests.Router;

[Trait("adv", "H8")]
public sealed class ListenerProxyTests
{
    private static readonly IPNetwork Office = IPNetwork.Parse("10.0.0.0/8");

    [Theory]
    [InlineData("192.0.2.1:443=10.0.0.0/8")]
    [InlineData("[2001:db8::1]:443=2001:db8::/32")]
    [InlineData("0.0.0.0:0=10.0.0.0/8")]
    [InlineData("192.0.2.1:443=nobody")]
    public void What_is_read_is_written_the_same(string text)
    {
        Assert.True(ListenerProxy.TryParse(text, out var proxy));
        Assert.Equal(text, proxy.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.0/8")]
    [InlineData("192.0.2.1=10.0.0.0/8")]
    [InlineData("2001:db8::1=10.0.0.0/8")]
    [InlineData("::1:443=10.0.0.0/8")]
    [InlineData("192.0.2.1:443=")]
    [InlineData("192.0.2.1:443=somebody")]
    [InlineData("192.0.2.1:443=10.0.0.0/8=10.0.0.0/8")]
    [InlineData("192.0.2.1:70000=10.0.0.0/8")]
    public void Anything_else_is_refused(string text) => Assert.False(ListenerProxy.TryParse(text, out _));

    [Theory]
    [InlineData("192.0.2.1:443", "10.1.1.1", true)]
    [InlineData("192.0.2.1:443", "172.16.0.1", false)]
    [InlineData("192.0.2.2:443", "10.1.1.1", false)]
    [InlineData("192.0.2.3:443", "172.16.0.1", true)]
    [InlineData("192.0.2.1:8443", "172.16.0.1", true)]
    [InlineData("198.51.100.1:1", "10.1.1.1", true)]
    [InlineData("198.51.100.1:2", "10.1.1.1", true)]
    public void A_listener_that_is_named_trusts_its_own_and_others_trust_those_of_their_kind(string listener, string peer, bool isTrusted)
    {
        ListenerProxy[] own =
        [
            new(IPEndPoint.Parse("192.0.2.1:443"), Office),
            new(IPEndPoint.Parse("192.0.2.2:443"), null),
            new(IPEndPoint.Parse("198.51.100.1:0"), Office),
        ];
        var proxies = TrustedProxies.Of(IPEndPoint.Parse(listener), own, [IPNetwork.Parse("172.16.0.0/12")]);
        Assert.Equal(isTrusted, proxies.Trusts(new IPEndPoint(IPAddress.Parse(peer), 5555)));
    }
}

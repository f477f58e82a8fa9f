using System.Net;
using Gateway.Dns;
using Gateway.Dns.Forwarding;
using Xunit;

namespace Gateway.UnitTests.Dns.Forwarding;

public sealed class ForwardOptionsTests
{
    [Theory]
    [InlineData("192.0.2.1:53", "10.0.0.0/8", "")]
    [InlineData("", "", "")]
    [InlineData("192.0.2.1:53", "", "forward_clients")]
    [InlineData("", "10.0.0.0/8", "forward_to")]
    [InlineData("192.0.2.1:53", "0.0.0.0/0", "open resolver")]
    [InlineData("0.0.0.0:53", "10.0.0.0/8", "no address")]
    [InlineData("192.0.2.1:0", "10.0.0.0/8", "needs a port")]
    public void Forwarding_has_both_its_ends_and_is_never_for_everybody(string to, string clients, string fault)
    {
        var options = new DnsOptions();
        if (to.Length > 0) options.ForwardTo = [IPEndPoint.Parse(to)];
        if (clients.Length > 0) options.ForwardClients = [IPNetwork.Parse(clients)];
        if (fault.Length == 0) Assert.Empty(options.Faults());
        else Assert.Contains(fault, Assert.Single(options.Faults()).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:53", "127.0.0.1:53", true)]
    [InlineData("0.0.0.0:53", "127.0.0.9:53", true)]
    [InlineData("0.0.0.0:53", "192.0.2.1:53", false)]
    [InlineData("127.0.0.1:53", "127.0.0.1:5353", false)]
    [InlineData("127.0.0.1:53", "127.0.0.2:53", false)]
    [InlineData("[::]:53", "[::1]:53", true)]
    public void A_resolver_that_is_this_very_server_is_noticed(string listening, string upstream, bool isOwn) =>
        Assert.Equal(isOwn, OwnAddresses.Among([IPEndPoint.Parse(upstream)], [IPEndPoint.Parse(listening)]).Any());
}

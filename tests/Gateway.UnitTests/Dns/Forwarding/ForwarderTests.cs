using System.Net;
using Gateway.Dns;
using Gateway.Dns.Forwarding;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.UnitTests.Dns.Forwarding;

public sealed class ForwarderTests
{
    private static readonly DnsOptions Options = new()
    {
        ForwardTo = [IPEndPoint.Parse("10.0.0.53:53")],
        ForwardClients = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/33")],
        ForwardAtOnce = 2,
    };

    private bool _knowsZones = true;

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("11.1.2.3", false)]
    [InlineData("2001:db8:7fff::1", true)]
    [InlineData("2001:db8:8000::1", false)]
    [InlineData("10.0.0.53", false)]
    public void Clients_of_the_named_networks_are_served_but_for_the_resolvers_themselves(string client, bool served) =>
        Assert.Equal(served, Open().Serves(IPAddress.Parse(client).GetAddressBytes()));

    [Fact]
    public void Nobody_is_served_while_own_names_cannot_be_told_from_others()
    {
        _knowsZones = false;
        Assert.False(Open().Serves([10, 1, 2, 3]));
    }

    [Fact]
    public void What_is_more_than_may_wait_is_not_taken()
    {
        var forwarder = Open();
        var taken = Enumerable.Range(0, 5).Count(_ => forwarder.TryTake([1], [10, 1, 2, 3], overTcp: false, _ => { }));
        Assert.Equal((2, 3), (taken, forwarder.Overflowed));
    }

    private Forwarder Open() => new(Options, new Responder(new ResponderOptions()), () => _knowsZones, TimeProvider.System, NullLogger.Instance);
}

using System.Net;
using Gateway.Explorer.Http;
using Xunit;

namespace Gateway.UnitTests.Explorer;

public sealed class AddressRatesTests
{
    private static readonly IPAddress Someone = IPAddress.Parse("192.0.2.1");

    [Fact]
    public void An_address_has_a_burst_and_then_its_rate()
    {
        var rates = new AddressRates(10, []);
        Assert.Equal(40, Admitted(rates, Someone, 0, 100));
        Assert.Equal(0, Admitted(rates, Someone, 99, 10));
        Assert.Equal(1, Admitted(rates, Someone, 100, 10));
        Assert.Equal(40, Admitted(rates, Someone, 1_000_000, 100));
    }

    [Fact]
    public void Another_address_has_a_rate_of_its_own_and_a_network_of_IPv6_shares_one()
    {
        var rates = new AddressRates(1, []);
        Assert.Equal(4, Admitted(rates, IPAddress.Parse("2001:db8::1"), 0, 10));
        Assert.Equal(0, Admitted(rates, IPAddress.Parse("2001:db8::2"), 0, 10));
        Assert.Equal(4, Admitted(rates, IPAddress.Parse("2001:db8:0:1::2"), 0, 10));
        Assert.Equal(4, Admitted(rates, Someone, 0, 10));
        Assert.Equal(0, Admitted(rates, Someone.MapToIPv6(), 0, 10));
    }

    [Fact]
    public void Exempt_networks_and_no_limit_are_never_slowed_down()
    {
        Assert.Equal(100, Admitted(new AddressRates(1, [IPNetwork.Parse("192.0.2.0/24")]), Someone, 0, 100));
        Assert.Equal(100, Admitted(new AddressRates(0, []), Someone, 0, 100));
    }

    [Fact]
    public void However_many_come_the_table_stays_bounded_and_answers()
    {
        var rates = new AddressRates(1, []);
        for (uint i = 0; i < 200_000; i++) Assert.True(rates.Admit(new IPAddress(i), 0));
    }

    private static int Admitted(AddressRates rates, IPAddress address, long now, int tries) =>
        Enumerable.Range(0, tries).Count(_ => rates.Admit(address, now));
}

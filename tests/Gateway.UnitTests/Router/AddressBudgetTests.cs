using System.Net;
using Gateway.Router;
using Xunit;

namespace Gateway.UnitTests.Router;

public sealed class AddressBudgetTests
{
    private static readonly IPEndPoint Somebody = IPEndPoint.Parse("192.0.2.1:1000");

    [Fact]
    public void An_address_holds_up_to_the_limit_whatever_its_port()
    {
        var budget = new AddressBudget(100);
        Assert.True(budget.TryTake(Somebody, 60));
        Assert.False(budget.TryTake(IPEndPoint.Parse("192.0.2.1:2000"), 41));
        Assert.True(budget.TryTake(IPEndPoint.Parse("[::ffff:192.0.2.1]:1"), 40));
        Assert.True(budget.TryTake(IPEndPoint.Parse("192.0.2.2:1000"), 100));
    }

    [Fact]
    public void What_is_given_back_can_be_taken_again_and_nobody_is_remembered_without_holding()
    {
        var budget = new AddressBudget(100);
        Assert.True(budget.TryTake(Somebody, 100));
        budget.Give(Somebody, 100);
        Assert.Equal(0, budget.Addresses);
        Assert.True(budget.TryTake(Somebody, 100));
    }

    [Fact]
    public void All_addresses_of_an_IPv6_64_are_one()
    {
        var budget = new AddressBudget(1);
        Assert.True(budget.TryTake(IPEndPoint.Parse("[2001:db8:1:2::1]:1"), 1));
        Assert.False(budget.TryTake(IPEndPoint.Parse("[2001:db8:1:2:ffff::9]:1"), 1));
        Assert.True(budget.TryTake(IPEndPoint.Parse("[2001:db8:1:3::1]:1"), 1));
    }
}

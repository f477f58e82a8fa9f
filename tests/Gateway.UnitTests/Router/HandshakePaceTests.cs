using System.Net;
using Gateway.Router.Tunnelling;
using Xunit;

namespace Gateway.UnitTests.Router;

public sealed class HandshakePaceTests
{
    private static readonly IPEndPoint Somebody = new(IPAddress.Parse("192.0.2.1"), 1);

    private readonly FakeTime _time = new();

    [Fact, Trait("adv", "T5")]
    public void A_storm_is_let_in_at_the_pace_and_its_tail_is_sent_away()
    {
        var pace = new HandshakePace(200, 1_000_000, 1_000_000, _time);
        var waits = Enumerable.Range(0, 10_000).Select(_ => pace.Take(Somebody)).ToArray();
        var let = waits.TakeWhile(wait => wait is not null).ToArray();
        Assert.InRange(let.Length, 1600, 1640);
        Assert.All(waits[let.Length..], wait => Assert.Null(wait));
        Assert.All(let.Take(20), wait => Assert.Equal(TimeSpan.Zero, wait));
        for (var i = 100; i < let.Length; i++) Assert.Equal(0.005, (let[i]!.Value - let[i - 1]!.Value).TotalSeconds, 4);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.Zero, pace.Take(Somebody));
    }

    [Fact, Trait("adv", "T7")]
    public void One_address_has_a_burst_and_then_its_own_pace_and_takes_nothing_from_others()
    {
        var pace = new HandshakePace(100_000, 20, 5, _time);
        Assert.Equal(6, Enumerable.Range(0, 100).Count(_ => pace.Take(Somebody) is not null));
        Assert.NotNull(pace.Take(new IPEndPoint(IPAddress.Parse("192.0.2.2"), 1)));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(2, Enumerable.Range(0, 100).Count(_ => pace.Take(Somebody) is not null));
    }

    [Fact, Trait("adv", "T7")]
    public void The_hosts_of_an_IPv6_network_share_one_pace()
    {
        var pace = new HandshakePace(100_000, 1, 5, _time);
        Assert.Equal(6, Enumerable.Range(1, 100).Count(i => pace.Take(new IPEndPoint(IPAddress.Parse($"2001:db8::{i:x}"), 1)) is not null));
    }

    [Fact]
    public void Many_addresses_take_a_bounded_amount_of_memory()
    {
        var pace = new HandshakePace(100_000, 20, 5, _time);
        for (var i = 0; i < 50_000; i++)
        {
            if (i % 100 == 0) _time.Advance(TimeSpan.FromMilliseconds(10));
            pace.Take(new IPEndPoint(new IPAddress((uint)(i + 1)), 1));
        }

        Assert.InRange(pace.Addresses, 1, 4096);
    }
}

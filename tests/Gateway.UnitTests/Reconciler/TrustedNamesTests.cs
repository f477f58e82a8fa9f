using Gateway.Reconciler;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>Names that others trust for what they are, and that a user may not have because somebody else's word hangs on them.</summary>
public sealed class TrustedNamesTests : PlanRules
{
    [Theory]
    [Trait("adv", "D21")]
    [InlineData("_acme-challenge")]
    [InlineData("_sish")]
    [InlineData("_dmarc")]
    [InlineData("_mta-sts")]
    [InlineData("wpad")]
    [InlineData("autodiscover")]
    [InlineData("isatap")]
    [InlineData("localhost")]
    public void Labels_that_clients_trust_are_kept_back_by_default(string label)
    {
        foreach (var reserved in new ReconcilerOptions().ReservedLabels) _world.ReservedLabels.Add(reserved);
        foreach (var name in new[] { $"{label}.gw.test", $"x.{label}.gw.test", $"{label.ToUpperInvariant()}.gw.test" })
        {
            Refused(_world.Subdomain(7, name, "203.0.113.10"));
            Refused(_world.Tunnel(7, name));
            Refused(_world.Delegate(7, name));
        }
    }

    [Theory]
    [Trait("adv", "D21")]
    [InlineData("*.gw.test")]
    [InlineData("x.*.gw.test")]
    public void Nobody_gets_a_wildcard(string name)
    {
        Refused(_world.Subdomain(7, name, "203.0.113.10"));
        Refused(_world.Tunnel(7, name));
    }

    [Theory]
    [Trait("adv", "D22")]
    [InlineData("2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa")]
    [InlineData("8.b.d.0.1.0.0.2.ip6.arpa", "1.8.b.d.0.1.0.0.2.ip6.arpa")]
    [InlineData("user7.org", "user7.org")]
    [InlineData("user7.org", "www.user7.org")]
    public void Reverse_zones_and_whole_zones_are_changed_by_their_owner_alone(string zone, string name)
    {
        Assert.IsType<Outcome.Accepted>(_world.Round(_world.Delegate(7, zone)));
        var before = _world.Redis[$"{zone}.", "@"];
        Refused(_world.Delegate(9, zone));
        Refused(_world.Delegate(9, name));
        Refused(_world.Subdomain(9, name, "203.0.113.11"));
        Refused(_world.Tunnel(9, name));
        Assert.Equal(before, _world.Redis[$"{zone}.", "@"]);
        Assert.IsType<Outcome.Accepted>(_world.Round(_world.Subdomain(7, name, "203.0.113.10")));
    }

    /// <summary>Users have no way to write records that certificate authorities ask for; what an operator wrote beside a name stays.</summary>
    [Fact]
    [Trait("adv", "D22")]
    public void CAA_records_that_stand_beside_a_name_are_not_lost_to_a_reservation()
    {
        const string caa = """{"caa":[{"flag":0,"tag":"issue","value":"ca.test"}]}""";
        _world.Redis.Set("gw.test.", "@", caa);
        Refused(_world.Subdomain(9, "gw.test", "203.0.113.11"));
        Assert.Equal(caa, _world.Redis["gw.test.", "@"]);
    }
}

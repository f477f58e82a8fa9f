using Gateway.Dns;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model;
using Xunit;

namespace Gateway.UnitTests.Dns;

public sealed class ZoneQueriesTests
{
    private readonly ZoneSet _zones = new();
    private readonly ZoneQueries _queries;

    public ZoneQueriesTests()
    {
        for (var i = 0; i < 150; i++) _zones.Add(new Zone(DomainName.Parse($"z{i}.test"), TestZones.Defaults, 1));
        _queries = new ZoneQueries(_zones);
    }

    [Fact]
    public void The_busiest_zones_have_figures_of_their_own_and_the_others_share_one()
    {
        for (var i = 0; i < 150; i++) Ask(i, 1_000 - i);
        var figures = Measure();
        Assert.Equal(ZoneQueries.Most + 1, figures.Count);
        Assert.Equal(1_000, figures["z0.test."]);
        Assert.Equal(901, figures["z99.test."]);
        Assert.DoesNotContain("z100.test.", figures.Keys);
        Assert.Equal(Enumerable.Range(100, 50).Sum(i => 1_000 - i), figures[ZoneQueries.Others]);
    }

    [Fact]
    public void The_figure_of_the_others_never_falls_nor_jumps_when_zones_change_places()
    {
        for (var i = 0; i < 150; i++) Ask(i, 1_000 - (2 * i));
        var before = Measure()[ZoneQueries.Others];
        Ask(149, 5_000);
        var after = Measure();
        Assert.Equal(5_702, after["z149.test."]);
        Assert.DoesNotContain("z99.test.", after.Keys);
        Assert.Equal(before, after[ZoneQueries.Others]);
        Ask(99, 1);
        Assert.Equal(before + 1, Measure()[ZoneQueries.Others]);
    }

    [Fact]
    public void A_tally_gives_a_zone_every_query_at_the_end_of_a_batch()
    {
        var (one, other) = (_zones[DomainName.Parse("z1.test")]!, _zones[DomainName.Parse("z2.test")]!);
        var tally = new Tally("udp");
        foreach (var zone in new[] { one, one, other, null, one }) tally.Count(12, new Verdict(Rcode.NoError, zone, false));
        tally.FlushZone();
        tally.FlushZone();
        Assert.Equal((3, 1, 5), (one.Queries, other.Queries, tally.Queries));
    }

    private void Ask(int zone, int times) => _zones[DomainName.Parse($"z{zone}.test")]!.Queries += times;

    private Dictionary<string, long> Measure() =>
        _queries.Measure().ToDictionary(figure => (string)figure.Tags[0].Value!, figure => figure.Value);
}

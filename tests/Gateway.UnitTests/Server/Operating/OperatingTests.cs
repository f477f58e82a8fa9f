using System.Text.Json.Nodes;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;
using Gateway.Server.Operating;
using Xunit;

namespace Gateway.UnitTests.Server.Operating;

/// <summary>What the operator's page is made of.</summary>
public sealed class OperatingTests
{
    private static readonly DomainName Zone = DomainName.Parse("gw.example.com");
    private static readonly DomainName[] Own = [DomainName.Parse("ns1.example.com"), DomainName.Parse("ns2.example.com")];

    [Fact]
    public void A_host_is_counted_minute_by_minute_and_an_hour_later_it_is_forgotten()
    {
        var history = new HostHistory();
        history.Take(100, 1_000, 1, 1, 2);
        history.Take(100, 1_500, 2, 1, 2);
        history.Take(102, 1_600, 2, 0, 2);
        Assert.Equal((50, 0, 1_600, 2), (history.Rate, history.Present, history.Bytes, history.Visits));
        Assert.Equal([1_500, 0, 100], history.Series.TakeLast(3));
        Assert.Equal(HostHistory.Minutes, history.Series.Count());
        history.Take(161, 1_600, 2, 0, 2);
        Assert.Equal(100, history.Bytes);
        history.Take(162, 1_600, 2, 0, 2);
        Assert.Equal((0, 0), (history.Bytes, history.Visits));
    }

    [Theory]
    [InlineData("ns1.example.com ns2.example.com", "Here")]
    [InlineData("ns2.example.com", "Here")]
    [InlineData("ns1.example.com ns.elsewhere.org", "Partly")]
    [InlineData("ns.elsewhere.org", "Elsewhere")]
    [InlineData("", "Missing")]
    public void A_zone_is_delegated_here_or_it_is_said_where(string servers, string state)
    {
        var records = servers.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(server => new DnsRecord(Zone, RecordType.Ns, 60, [], DomainName.Parse(server), 0));
        Assert.Equal(state, DelegationWatch.Judge(new DnsReply(DnsReply.NoError, false, false, [.. records], [], []), Zone, Own).ToString());
        Assert.Equal(Delegation.Unanswered, DelegationWatch.Judge(null, Zone, Own));
    }

    [Fact]
    public void A_line_of_the_log_comes_with_its_cure()
    {
        var cures = new Cures(["| event | level | it says | do |", "|---|---|---|---|", "| 7 | error | … | turn `it` off |", "| x | y |"]);
        Assert.Equal(("turn it off", ""), (cures.Of(7), cures.Of(8)));
        using var troubles = new RecentTroubles(cures, new FakeTime());
        troubles.CreateLogger("Gateway.Test.Part").Log(Microsoft.Extensions.Logging.LogLevel.Error, new(7), "<b>it</b> burns", null, (text, _) => text);
        troubles.CreateLogger("Gateway.Test.Part").Log(Microsoft.Extensions.Logging.LogLevel.Information, new(7), "quiet", null, (text, _) => text);
        var kept = Assert.Single(troubles.Newest())!;
        Assert.Equal(("Part", "<b>it</b> burns", "turn it off", 1), ((string)kept["part"]!, (string)kept["text"]!, (string)kept["cure"]!, (int)troubles.Count));
        Assert.DoesNotContain("<b>", new JsonObject { ["all"] = troubles.Newest() }.ToJsonString(), StringComparison.Ordinal);
    }
}

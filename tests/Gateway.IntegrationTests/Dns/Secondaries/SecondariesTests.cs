using Gateway.IntegrationTests.Support;
using Xunit;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>Stock secondaries of three makers follow our zones: signed transfers, notifications, steps.</summary>
public sealed class SecondariesTests
{
    private static readonly string[] Questions =
    [
        "zone.example SOA", "zone.example NS", "zone.example MX", "zone.example TXT", "zone.example CAA", "zone.example AAAA",
        "ns1.zone.example A", "ns1.zone.example AAAA", "www.zone.example A", "www.zone.example CNAME", "web.zone.example A", "web.zone.example TXT",
        "x.wild.zone.example A", "wild.zone.example A", "_sip._tcp.zone.example SRV", "_tcp.zone.example A", "absent.zone.example A",
        "child.zone.example A", "below.child.zone.example A", "host7.zone.example A", "host1999.zone.example A", "host42.zone.example A", "new.zone.example A",
    ];

    [Theory]
    [InlineData("nsd", "hmac-sha256")]
    [InlineData("knot", "hmac-sha512")]
    [InlineData("bind", "hmac-sha384")]
    public async Task A_stock_secondary_transfers_is_notified_and_follows_by_steps(string kind, string algorithm)
    {
        await using var secondary = new SecondaryServer();
        await using var primary = new Primary(algorithm, $"127.0.0.1:{secondary.Port} {Primary.Key}");
        primary.Fill();
        secondary.Start(kind, primary);
        await FollowsAsync(primary, secondary);
        await SameAnswersAsync(primary, secondary);
        var whole = primary.Transfers.Whole;
        Assert.InRange(whole, 1, 2);

        for (var round = 1; round <= 3; round++)
        {
            var before = primary.Transfers.Incremental;
            primary.Put("new", $$"""{"a":[{"ip":"198.51.100.{{round}}"}],"txt":[{"text":"round {{round}}"}]}""");
            primary.Put("web", $$"""{"a":[{"ip":"192.0.2.3"},{"ip":"192.0.2.{{100 + round}}"}]}""");
            primary.Put($"deep.under.x{round}", """{"a":[{"ip":"192.0.2.9"}]}""");
            primary.Remove($"host{40 + round}");
            primary.Commit();
            await FollowsAsync(primary, secondary);
            Assert.True(primary.Transfers.Incremental > before, secondary.Log);
            await SameAnswersAsync(primary, secondary);
        }

        Assert.Equal(whole, primary.Transfers.Whole);
    }

    private static async Task FollowsAsync(Primary primary, SecondaryServer secondary)
    {
        var soa = "";
        try
        {
            await Eventually.TrueAsync(
                async () => (soa = await Dig.AskAsync(secondary.Port, "+short", "zone.example", "SOA")).Contains($" {primary.Serial} ", StringComparison.Ordinal),
                "the secondary has the serial");
        }
        catch (Exception)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"wanted {primary.Serial}, has {soa}\n{secondary.Log}");
            throw;
        }
    }

    private static async Task SameAnswersAsync(Primary primary, SecondaryServer secondary)
    {
        foreach (var question in Questions)
            Assert.Equal((question, await AskAsync(primary.Port, question)), (question, await AskAsync(secondary.Port, question)));
    }

    /// <summary>The code, the AA flag, and the answer section in a fixed order.</summary>
    private static async Task<string> AskAsync(int port, string question)
    {
        var text = await Dig.AskAsync(port, ["+norec", "+noall", "+comments", "+answer", .. question.Split(' ')]);
        var lines = text.Split('\n');
        var status = lines.Single(line => line.Contains("status: ", StringComparison.Ordinal)).Split("status: ")[1].Split(',')[0];
        var isAuthoritative = lines.Single(line => line.Contains(";; flags: ", StringComparison.Ordinal)).Split(';')[2].Contains(" aa", StringComparison.Ordinal);
        return $"{status} {isAuthoritative}\n{string.Join('\n', lines.Where(line => line.Length > 0 && line[0] != ';').Order())}";
    }
}

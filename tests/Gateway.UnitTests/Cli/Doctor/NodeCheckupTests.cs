using System.Net;
using System.Text.Json.Nodes;
using Gateway.Cli.Doctor;
using Xunit;

namespace Gateway.UnitTests.Cli.Doctor;

public sealed class NodeCheckupTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly Door Open = new("tls", IPEndPoint.Parse("203.0.113.1:443"), "TCP", Answers: true);

    public static TheoryData<string, string, string> Faults => new()
    {
        { "redis_away", "conditions.0.degraded", "true" },
        { "part_not_serving", "conditions.1.serving", "false" },
        { "part_strained", "conditions.1.degraded", "true" },
        { "clock_differs", "machine.clock", "\"2026-11-20T11:59:00Z\"" },
        { "descriptors_short", "machine.descriptors_open", "500000" },
        { "descriptors_few", "machine.descriptors_most", "1024" },
        { "disk_full", "machine.disk_free", "1000000" },
        { "disk_unreadable", "machine.disk_fault", "\"gone\"" },
    };

    private static JsonNode Well => JsonNode.Parse("""
        {
          "conditions": [{ "name": "redis", "serving": true, "degraded": false, "text": "Redis answers." }, { "name": "zones", "serving": true, "degraded": false, "text": "Fine." }],
          "machine": { "clock": "2026-11-20T12:00:01Z", "descriptors_open": 100, "descriptors_most": 524288, "disk_free": 10000000000, "disk_size": 20000000000 }
        }
        """)!;

    [Fact]
    public void A_node_that_is_well_is_said_to_be() =>
        Assert.All(new NodeCheckup(Well, [Open], true, Now).Findings(), finding => Assert.Equal(Health.Good, finding.Health));

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_is_wrong_with_a_node_comes_first_with_one_name_and_one_sentence(string code, string path, string value)
    {
        var status = Well;
        var place = path.Split('.')[..^1].Aggregate(status, (node, name) => int.TryParse(name, out var index) ? node[index]! : node[name]!);
        place[path.Split('.')[^1]] = JsonNode.Parse(value);
        Says(code, new NodeCheckup(status, [Open], true, Now));
    }

    [Theory]
    [InlineData("port_closed", "tls", "203.0.113.1:443", false)]
    [InlineData("dns_port", "dns", "203.0.113.1:8053", true)]
    [InlineData("only_local", "http", "127.0.0.1:80", true)]
    public void A_door_that_nobody_can_use_is_named(string code, string name, string at, bool answers) =>
        Says(code, new NodeCheckup(Well, [Open with { Name = name, At = IPEndPoint.Parse(at), Answers = answers }], true, Now));

    [Fact]
    public void A_clock_that_nobody_keeps_is_named_and_one_of_which_nothing_is_known_is_not()
    {
        Says("clock_unsynchronized", new NodeCheckup(Well, [], false, Now));
        Assert.DoesNotContain(new NodeCheckup(Well, [], null, Now).Findings(), finding => finding.Subject == "clock");
    }

    [Fact]
    public void A_node_of_another_version_that_says_less_is_judged_by_what_it_says() =>
        Assert.Empty(new NodeCheckup(JsonNode.Parse("{}")!, [], null, Now).Findings());

    private static void Says(string code, NodeCheckup checkup)
    {
        var worst = checkup.Findings()[0];
        Assert.Equal(code, worst.Code);
        Assert.NotEqual(Health.Good, worst.Health);
        Assert.DoesNotContain('\n', worst.Text);
    }
}

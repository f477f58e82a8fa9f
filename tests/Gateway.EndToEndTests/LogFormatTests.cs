using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What a node's log looks like to programs, and how much of it one visitor can cause.</summary>
public sealed class LogFormatTests
{
    [Fact, Trait("adv", "O4")]
    public async Task Every_line_is_JSON_when_asked_for_and_a_flood_of_visitors_is_summed_up()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"), "--log-format", "json", "--log-rate", "5");
        using var client = new HttpClient();
        for (var i = 0; i < 200; i++) (await client.GetAsync(new Uri($"http://{node.Http}/"), TestContext.Current.CancellationToken)).Dispose();
        await Programs.EventuallyAsync(() => Task.FromResult(Lines(node).Any(line => line["name"]?.ToString() == "LeftOut")), "the log says how many lines it left out");
        await node.StopAsync();
        var lines = Lines(node);
        var visits = lines.Where(line => line["name"]!.ToString() == "RequestEnded").ToList();
        Assert.All(visits, visit => Assert.Equal(("NoRoute", 404), (visit["fields"]!["end"]!.ToString(), (int)visit["fields"]!["status"]!)));
        Assert.All(visits, visit => Assert.True((long)visit["fields"]!["from_visitor"]! > 0 && (long)visit["fields"]!["to_visitor"]! > 0, visit.ToJsonString()));
        Assert.Equal(200, visits.Count + lines.Where(line => line["name"]!.ToString() == "LeftOut").Sum(line => (long)line["fields"]!["count"]!));
        Assert.NotEmpty(visits);
        Assert.True(visits.Count < 200, $"{visits.Count} lines for 200 visits");
    }

    [Fact]
    public async Task The_journal_gets_priorities_where_it_has_a_stream_alone()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"), "--log-format", "journal");
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains("<6>Gateway.Server.Node[1] The node serves", StringComparison.Ordinal)), $"lines begin with their priority: {node.Log}");
    }

    private static List<JsonNode> Lines(RunningNode node) => [.. node.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
}

using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary><c>gateway doctor</c> without a domain: what it says of a node that is well, and of others.</summary>
public sealed class NodeDoctorTests
{
    [Fact]
    public async Task A_node_that_is_well_has_all_doors_open()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var (code, json) = await ExamineAsync(node);
        Assert.Equal((0, "good"), (code, (string?)json["diagnosis"]));
        var doors = json["findings"]!.AsArray().Where(it => (string)it!["code"]! is "dns_port" or "only_local" or "port_open").Select(it => (string)it!["subject"]!).Order(StringComparer.Ordinal);
        // The name server by UDP and by TCP.
        Assert.Equal(["admin", "dns", "dns", "explorer", "http", "tls", "tunnel"], doors);
        Assert.Contains(json["findings"]!.AsArray(), it => (string)it!["code"]! == "disk_good");
    }

    [Fact]
    public async Task What_a_node_lacks_is_named_with_what_to_change()
    {
        using var work = new TemporaryDirectory();
        await using var redis = await RedisServer.StartAsync(work.File("redis"));
        await using var node = await RunningNode.StartUnderAsync(["/bin/sh", "-c", "ulimit -n 1500; exec \"$0\" \"$@\""], work.File("state"), "--redis", redis.Url);
        var (code, json) = await ExamineAsync(node);
        Assert.Equal(0, code);
        Assert.Contains(json["findings"]!.AsArray(), it => (string)it!["code"]! == "descriptors_few" && ((string)it["text"]!).Contains("raise LimitNOFILE=", StringComparison.Ordinal));

        await redis.TryCommandAsync("SHUTDOWN", "NOSAVE");
        await Programs.EventuallyAsync(async () => (string?)(await ExamineAsync(node)).Json["diagnosis"] == "redis_away", "the doctor sees that Redis is away");
        (code, json) = await ExamineAsync(node);
        Assert.Equal((1, "BAD"), (code, (string?)json["findings"]![0]!["health"]));
    }

    [Fact]
    public async Task A_node_that_does_not_run_is_told_apart_from_something_else_that_does()
    {
        var nobody = await Programs.RunAsync(Programs.Gateway, ["doctor", "--admin", "http://127.0.0.1:1"]);
        Assert.Equal(4, nobody.Code);
        Assert.Contains("No node answers at http://127.0.0.1:1/", nobody.Error, StringComparison.Ordinal);
        Assert.Contains("'systemctl status gateway' says why", nobody.Error, StringComparison.Ordinal);
        await using var other = new ByteServer(10, 1000);
        var stranger = await Programs.RunAsync(Programs.Gateway, ["doctor", "--admin", $"http://{other.Address}"]);
        Assert.Equal(4, stranger.Code);
        Assert.Contains("is no gateway node", stranger.Error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, JsonNode Json)> ExamineAsync(RunningNode node)
    {
        // Patient, for the machine may be busy.
        var ended = await Programs.RunAsync(Programs.Gateway, ["doctor", "--json", "--timeout", "20", "--admin", $"http://{node.Admin}"]);
        TestContext.Current.TestOutputHelper?.WriteLine($"the node's doctor took {JsonNode.Parse(ended.Output)!["milliseconds"]} ms");
        return (ended.Code, JsonNode.Parse(ended.Output)!);
    }
}

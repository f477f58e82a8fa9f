using System.Globalization;
using System.Net;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>The operator's own routes, from the file to the visitor.</summary>
public sealed class OperatorRoutesTests
{
    [Fact]
    public async Task They_are_served_and_read_again_on_SIGHUP_and_a_fault_changes_nothing()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("routes.json");
        await File.WriteAllTextAsync(file, """{ "a.example": { "addr": "127.0.0.1", "httpport": 1 } }""");
        await using var node = await RunningNode.StartAsync(directory.File("state"), "--roles", "router", "--router-routes", file);
        Assert.Equal((HttpStatusCode.BadGateway, HttpStatusCode.NotFound), (await AskAsync(node, "a.example"), await AskAsync(node, "b.example")));
        await File.WriteAllTextAsync(file, """{ "b.example": { "addr": "127.0.0.1", "httpprot": 1 } }""");
        await HangUpAsync(node);
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains("'httpprot' is unknown", StringComparison.Ordinal)), "the fault is logged");
        Assert.Equal(HttpStatusCode.BadGateway, await AskAsync(node, "a.example"));
        await File.WriteAllTextAsync(file, """{ "b.example": { "addr": "127.0.0.1", "httpport": 1 } }""");
        await HangUpAsync(node);
        await Programs.EventuallyAsync(() => AnswersAsync(node, "b.example", HttpStatusCode.BadGateway), "the new route is served");
        await Programs.EventuallyAsync(() => AnswersAsync(node, "a.example", HttpStatusCode.NotFound), "the old one is not");
    }

    [Fact]
    public async Task Check_config_names_every_fault_of_the_file()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("routes.json");
        await File.WriteAllTextAsync(file, """{ "a.example": { "addr": "127.1", "tlsport": 443 }, "b b": { "addr": "192.0.2.1", "tlsport": 443 } }""");
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["check-config", "--router-routes", file]);
        Assert.Equal(2, ended.Code);
        Assert.Contains("'a.example' cannot be used: '127.1'", ended.Error, StringComparison.Ordinal);
        Assert.Contains("'b b' is no host", ended.Error, StringComparison.Ordinal);
    }

    private static async Task HangUpAsync(RunningNode node) => await Programs.RunAsync("kill", ["-HUP", node.ProcessId.ToString(CultureInfo.InvariantCulture)]);

    private static async Task<bool> AnswersAsync(RunningNode node, string host, HttpStatusCode expected)
    {
        try
        {
            return await AskAsync(node, host) == expected;
        }
        catch (HttpRequestException)
        {
            // A request that is under way when its route is deleted is cut.
            return false;
        }
    }

    private static async Task<HttpStatusCode> AskAsync(RunningNode node, string host)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{node.Http}/") { Headers = { Host = host } };
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}

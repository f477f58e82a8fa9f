using System.Globalization;
using System.Net;
using System.Net.Sockets;
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

    /// <summary>The guide puts the reservation API behind such a route: visitors are then told apart, and what they say of themselves is not heard.</summary>
    [Fact, Trait("adv", "R9")]
    public async Task The_reservation_API_behind_one_of_them_limits_each_visitor()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.File("routes.json");
        await File.WriteAllTextAsync(file, "{}");
        await using var node = await RunningNode.StartAsync(
            directory.File("state"), "--router-routes", file, "--explorer-trusted-proxies", "127.0.0.1/32", "--explorer-rate-exempt", "127.0.0.1/32", "--explorer-rate-per-address", "1");
        await File.WriteAllTextAsync(file, $$"""{ "api.example": { "addr": "127.0.0.1", "httpport": {{node.Explorer.Port}} } }""");
        await HangUpAsync(node);
        await Programs.EventuallyAsync(async () => await FromAsync(node, "127.0.0.1") == HttpStatusCode.OK, "the route is served");
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 20; i++) answers.Add(await FromAsync(node, "127.0.0.2"));
        Assert.Equal((HttpStatusCode.OK, true), (answers[0], answers.Contains(HttpStatusCode.TooManyRequests)));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await FromAsync(node, "127.0.0.3"), await FromAsync(node, "127.0.0.1")));
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

    private static async Task<HttpStatusCode> FromAsync(RunningNode node, string address)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = (_, stop) => ConnectAsync(IPAddress.Parse(address), node.Http, stop) };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromMinutes(1) };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{node.Http}/api/v1/gateways") { Headers = { Host = "api.example" } };
        request.Headers.Add("X-Forwarded-For", "127.0.0.1");
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async ValueTask<Stream> ConnectAsync(IPAddress from, IPEndPoint to, CancellationToken stop)
    {
        var socket = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(to, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

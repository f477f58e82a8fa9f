using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Model;
using Gateway.Model.Routes;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Several upstreams of one host over HTTP, whose connections are kept between requests.</summary>
public sealed class HttpTurnsTests
{
    private const string Name = "shop.example.org";

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Requests_of_one_connection_take_turns_over_kept_connections(int proxyProtocol)
    {
        await using var one = Named("127.0.0.1", proxyProtocol);
        await using var other = Named("127.0.0.3", proxyProtocol, one.EndPoint.Port);
        await using var router = new RouterHarness();
        Put(router, one.EndPoint.Port, new RouteRules { ProxyProtocol = proxyProtocol });
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var answers = new List<string>();
        for (var i = 0; i < 10; i++) answers.Add(await SayAsync(visitor, "hello"));
        Assert.Equal(5, answers.Count(answer => answer == "127.0.0.1 hello"));
        Assert.Equal(5, answers.Count(answer => answer == "127.0.0.3 hello"));
        Assert.Equal(1, one.Accepted);
        Assert.Equal(1, other.Accepted);
    }

    [Fact]
    public async Task A_request_whose_upstream_refuses_arrives_whole_at_the_next_one_and_the_log_names_that()
    {
        await using var well = Named("127.0.0.1", 0);
        await using var router = new RouterHarness();
        Put(router, well.EndPoint.Port, RouteRules.Default, "127.0.0.4");
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        for (var i = 0; i < 4; i++) Assert.Equal("127.0.0.1 hello", await SayAsync(visitor, "hello"));
        await router.LineAsync("POST", $"127.0.0.1:{well.EndPoint.Port}", "200", "Finished");
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("POST", StringComparison.Ordinal) && line.Contains("127.0.0.3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_hangs_up_its_kept_connections_and_listens_no_more_is_passed_over()
    {
        await using var well = Named("127.0.0.1", 0);
        var dying = Named("127.0.0.3", 0, well.EndPoint.Port);
        await using var router = new RouterHarness();
        Put(router, well.EndPoint.Port, RouteRules.Default);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        for (var i = 0; i < 4; i++) await SayAsync(visitor, "hello");
        Assert.Equal(1, dying.Accepted);
        await dying.DisposeAsync();
        for (var i = 0; i < 4; i++) Assert.Equal("127.0.0.1 again", await SayAsync(visitor, "again"));
    }

    [Fact]
    public async Task Where_all_refuse_the_visitor_is_told_and_an_address_that_the_policy_forbids_is_not_dialled_in_its_turn()
    {
        await using var inside = Named("127.0.0.1", 0);
        await using var router = new RouterHarness(options => options.AllowedNetworks = [IPNetwork.Parse("127.0.0.3/32")]);
        Put(router, inside.EndPoint.Port, RouteRules.Default);
        for (var i = 0; i < 4; i++)
        {
            using var visitor = await RouterHarness.ConnectAsync(router.Http);
            var answer = await RawHttp.AskAsync(visitor, $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 502 ", answer, StringComparison.Ordinal);
            Assert.Contains("upstream_refused", answer, StringComparison.Ordinal);
        }

        Assert.Equal(0, inside.Accepted);
    }

    private static void Put(RouterHarness router, int port, RouteRules rules, params string[] more) =>
        router.Put(Name, new Target.Dial("127.0.0.3", port, 0) { More = new EquatableList<string>(["127.0.0.1", .. more]) }, rules);

    private static async Task<string> SayAsync(Socket visitor, string word)
    {
        var answer = await RawHttp.AskAsync(visitor, $"POST / HTTP/1.1\r\nHost: {Name}\r\nContent-Length: {word.Length}\r\n\r\n{word}");
        return answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
    }

    /// <summary>Says its address and the five octets of each request's body, on connections that it keeps.</summary>
    private static Upstream Named(string address, int proxyProtocol, int port = 0) => new(
        async (socket, stop) =>
        {
            if (proxyProtocol == 2)
            {
                var header = await socket.ReceiveExactlyAsync(16, stop);
                await socket.ReceiveExactlyAsync((header[14] << 8) | header[15], stop);
            }

            while (true)
            {
                var head = new StringBuilder();
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) head.Append((char)(await socket.ReceiveExactlyAsync(1, stop))[0]);
                var length = head.ToString().StartsWith("POST", StringComparison.Ordinal) ? 5 : 0;
                var body = $"{address} {Encoding.ASCII.GetString(await socket.ReceiveExactlyAsync(length, stop))}";
                await socket.SendAllAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"), stop);
            }
        },
        new IPEndPoint(IPAddress.Parse(address), port));
}

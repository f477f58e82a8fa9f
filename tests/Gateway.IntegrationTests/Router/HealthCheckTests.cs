using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Model;
using Gateway.Model.Routes;
using Xunit;

namespace Gateway.IntegrationTests.Router;

public sealed class HealthCheckTests
{
    private const string Name = "shop.example.org";

    [Theory, Trait("adv", "S4")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upstream_whose_page_is_ill_is_asked_last_until_it_is_well_and_no_redirect_is_followed(bool keepsConnections)
    {
        var status = "302 Found\r\nLocation: http://169.254.169.254/";
        await using var one = Page("127.0.0.1", "one", keepsConnections, () => "200 OK");
        await using var other = Page("127.0.0.3", "other", keepsConnections, () => Volatile.Read(ref status), one.EndPoint.Port);
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial("127.0.0.1", one.EndPoint.Port, 0) { More = new EquatableList<string>(["127.0.0.3"]) }, new RouteRules { HealthCheck = "/up", HealthSeconds = 1 });
        Assert.Equal(["one", "other"], (await AnswersAsync(router)).Order());
        Volatile.Write(ref status, "500 Broken");
        await router.LineAsync("The upstream 127.0.0.3", Name, "is ill", "it answered HTTP/1.1 500");
        Assert.Equal(["one"], await AnswersAsync(router));
        Volatile.Write(ref status, "204 No Content");
        await router.LineAsync("The upstream 127.0.0.3", "is well again");
        Assert.Equal(["one", "other"], (await AnswersAsync(router)).Order());
    }

    [Fact]
    public async Task Connecting_is_enough_where_that_is_what_the_route_asks_for_and_the_policy_holds_for_checks_too()
    {
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.4"), 0));
        var port = ((IPEndPoint)dead.LocalEndPoint!).Port;
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial("127.0.0.4", 0, port), new RouteRules { HealthCheck = "tcp", HealthSeconds = 1 });
        router.Put("inner.example.org", new Target.Dial("10.0.0.1", 0, 443), new RouteRules { HealthCheck = "tcp", HealthSeconds = 1 });
        await router.LineAsync("The upstream 127.0.0.4", "is ill", "Refused");
        await router.LineAsync("The upstream 10.0.0.1", "is ill", "Forbidden");
        dead.Listen();
        await router.LineAsync("The upstream 127.0.0.4", "is well again");
    }

    /// <summary>Who answers ten requests, each on a connection of its own.</summary>
    private static async Task<string[]> AnswersAsync(RouterHarness router)
    {
        var bodies = new HashSet<string>();
        for (var i = 0; i < 10; i++)
        {
            using var visitor = await RouterHarness.ConnectAsync(router.Http);
            var answer = await RawHttp.AskAsync(visitor, $"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n");
            bodies.Add(answer[(answer.LastIndexOf('\n') + 1)..]);
        }

        return [.. bodies];
    }

    private static Upstream Page(string address, string body, bool keepsConnections, Func<string> health, int port = 0) => new(
        async (socket, stop) =>
        {
            var last = keepsConnections ? "" : "Connection: close\r\n";
            do
            {
                var head = new StringBuilder();
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) head.Append((char)(await socket.ReceiveExactlyAsync(1, stop))[0]);
                var answer = head.ToString().StartsWith("GET /up ", StringComparison.Ordinal)
                    ? $"HTTP/1.1 {health()}\r\nContent-Length: 0\r\n{last}\r\n"
                    : $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n{last}\r\n{body}";
                await socket.SendAllAsync(Encoding.ASCII.GetBytes(answer), stop);
            }
            while (keepsConnections);
            socket.Shutdown(SocketShutdown.Send);
        },
        new IPEndPoint(IPAddress.Parse(address), port));
}

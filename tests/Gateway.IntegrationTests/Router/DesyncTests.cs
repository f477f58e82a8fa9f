using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Visitors and origins that try to make two parsers disagree about where a message ends.</summary>
public sealed class DesyncTests
{
    private const string Smuggled = "GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n";

    [Theory, Trait("adv", "H1")]
    [InlineData("Content-Length: 0x5\r\n\r\nabcde")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde")]
    [InlineData("Content-Length: 5, 6\r\n\r\nabcde")]
    [InlineData("Content-Length: -1\r\n\r\n")]
    [InlineData("Content-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nZ\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n")]
    [InlineData("X: a\r\n folded\r\n\r\n")]
    [InlineData("X: a\0b\r\n\r\n")]
    [InlineData("X: a\rb\r\n\r\n")]
    [InlineData("X: a\nY: b\r\n\r\n")]
    [InlineData("X y: a\r\n\r\n")]
    [InlineData(": a\r\n\r\n")]
    [InlineData("Host: b.example\r\n\r\n"), Trait("adv", "H2")]
    public async Task What_two_parsers_could_read_differently_is_refused_and_nothing_after_it_is_served(string rest)
    {
        var seen = new ConcurrentQueue<string>();
        await using var origin = await RecordAsync(seen);
        await using var router = new RouterHarness();
        router.Dial("a.example", origin.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(Encoding.Latin1.GetBytes($"POST / HTTP/1.1\r\nHost: a.example\r\n{rest}{Smuggled}"));
        Assert.StartsWith("HTTP/1.1 400 ", await AllAsync(visitor), StringComparison.Ordinal);
        Assert.DoesNotContain(seen, line => line.Contains("smuggled", StringComparison.Ordinal));
    }

    [Theory, Trait("adv", "H6")]
    [InlineData("GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a.example@b.example\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a.example:port\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a.example/b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT b.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n")]
    public async Task A_request_that_names_two_hosts_or_none_reaches_nobody(string request)
    {
        var seen = new ConcurrentQueue<string>();
        await using var origin = await RecordAsync(seen);
        await using var router = new RouterHarness();
        router.Dial("a.example", origin.EndPoint);
        router.Dial("b.example", origin.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        Assert.StartsWith("HTTP/1.1 4", await RawHttp.AskAsync(visitor, request), StringComparison.Ordinal);
        Assert.Empty(seen);
    }

    [Theory, Trait("adv", "H1")]
    [InlineData("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG")]
    [InlineData("Content-Length: +5\r\n\r\nabcdeG")]
    public async Task What_our_parser_takes_reaches_the_origin_written_anew_and_once(string rest)
    {
        var seen = new ConcurrentQueue<string>();
        await using var origin = await RecordAsync(seen);
        await using var router = new RouterHarness();
        router.Dial("a.example", origin.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await RawHttp.AskAsync(visitor, $"POST / HTTP/1.1\r\nHost: a.example\r\n{rest}");
        Assert.All(seen, line => Assert.False(line.Contains("Content-Length=", StringComparison.Ordinal) && line.Contains("Transfer-Encoding", StringComparison.Ordinal), line));
        Assert.DoesNotContain(seen, line => line.Contains('+', StringComparison.Ordinal));
        Assert.True(seen.Count <= 1);
    }

    [Fact, Trait("adv", "H11")]
    public async Task What_an_origin_says_after_its_answer_is_no_answer_to_the_next_visitor()
    {
        await using var evil = new Upstream(async (socket, stop) =>
        {
            await socket.ReceiveAsync(new byte[4096], stop);
            await socket.SendAllAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"u8.ToArray(), stop);
            await socket.ReceiveAllAsync();
        });
        await using var router = new RouterHarness();
        router.Dial("a.example", evil.EndPoint);
        using var client = router.Client();
        for (var i = 0; i < 5; i++) Assert.Equal("good", await client.GetStringAsync(new Uri("http://a.example/")));
        Assert.Equal(5, evil.Accepted);
    }

    private static Task<WebUpstream> RecordAsync(ConcurrentQueue<string> seen) => WebUpstream.StartAsync(async context =>
    {
        seen.Enqueue($"{context.Request.Method} {context.Request.Path} {string.Join(' ', context.Request.Headers.Select(it => $"{it.Key}={it.Value}"))}");
        await context.Request.Body.CopyToAsync(Stream.Null);
        await context.Response.WriteAsync("ok");
    });

    private static async Task<string> AllAsync(Socket visitor)
    {
        try
        {
            return Encoding.ASCII.GetString(await visitor.ReceiveAllAsync());
        }
        catch (SocketException)
        {
            // A reset that overtook the refusal.
            return "HTTP/1.1 400 (reset)";
        }
    }
}

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
    [InlineData("Content-Length: +5\r\n\r\nabcde")]
    [InlineData("Content-Length: 5 5\r\n\r\nabcde")]
    [InlineData("Content-Length: 5\t\v\r\n\r\nabcde")]
    [InlineData("Content-Length:\r\n\r\nabcde")]
    [InlineData("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\v\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: ch\u00fanked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer_Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nX\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n1\nX\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n0x1\r\nX\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n-1\r\nX\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n1\r\nXY\r\n0\r\n\r\n")]
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
    [InlineData("POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\nHost: a.example\n\n")]
    [InlineData("POST  / HTTP/1.1\r\nHost: a.example\r\n\r\n")]
    [InlineData("POST / HTTP/1.1 x\r\nHost: a.example\r\n\r\n")]
    [InlineData("POST / HTTP/1.2\r\nHost: a.example\r\n\r\n")]
    [InlineData(" POST / HTTP/1.1\r\nHost: a.example\r\n\r\n")]
    [InlineData("POST /\0 HTTP/1.1\r\nHost: a.example\r\n\r\n")]
    public async Task A_first_line_that_is_none_and_chunks_from_an_old_client_are_refused(string request)
    {
        var seen = new ConcurrentQueue<string>();
        await using var origin = await RecordAsync(seen);
        await using var router = new RouterHarness();
        router.Dial("a.example", origin.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(Encoding.Latin1.GetBytes(request + Smuggled));
        Assert.Matches("^HTTP/1.1 (400|505) ", await AllAsync(visitor));
        Assert.Empty(seen);
    }

    [Fact, Trait("adv", "H2")]
    public async Task Chunks_with_extensions_and_trailers_reach_the_origin_written_anew()
    {
        await using var origin = new Upstream(async (socket, stop) =>
        {
            var seen = new StringBuilder();
            while (!seen.ToString().EndsWith("0\r\n\r\n", StringComparison.Ordinal))
            {
                seen.Append((char)(await socket.ReceiveExactlyAsync(1, stop))[0]);
            }

            var body = Convert.ToBase64String(Encoding.Latin1.GetBytes(seen.ToString()));
            await socket.SendAllAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"), stop);
        });
        await using var router = new RouterHarness();
        router.Dial("a.example", origin.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var answer = await RawHttp.AskAsync(visitor, "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: Chunked\r\n\r\n00003;x=\"y\"\r\nabc\r\n0\r\nHost: b.example\r\nContent-Length: 9\r\n\r\n");
        var written = Encoding.Latin1.GetString(Convert.FromBase64String(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));
        Assert.EndsWith("\r\n\r\n3\r\nabc\r\n0\r\n\r\n", written, StringComparison.Ordinal);
        Assert.DoesNotContain("b.example", written, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length", written, StringComparison.Ordinal);
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

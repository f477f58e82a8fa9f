using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>Trailers of an answer in chunks, to the byte.</summary>
public sealed class TrailerTests
{
    private const string Head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";

    [Theory]
    [InlineData("Trailer: X-Sum\r\n", "")]
    [InlineData("", "TE: trailers\r\n")]
    [InlineData("", "TE: deflate, Trailers\r\n")]
    public async Task They_reach_a_visitor_to_whom_they_were_announced_or_who_takes_them(string announced, string taken)
    {
        var (head, body) = await AskAsync(Head + announced + "\r\n4\r\nbody\r\n2\r\ndy\r\n0\r\nX-Sum: 42\r\nServer-Timing: a, b\r\n\r\n", taken);
        Assert.Contains("\r\nTransfer-Encoding: chunked\r\n", head, StringComparison.Ordinal);
        Assert.Contains(announced.TrimEnd(), head, StringComparison.Ordinal);
        Assert.Equal("bodydy", Unchunked(body, out var trailers));
        Assert.Equal("X-Sum: 42\r\nServer-Timing: a, b\r\n\r\n", trailers);
    }

    [Fact]
    public async Task An_empty_body_may_have_some_and_an_announced_one_may_have_none()
    {
        var (_, body) = await AskAsync(Head + "Trailer: X-Sum\r\n\r\n0\r\nX-Sum: 42\r\n\r\n");
        Assert.Equal("0\r\nX-Sum: 42\r\n\r\n", body);
        (_, body) = await AskAsync(Head + "Trailer: X-Sum\r\n\r\n1\r\na\r\n0\r\n\r\n");
        Assert.Equal("1\r\na\r\n0\r\n\r\n", body);
    }

    [Theory]
    [InlineData(Head + "\r\n1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n", "HTTP/1.1", "1\r\na\r\n0\r\n\r\n")]
    [InlineData(Head + "Trailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n", "HTTP/1.0", "a")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTrailer: X-Sum\r\n\r\na", "HTTP/1.1", "a")]
    [InlineData("HTTP/1.1 204 No Content\r\nTrailer: X-Sum\r\n\r\n", "HTTP/1.1", "")]
    public async Task Elsewhere_there_are_none_and_none_are_announced(string answer, string version, string expected)
    {
        var (head, body) = await AskAsync(answer, version: version);
        Assert.Equal(expected, body);
        Assert.DoesNotContain("Trailer:", head, StringComparison.Ordinal);
    }

    [Fact, Trait("adv", "H2")]
    public async Task What_frames_or_steers_is_no_trailer()
    {
        var (_, body) = await AskAsync(Head + "Trailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nContent-Length: 7\r\nTransfer-Encoding: gzip\r\nHost: b.example\r\nTrailer: X\r\nX-Sum: 42\r\nSet-Cookie: a=b\r\nX-Odd: \u0001b\r\n\r\n");
        Assert.Equal("1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n", body);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_has_no_last_chunk()
    {
        var (head, body) = await AskAsync(Head + "Trailer: X-Sum\r\n\r\n4\r\nbody\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        Assert.Equal("4\r\nbody\r\n", body);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_before_its_body_becomes_a_refusal()
    {
        var (head, body) = await AskAsync(Head + "Trailer: X-Sum\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 502 ", head, StringComparison.Ordinal);
        Assert.DoesNotContain("chunked", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains($"Content-Length: {body.Length}\r\n", head, StringComparison.Ordinal);
    }

    // The whole answer, until the connection ends, which the visitor asked for.
    private static async Task<(string Head, string Body)> AskAsync(string answer, string more = "", string version = "HTTP/1.1")
    {
        await using var upstream = new Upstream(async (socket, stop) =>
        {
            await socket.ReceiveAsync(new byte[4096], stop);
            await socket.SendAllAsync(Encoding.Latin1.GetBytes(answer), stop);
            socket.Shutdown(SocketShutdown.Send);
            await socket.ReceiveAllAsync();
        });
        await using var router = new RouterHarness();
        router.Dial("a.example", upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(Encoding.Latin1.GetBytes($"GET / {version}\r\nHost: a.example\r\n{more}Connection: close\r\n\r\n"));
        var all = await ReceivedAsync(visitor);
        var end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        return (all[..end], all[end..]);
    }

    // An answer that breaks off ends in a reset.
    private static async Task<string> ReceivedAsync(Socket visitor)
    {
        var text = new StringBuilder();
        var piece = new byte[4096];
        try
        {
            for (int read; (read = await visitor.ReceiveAsync(piece)) > 0;) text.Append(Encoding.Latin1.GetString(piece, 0, read));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // All that came is here.
        }

        return text.ToString();
    }

    private static string Unchunked(string chunks, out string trailers)
    {
        var body = new StringBuilder();
        while (true)
        {
            var line = chunks.IndexOf("\r\n", StringComparison.Ordinal);
            var size = Convert.ToInt32(chunks[..line], 16);
            trailers = chunks = chunks[(line + 2)..];
            if (size == 0) return body.ToString();
            body.Append(chunks.AsSpan(0, size));
            chunks = chunks[(size + 2)..];
        }
    }
}

using System.Net.Sockets;
using System.Text;
using Gateway.IntegrationTests.Support;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>What a visitor does with its connection to the HTTP port, apart from the requests themselves.</summary>
public sealed class HttpConnectionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_visitor_that_leaves_while_its_upstream_thinks_ends_the_request_there(bool reset)
    {
        var (begun, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var upstream = await WebUpstream.StartAsync(async context =>
        {
            await using var told = context.RequestAborted.Register(ended.SetResult);
            begun.SetResult();
            await ended.Task.WaitAsync(Patience);
        });
        await using var router = new RouterHarness(options => options.HalfClosed = TimeSpan.FromSeconds(1));
        router.Dial("slow.user7.org", upstream.EndPoint);
        using (var visitor = await RouterHarness.ConnectAsync(router.Http))
        {
            await visitor.SendAllAsync("GET / HTTP/1.1\r\nHost: slow.user7.org\r\n\r\n"u8.ToArray(), CancellationToken.None);
            await begun.Task.WaitAsync(Patience);
            if (reset) visitor.LingerState = new LingerOption(true, 0);
        }

        await ended.Task.WaitAsync(Patience);
        await router.LineAsync("slow.user7.org", "VisitorBroke");
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: www.user7.org\r\n\r\n", 0)]
    [InlineData("GET / HTTP/1.1\r\nHost: www.user7.org\r\n\r\n", 1500)]
    [InlineData("POST / HTTP/1.1\r\nHost: www.user7.org\r\nContent-Length: 5\r\n\r\nhello", 1500)]
    [InlineData("POST / HTTP/1.1\r\nHost: www.user7.org\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 0)]
    public async Task A_visitor_who_ends_his_side_after_his_request_gets_the_whole_answer(string request, int milliseconds)
    {
        var end = new string('x', 200_000) + "|the end";
        await using var upstream = await WebUpstream.StartAsync(async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            var said = await body.ReadToEndAsync();
            await Task.Delay(milliseconds, context.RequestAborted);
            await context.Response.WriteAsync($"[{said}]");
            await context.Response.Body.FlushAsync();
            await Task.Delay(milliseconds, context.RequestAborted);
            await context.Response.WriteAsync(end);
        });
        await using var router = new RouterHarness();
        router.Dial("www.user7.org", upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync(Encoding.ASCII.GetBytes(request), CancellationToken.None);
        visitor.Shutdown(SocketShutdown.Send);
        var answer = Encoding.ASCII.GetString(await visitor.ReceiveAllAsync().WaitAsync(Patience));
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Contains(request.StartsWith("POST", StringComparison.Ordinal) ? "[hello]" : "[]", answer, StringComparison.Ordinal);
        Assert.Contains("|the end", answer, StringComparison.Ordinal);
        await router.LineAsync("www.user7.org", "Finished");
    }

    [Fact]
    public async Task A_visitor_who_left_is_noticed_by_the_first_words_of_the_answer()
    {
        var (begun, left, ended) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        await using var upstream = await WebUpstream.StartAsync(async context =>
        {
            await using var told = context.RequestAborted.Register(() => ended.TrySetResult());
            begun.SetResult();
            await left.Task.WaitAsync(Patience);
            // A stream of events, and nobody hears them any more.
            for (var i = 0; !context.RequestAborted.IsCancellationRequested; i++)
            {
                await context.Response.WriteAsync($"data: {i}\n\n");
                await context.Response.Body.FlushAsync();
                await Task.Delay(20);
            }
        });
        await using var router = new RouterHarness(options => options.HalfClosed = TimeSpan.FromHours(1));
        router.Dial("events.user7.org", upstream.EndPoint);
        using (var visitor = await RouterHarness.ConnectAsync(router.Http))
        {
            await visitor.SendAllAsync("GET / HTTP/1.1\r\nHost: events.user7.org\r\n\r\n"u8.ToArray(), CancellationToken.None);
            await begun.Task.WaitAsync(Patience);
        }

        left.SetResult();
        await ended.Task.WaitAsync(Patience);
        await router.LineAsync("events.user7.org", "VisitorBroke");
    }

    [Fact]
    public async Task Requests_sent_in_one_piece_are_answered_in_their_order()
    {
        await using var upstream = await WebUpstream.StartAsync(context => context.Response.WriteAsync($"[{context.Request.Path}]"));
        await using var router = new RouterHarness();
        router.Dial("www.user7.org", upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var requests = string.Concat(Enumerable.Range(0, 20).Select(i => $"GET /{i} HTTP/1.1\r\nHost: www.user7.org\r\nX-Padding: {new string('x', 2000)}\r\n\r\n"));
        await visitor.SendAllAsync(Encoding.ASCII.GetBytes(requests + "GET /last HTTP/1.1\r\nHost: www.user7.org\r\nConnection: close\r\n\r\n"), CancellationToken.None);
        await using var stream = new NetworkStream(visitor);
        var answers = await new StreamReader(stream, Encoding.ASCII).ReadToEndAsync().WaitAsync(Patience);
        var paths = answers.Split('[').Skip(1).Select(part => part[..part.IndexOf(']', StringComparison.Ordinal)]);
        Assert.Equal([.. Enumerable.Range(0, 20).Select(i => $"/{i}"), "/last"], paths);
    }

    [Fact]
    public async Task A_visitor_who_keeps_asking_is_answered_at_a_stop_too_and_told_that_it_was_the_last_time()
    {
        await using var upstream = await WebUpstream.StartAsync(context => context.Response.WriteAsync("hello"));
        await using var router = new RouterHarness(options => options.Drain = Patience);
        router.Dial("www.user7.org", upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        const string request = "GET / HTTP/1.1\r\nHost: www.user7.org\r\n\r\n";
        Assert.DoesNotContain("Connection: close", await RawHttp.AskAsync(visitor, request), StringComparison.Ordinal);
        var stopping = router.StopAsync();
        string answer;
        do
        {
            answer = await RawHttp.AskAsync(visitor, request);
            Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        }
        while (!answer.Contains("Connection: close", StringComparison.Ordinal));
        Assert.Equal(0, await visitor.ReceiveAsync(new byte[1]));
        await stopping;
    }

    [Fact]
    public async Task Beyond_the_limit_visitors_wait_until_others_leave()
    {
        await using var upstream = await WebUpstream.StartAsync(context => context.Response.WriteAsync("hello"));
        await using var router = new RouterHarness(options => options.MaxConnections = 1);
        router.Dial("www.user7.org", upstream.EndPoint);
        const string request = "GET / HTTP/1.1\r\nHost: www.user7.org\r\n\r\n";
        var first = await RouterHarness.ConnectAsync(router.Http);
        Assert.Contains("hello", await RawHttp.AskAsync(first, request), StringComparison.Ordinal);
        using var second = await RouterHarness.ConnectAsync(router.Http);
        var waiting = RawHttp.AskAsync(second, request);
        Assert.Contains("hello", await RawHttp.AskAsync(first, request), StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
        first.Dispose();
        Assert.Contains("hello", await waiting, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_download_that_is_not_read_holds_nobody_else_up()
    {
        await using var upstream = await LargeBody.ServeAsync();
        await using var small = await WebUpstream.StartAsync(context => context.Response.WriteAsync("hello"));
        await using var router = new RouterHarness();
        router.Dial("large.user7.org", upstream.EndPoint);
        router.Dial("small.user7.org", small.EndPoint);
        var readers = new List<Socket>();
        for (var i = 0; i < 4; i++)
        {
            var reader = await RouterHarness.ConnectAsync(router.Http);
            readers.Add(reader);
            await reader.SendAllAsync(Encoding.ASCII.GetBytes($"GET /?size={1L << 30} HTTP/1.1\r\nHost: large.user7.org\r\n\r\n"), CancellationToken.None);
        }

        // Two read as fast as they can, two not at all.
        using var stop = new CancellationTokenSource();
        var reading = readers.Take(2).Select(reader => Task.Run(() => ReadAwayAsync(reader, stop.Token))).ToArray();
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        for (var i = 0; i < 50; i++)
            Assert.Contains("hello", await RawHttp.AskAsync(visitor, "GET / HTTP/1.1\r\nHost: small.user7.org\r\n\r\n"), StringComparison.Ordinal);
        await stop.CancelAsync();
        await Task.WhenAll(reading);
        foreach (var reader in readers) reader.Dispose();
    }

    [Theory, Trait("adv", "H1")]
    [InlineData("GARBAGE\r\n\r\n", "400", "Malformed")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX-Long: ", "431", "Malformed")]
    [InlineData("GET / HTTP/1.1\r\nHost: www", "408", "TooSlow")]
    public async Task What_is_no_request_has_a_line_of_its_own_behind_those_of_requests(string last, string status, string end)
    {
        await using var upstream = await WebUpstream.StartAsync(context => context.Response.WriteAsync("HTTP/1.1 408 is what I say"));
        await using var router = new RouterHarness(options => options.HelloTimeout = TimeSpan.FromSeconds(1));
        router.Dial("www.user7.org", upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        Assert.Contains(" 200 ", await RawHttp.AskAsync(visitor, "GET / HTTP/1.1\r\nHost: www.user7.org\r\n\r\n"), StringComparison.Ordinal);
        if (status == "431") last += new string('x', 40_000);
        await visitor.SendAllAsync(Encoding.ASCII.GetBytes(last));
        var answer = Encoding.ASCII.GetString(await visitor.ReceiveExactlyAsync("HTTP/1.1 400".Length));
        Assert.Equal($"HTTP/1.1 {status}", answer);
        visitor.Dispose();
        await router.LineAsync("turned away", end);
        Assert.Single(router.Log.Lines, line => line.Contains("www.user7.org", StringComparison.Ordinal) && line.Contains("200 Finished", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_whose_requests_were_answered_has_their_lines_and_no_other()
    {
        await using var upstream = await WebUpstream.StartAsync(context => context.Response.WriteAsync("HTTP/1.1 408 is what I say"));
        await using var router = new RouterHarness();
        router.Dial("www.user7.org", upstream.EndPoint);
        using (var visitor = await RouterHarness.ConnectAsync(router.Http))
            for (var i = 0; i < 3; i++) await RawHttp.AskAsync(visitor, $"GET /{i} HTTP/1.1\r\nHost: www.user7.org\r\n\r\n");
        using (var visitor = await RouterHarness.ConnectAsync(router.Http))
            Assert.Contains(" 404 ", await RawHttp.AskAsync(visitor, "GET / HTTP/1.1\r\nHost: nobody.example\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        using (await RouterHarness.ConnectAsync(router.Http))
        {
            // Nothing is sent.
        }

        await Eventually.TrueAsync(() => router.Running == 0, "all connections have ended");
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("turned away", StringComparison.Ordinal));
    }

    private static async Task ReadAwayAsync(Socket reader, CancellationToken stop)
    {
        var buffer = new byte[256 * 1024];
        try
        {
            while (await reader.ReceiveAsync(buffer, stop) > 0)
            {
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The test has seen enough.
        }
    }
}

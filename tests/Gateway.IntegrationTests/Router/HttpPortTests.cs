using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.IntegrationTests.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Model.Routes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.IntegrationTests.Router;

public sealed partial class HttpPortTests
{
    [Fact]
    public async Task Two_hosts_on_one_kept_alive_connection_reach_their_own_servers()
    {
        await using var a = await WebUpstream.SayAsync("I am A");
        await using var b = await WebUpstream.SayAsync("I am B");
        await using var router = new RouterHarness();
        router.Dial("a.example", a.EndPoint);
        router.Dial("b.example", b.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        foreach (var (host, text) in new[] { ("a.example", "I am A"), ("B.Example.:80", "I am B"), ("a.example", "I am A") })
            Assert.Contains(text, await RawHttp.AskAsync(visitor, $"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hosts_that_share_an_address_never_share_a_connection_and_a_replaced_target_is_left_at_once()
    {
        var connections = new HashSet<string>();
        await using var shared = await WebUpstream.StartAsync(context =>
        {
            lock (connections) connections.Add($"{context.Connection.Id} {context.Request.Host}");
            return context.Response.WriteAsync("old");
        });
        await using var other = await WebUpstream.SayAsync("new");
        await using var router = new RouterHarness();
        router.Dial("a.example", shared.EndPoint);
        router.Dial("b.example", shared.EndPoint);
        using var client = router.Client();
        for (var i = 0; i < 3; i++)
            foreach (var host in new[] { "a.example", "b.example" }) Assert.Equal("old", await client.GetStringAsync(new Uri($"http://{host}/")));
        Assert.Equal(2, connections.Count);
        router.Dial("a.example", other.EndPoint);
        Assert.Equal("new", await client.GetStringAsync(new Uri("http://a.example/")));
    }

    [Fact]
    public async Task An_unknown_host_is_a_page_for_people_and_JSON_for_programs_and_the_log_knows_the_request()
    {
        await using var router = new RouterHarness();
        using var client = router.Client();
        var answer = await client.GetAsync(new Uri("http://nobody.example/"));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("unknown_host", body.GetProperty("error").GetString());
        await router.LineAsync(body.GetProperty("request_id").GetString()!, "nobody.example", "404", "NoRoute");
        client.DefaultRequestHeaders.Add("Accept", "text/html,*/*");
        answer = await client.GetAsync(new Uri("http://nobody.example/<script>"));
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotContain("<script", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tunnel_without_a_client_is_503_a_refusing_upstream_502_a_slow_one_504_a_forbidden_one_502()
    {
        await using var slow = new Upstream((_, stop) => Task.Delay(Timeout.Infinite, stop));
        await using var broken = new Upstream(async (socket, stop) =>
        {
            await socket.ReceiveAsync(new byte[4096], stop);
            await socket.SendAllAsync("I speak no HTTP\r\n\r\n"u8.ToArray(), stop);
        });
        await using var router = new RouterHarness(options => options.HttpTimeout = TimeSpan.FromMilliseconds(500));
        router.Tunnel("tunnel.example", "7:hush");
        router.Put("refused.example", new Target.Dial("127.0.0.1", 1, 1));
        router.Dial("slow.example", slow.EndPoint);
        router.Dial("broken.example", broken.EndPoint);
        router.Put("forbidden.example", new Target.Dial("10.0.0.1", 80, 443));
        router.Put("tls-only.example", new Target.Dial("127.0.0.1", 0, 443));
        using var client = router.Client();
        var answer = await client.GetAsync(new Uri("http://tunnel.example/"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.BadGateway, (await client.GetAsync(new Uri("http://refused.example/"))).StatusCode);
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await client.GetAsync(new Uri("http://slow.example/"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadGateway, (await client.GetAsync(new Uri("http://broken.example/"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadGateway, (await client.GetAsync(new Uri("http://forbidden.example/"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri("http://tls-only.example/"))).StatusCode);
        await router.LineAsync("forbidden.example", "Forbidden");
        Assert.DoesNotContain(router.Log.Lines, line => line.Contains("hush", StringComparison.Ordinal));
    }

    [Fact, Trait("adv", "H9")]
    public async Task What_a_visitor_says_about_itself_is_dropped_and_what_we_know_is_said()
    {
        await using var upstream = await WebUpstream.StartAsync(context => context.Response.WriteAsync(
            string.Join('\n', context.Request.Headers.Select(header => $"{header.Key}: {header.Value}"))));
        await using var router = new RouterHarness();
        router.Dial("a.example", upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var answer = await RawHttp.AskAsync(visitor, """
            GET / HTTP/1.1
            Host: A.example:8080
            X-Forwarded-For: 6.6.6.6
            x-forwarded-for: 6.6.6.7
            X-Forwarded-Proto: https
            X-Forwarded-Host: evil.example
            Forwarded: for=6.6.6.8
            Via: 1.1 6.6.6.9
            X-Real-IP: 6.6.6.6
            CF-Connecting-IP: 6.6.6.6
            True-Client-IP: 6.6.6.6
            Connection: x-hop, not a token, 
            X-Hop: by
            Keep-Alive: 5
            Proxy: http://6.6.6.6/


            """.ReplaceLineEndings("\r\n"));
        Assert.DoesNotContain("6.6.6", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Hop", answer, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Keep-Alive", answer, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\nHost: A.example:8080", answer, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-For: 127.0.0.1", answer, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-Proto: http\n", answer, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-Host: A.example:8080", answer, StringComparison.Ordinal);
        Assert.Contains("Forwarded: for=127.0.0.1;host=\"A.example:8080\";proto=http", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_megabytes_go_up_and_come_down_without_a_size_wall()
    {
        const int Size = 100 * 1024 * 1024;
        await using var upstream = await LargeBody.ServeAsync();
        await using var router = new RouterHarness();
        router.Dial("a.example", upstream.EndPoint);
        await LargeBody.UpAsync(router, "a.example", Size);
        await LargeBody.DownAsync(router, "a.example", Size);
    }

    [Fact]
    public async Task An_upstream_that_answers_and_hangs_up_before_it_has_read_the_body_is_heard()
    {
        await using var upstream = new Upstream(async (socket, stop) =>
        {
            await socket.ReceiveAsync(new byte[100], stop);
            await socket.SendAllAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch"u8.ToArray(), stop);
            // With bytes unread: the end is a reset.
        });
        await using var router = new RouterHarness();
        router.Dial("a.example", upstream.EndPoint);
        using var client = router.Client();
        for (var i = 0; i < 20; i++)
        {
            using var answer = await client.PostAsync(new Uri("http://a.example/"), new ByteArrayContent(new byte[4 * 1024 * 1024]));
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
            Assert.Equal("much", await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_service_behind_a_tunnel_that_answers_and_hangs_up_before_it_has_read_the_body_is_heard()
    {
        await using var upstream = new Upstream(async (socket, stop) =>
        {
            await socket.ReceiveAsync(new byte[100], stop);
            await socket.SendAllAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch"u8.ToArray(), stop);
        });
        await using var router = new RouterHarness();
        router.Tunnel("a.example", RunningClient.Secret);
        await using var tunnel = new RunningClient(upstream.EndPoint.Port, router.Tunnels.Port);
        await router.LineAsync("is up");
        using var client = router.Client();
        for (var i = 0; i < 20; i++)
        {
            using var answer = await client.PostAsync(new Uri("http://a.example/"), new ByteArrayContent(new byte[4 * 1024 * 1024]));
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
            Assert.Equal("much", await answer.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upstream_that_refuses_and_neither_reads_on_nor_hangs_up_is_heard_and_not_asked_again(bool isTunnel)
    {
        var requests = 0;
        await using var upstream = new Upstream(async (socket, stop) =>
        {
            Interlocked.Increment(ref requests);
            await socket.ReceiveAsync(new byte[100], stop);
            await socket.SendAllAsync("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nwho?"u8.ToArray(), stop);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        });
        await using var router = new RouterHarness();
        if (isTunnel) router.Tunnel("a.example", RunningClient.Secret);
        else router.Dial("a.example", upstream.EndPoint);
        await using var tunnel = isTunnel ? new RunningClient(upstream.EndPoint.Port, router.Tunnels.Port) : null;
        if (isTunnel) await router.LineAsync("is up");
        using var client = router.Client();
        var page = new Uri("http://a.example/");
        using var upload = await client.PostAsync(page, new ByteArrayContent(new byte[32 * 1024 * 1024]));
        Assert.Equal(HttpStatusCode.Unauthorized, upload.StatusCode);
        Assert.Equal("who?", await upload.Content.ReadAsStringAsync());
        // Its connection stands, with half a request in it.
        using var next = await client.GetAsync(page);
        Assert.Equal("who?", await next.Content.ReadAsStringAsync());
        Assert.Equal(2, requests);
    }

    [Fact]
    public async Task A_good_answer_or_a_hint_does_not_end_the_request()
    {
        const int Size = 16 * 1024 * 1024;
        await using var upstream = new Upstream(async (socket, stop) =>
        {
            var (buffer, read) = (new byte[64 * 1024], 0);
            read = await socket.ReceiveAsync(buffer.AsMemory(0, 100), stop);
            await socket.SendAllAsync("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"u8.ToArray(), stop);
            // Longer than it takes to be looked at.
            await Task.Delay(TimeSpan.FromSeconds(2.5), TimeProvider.System, stop);
            while (read < Size) read += await socket.ReceiveAsync(buffer, stop);
            await socket.SendAllAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nall!"u8.ToArray(), stop);
            await socket.ReceiveAllAsync();
        });
        await using var router = new RouterHarness();
        router.Dial("a.example", upstream.EndPoint);
        using var client = router.Client();
        using var answer = await client.PostAsync(new Uri("http://a.example/"), new ByteArrayContent(new byte[Size]));
        Assert.Equal("all!", await answer.Content.ReadAsStringAsync());
    }

    [Fact, Trait("adv", "H5")]
    public async Task One_address_cannot_have_all_connections_and_gets_new_ones_when_it_lets_go()
    {
        await using var web = await WebUpstream.SayAsync("hello");
        await using var router = new RouterHarness(options => options.ConnectionsPerAddress = 2);
        router.Dial("a.example", web.EndPoint);
        const string Request = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
        using var first = await RouterHarness.ConnectAsync(router.Http);
        using var second = await RouterHarness.ConnectAsync(router.Http);
        foreach (var visitor in new[] { first, second }) Assert.Contains("hello", await RawHttp.AskAsync(visitor, Request), StringComparison.Ordinal);
        Assert.False(await IsServedAsync());
        await router.LineAsync("HTTP", "127.0.0.1:", "Crowded");
        first.Dispose();
        await Eventually.TrueAsync(IsServedAsync, "a place is free again");

        async Task<bool> IsServedAsync()
        {
            try
            {
                using var visitor = await RouterHarness.ConnectAsync(router.Http);
                return (await RawHttp.AskAsync(visitor, Request)).Contains("hello", StringComparison.Ordinal);
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
            {
                // Closed without an answer.
                return false;
            }
        }
    }

    [Fact]
    public async Task A_request_that_is_not_idempotent_is_never_sent_twice()
    {
        await using var upstream = new Upstream(async (socket, stop) => await socket.ReceiveAsync(new byte[4096], stop));
        await using var router = new RouterHarness();
        router.Dial("a.example", upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        Assert.Contains(" 502 ", await RawHttp.AskAsync(visitor, "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains(" 502 ", await RawHttp.AskAsync(visitor, "POST / HTTP/1.1\r\nHost: a.example\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal(2, upstream.Accepted);
    }

    [Fact, Trait("adv", "S3")]
    public async Task A_request_that_comes_back_is_told_that_it_runs_in_a_circle()
    {
        await using var router = new RouterHarness();
        // A proxy of a tenant's that sends everything back to the gateway, as a route to the gateway's public address would.
        await using var back = new Upstream(async (socket, stop) =>
        {
            using var again = await RouterHarness.ConnectAsync(router.Http);
            await Task.WhenAny(PumpAsync(socket, again, stop), PumpAsync(again, socket, stop));
        });
        router.Dial("a.example", back.EndPoint);
        using var client = router.Client();
        using var answer = await client.GetAsync(new Uri("http://a.example/"));
        Assert.Equal(HttpStatusCode.LoopDetected, answer.StatusCode);
        Assert.Equal(1, back.Accepted);

        static async Task PumpAsync(System.Net.Sockets.Socket from, System.Net.Sockets.Socket to, CancellationToken stop)
        {
            var buffer = new byte[4096];
            int read;
            while ((read = await from.ReceiveAsync(buffer, stop)) > 0) await to.SendAllAsync(buffer.AsMemory(0, read), stop);
        }
    }

    [Fact]
    public async Task A_web_socket_echoes_and_is_cut_when_its_route_is_deleted()
    {
        await using var upstream = await WebUpstream.StartAsync(WebSockets.EchoAsync);
        await using var router = new RouterHarness(options => options.HttpTimeout = TimeSpan.FromSeconds(1));
        router.Dial("a.example", upstream.EndPoint);
        using var socket = await WebSockets.ConnectAsync(router, "a.example");
        Assert.Equal("hello", await WebSockets.AskAsync(socket, "hello"));
        Assert.Equal(64 * 1024, (await WebSockets.AskAsync(socket, new string('x', 64 * 1024))).Length);
        // A quiet web socket outlives the time limit of a request.
        await Task.Delay(TimeSpan.FromMilliseconds(1500), TimeProvider.System);
        Assert.Equal("still there", await WebSockets.AskAsync(socket, "still there"));
        router.Delete("a.example");
        await Assert.ThrowsAsync<WebSocketException>(() => WebSockets.AskAsync(socket, "gone?"));
    }

    [Fact, Trait("adv", "H10")]
    public async Task A_hundred_megabytes_come_back_through_a_web_socket_and_its_line_has_them()
    {
        const long Size = 100L * 1024 * 1024;
        await using var upstream = await WebUpstream.StartAsync(WebSockets.EchoAsync);
        await using var router = new RouterHarness();
        router.Dial("a.example", upstream.EndPoint);
        using (var socket = await WebSockets.ConnectAsync(router, "a.example")) await WebSockets.EchoAsync(socket, Size);
        var (from, to) = Moved(await router.LineAsync("GET a.example"));
        Assert.InRange(from, Size, Size * 101 / 100);
        Assert.InRange(to, Size, Size * 101 / 100);
    }

    [Fact]
    public async Task The_line_of_each_request_has_the_bytes_that_moved_for_it_in_both_directions()
    {
        await using var web = await WebUpstream.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            if (context.Request.Path == "/large") await context.Response.WriteAsync(new string('x', 100_000));
            else context.Response.StatusCode = StatusCodes.Status204NoContent;
        });
        await using var router = new RouterHarness();
        router.Dial("a.example", web.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        string[] requests =
        [
            "GET /large HTTP/1.1\r\nHost: a.example\r\n\r\n",
            $"POST /none HTTP/1.1\r\nHost: a.example\r\nContent-Length: 50000\r\n\r\n{new string('y', 50_000)}",
            "PUT / HTTP/1.1\r\nHost: nobody.example\r\nContent-Length: 0\r\n\r\n",
        ];
        foreach (var request in requests)
        {
            var answer = await RawHttp.AskAsync(visitor, request);
            var line = await router.LineAsync(request[..request.IndexOf(' ', StringComparison.Ordinal)] + " ", ".example");
            Assert.Equal((request.Length, answer.Length), Moved(line));
        }
    }

    [Fact, Trait("adv", "H10")]
    public async Task After_an_upgrade_that_failed_nothing_is_tunnelled()
    {
        await using var upstream = await WebUpstream.StartAsync(context => context.Response.WriteAsync($"path {context.Request.Path}"));
        await using var other = await WebUpstream.SayAsync("other tenant");
        await using var router = new RouterHarness();
        router.Dial("a.example", upstream.EndPoint);
        router.Dial("b.example", other.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var first = await RawHttp.AskAsync(visitor, "GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n\r\n");
        Assert.DoesNotContain(" 101 ", first, StringComparison.Ordinal);
        Assert.Contains("other tenant", await RawHttp.AskAsync(visitor, "GET /admin HTTP/1.1\r\nHost: b.example\r\n\r\n"), StringComparison.Ordinal);
        var h2c = await RawHttp.AskAsync(visitor, "GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
        Assert.Contains("path /x", h2c, StringComparison.Ordinal);
    }

    [Fact, Trait("adv", "H5")]
    public async Task Headers_that_never_end_are_given_up()
    {
        await using var router = new RouterHarness(options => options.HelloTimeout = TimeSpan.FromMilliseconds(500));
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync("GET / HTTP/1.1\r\nHost: a.example\r\nX-Slow"u8.ToArray());
        Assert.Contains(" 408 ", Encoding.ASCII.GetString(await visitor.ReceiveAllAsync()), StringComparison.Ordinal);
    }

    [Fact, Trait("adv", "S4")]
    public async Task A_redirect_is_the_visitor_s_affair_and_is_not_followed()
    {
        var asked = 0;
        await using var inside = await WebUpstream.SayAsync("inside");
        await using var web = await WebUpstream.StartAsync(context =>
        {
            Interlocked.Increment(ref asked);
            context.Response.Redirect($"http://127.0.0.1:{inside.EndPoint.Port}/", permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        });
        await using var router = new RouterHarness();
        router.Dial("a.example", web.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        var answer = await RawHttp.AskAsync(visitor, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 307 ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("inside", answer, StringComparison.Ordinal);
        // Nor is it taken for a path of the same upstream.
        Assert.Equal(1, asked);
    }

    [Fact, Trait("adv", "H13")]
    public async Task The_gateway_sets_no_cookie_and_keeps_nobody_s()
    {
        await using var web = await WebUpstream.StartAsync(context =>
        {
            context.Response.Headers.SetCookie = "session=secret; Path=/";
            return context.Response.WriteAsync($"[{context.Request.Headers.Cookie}]");
        });
        await using var router = new RouterHarness();
        router.Dial("a.example", web.EndPoint);
        router.Dial("b.example", web.EndPoint);
        foreach (var (host, cookie) in new[] { ("a.example", ""), ("a.example", ""), ("b.example", ""), ("b.example", "own=1") })
        {
            using var visitor = await RouterHarness.ConnectAsync(router.Http);
            var answer = await RawHttp.AskAsync(visitor, $"GET / HTTP/1.1\r\nHost: {host}\r\n{(cookie.Length > 0 ? $"Cookie: {cookie}\r\n" : "")}\r\n");
            Assert.Contains($"[{cookie}]", answer, StringComparison.Ordinal);
            Assert.Contains("Set-Cookie: session=secret; Path=/\r\n", answer, StringComparison.Ordinal);
        }

        using var stranger = await RouterHarness.ConnectAsync(router.Http);
        Assert.DoesNotContain("Set-Cookie", await RawHttp.AskAsync(stranger, "GET / HTTP/1.1\r\nHost: nobody.example\r\n\r\n"), StringComparison.OrdinalIgnoreCase);
    }

    [Theory, Trait("adv", "H3"), Trait("adv", "H4")]
    [InlineData(0, 0, 1)]
    [InlineData(1, 4, 40)]
    [InlineData(3, 0, 4)]
    [InlineData(4, 0, 0)]
    [InlineData(6, 0, 8)]
    [InlineData(8, 0, 4)]
    [InlineData(9, 0, 16)]
    public async Task Frames_of_HTTP_2_are_not_read_however_many_come_and_none_becomes_a_request(byte type, byte flags, byte length)
    {
        await using var upstream = Upstream.Echo();
        await using var web = await WebUpstream.SayAsync("served");
        await using var router = new RouterHarness();
        router.Put("*", new Target.Dial("127.0.0.1", upstream.EndPoint.Port, 0));
        router.Dial("web.example", web.EndPoint);
        using var attacker = await RouterHarness.ConnectAsync(router.Http);
        await attacker.SendAllAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        byte[] frame = [0, 0, length, type, flags, 0, 0, 0, 1, .. new byte[length]];
        byte[] many = [.. Enumerable.Repeat(frame, 1000).SelectMany(it => it)];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        // Closed under it, after a few thousand at the most that wait in the kernel.
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (true) await attacker.SendAllAsync(many, deadline.Token);
        });
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        Assert.Contains("served", await RawHttp.AskAsync(visitor, "GET / HTTP/1.1\r\nHost: web.example\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal(0, upstream.Accepted);
    }

    [Fact, Trait("adv", "H3"), Trait("adv", "H4")]
    public async Task HTTP_2_without_TLS_is_refused_and_the_connection_ended()
    {
        await using var router = new RouterHarness();
        using var visitor = await RouterHarness.ConnectAsync(router.Http);
        await visitor.SendAllAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        // GOAWAY with HTTP_1_1_REQUIRED (RFC 9113 section 7), or an HTTP/1.1 refusal.
        var answer = await visitor.ReceiveAllAsync();
        Assert.True(answer.AsSpan().EndsWith(new byte[] { 0, 0, 0, 13 }) || answer.AsSpan().StartsWith("HTTP/1.1 400"u8), Convert.ToHexString(answer));
    }

    private static (long FromVisitor, long ToVisitor) Moved(string line)
    {
        var match = MovedBytes().Match(line);
        Assert.True(match.Success, line);
        return (long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(" ms, ([0-9]+) bytes from the visitor, ([0-9]+) to the visitor")]
    private static partial Regex MovedBytes();
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What strangers and foreign pages achieve at the admin listener: nothing.</summary>
public sealed class AdminDefenceTests
{
    [Fact, Trait("adv", "R9")]
    public async Task Guesses_of_the_token_are_bounded_and_never_lock_the_operator_out()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var answers = new List<HttpStatusCode>();
        // At once, for a slow machine would spread them over the time in which they are forgiven.
        await Programs.EventuallyAsync(async () =>
        {
            var some = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => AskAsync(node, "GET", "/api/zones", ("Authorization", $"Bearer {i:x64}"))));
            answers.AddRange(some.Select(answer => answer.Status));
            return answers.Contains(HttpStatusCode.TooManyRequests);
        }, "there were too many guesses");
        Assert.Contains(HttpStatusCode.Unauthorized, answers);
        Assert.Equal([], answers.Except([HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests]));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(node, "GET", "/api/zones", ("Authorization", await TokenAsync(node)))).Status);
        // Not a line for each.
        Assert.InRange(node.Log.Split("with a wrong token").Length - 1, 1, answers.Count / 10);
    }

    [Fact, Trait("adv", "R9")]
    public async Task A_page_of_somebody_else_changes_nothing_in_the_operators_browser()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        // No cookie speaks for the operator, so a form or an image of a foreign page has no token.
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(node, "POST", "/api/reconcile", ("Content-Type", "application/x-www-form-urlencoded"))).Status);
        // Even one that has learnt the token is told apart by what browsers say of it.
        var token = await TokenAsync(node);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(node, "POST", "/api/reconcile", ("Authorization", token), ("Origin", "https://evil.example"))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(node, "POST", "/api/reconcile", ("Authorization", token), ("Origin", "null"))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(node, "GET", "/api/zones", ("Authorization", token), ("Sec-Fetch-Site", "cross-site"))).Status);
        // The question that browsers ask before such a call is not answered with a permission.
        var (status, head) = await AskAsync(node, "OPTIONS", "/api/reconcile", ("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST"));
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.DoesNotContain("Access-Control-Allow", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(node, "POST", "/api/reconcile", ("Authorization", token), ("Origin", $"http://{node.Admin}"))).Status);
    }

    [Fact, Trait("adv", "R9")]
    public async Task A_name_that_was_pointed_at_the_node_opens_nothing_but_health_and_metrics()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        foreach (var (method, path) in new[] { ("GET", "/"), ("GET", "/status"), ("GET", "/dashboard.js"), ("GET", "/api/zones"), ("POST", "/accept-loss"), ("GET", "/api/backup") })
            Assert.Equal((path, HttpStatusCode.MisdirectedRequest), (path, (await AskAsync(node, method, path, ("Host", "evil.example"), ("X-Gateway-Operator", "yes"), ("Authorization", await TokenAsync(node)))).Status));
        foreach (var path in new[] { "/healthz", "/readyz", "/metrics" }) Assert.Equal(HttpStatusCode.OK, (await AskAsync(node, "GET", path, ("Host", "node1.example.com:8091"))).Status);
        foreach (var host in new[] { "localhost", "127.0.0.1", "[::1]", "127.0.0.1:1" }) Assert.Equal(HttpStatusCode.OK, (await AskAsync(node, "GET", "/status", ("Host", host))).Status);
    }

    [Fact]
    public async Task A_Unix_socket_serves_the_operator_as_loopback_does_and_nobody_else_can_open_it()
    {
        using var work = new TemporaryDirectory();
        var path = work.File("admin.sock");
        // What a killed node left there is no hindrance.
        await using var redis = await RedisServer.StartAsync(work.File("redis"));
        await using (var killed = await RunningNode.StartAsync(work.File("killed"), "--redis", redis.Url, "--admin-socket", path))
        {
            await Programs.RunAsync("kill", ["-KILL", killed.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await Programs.EventuallyAsync(() => Task.FromResult(killed.HasExited), "the node is dead");
        }

        Assert.True(File.Exists(path));
        await using (var node = await RunningNode.StartAsync(work.File("state"), "--admin-socket", path))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            var variables = new Dictionary<string, string> { ["GW_ADMIN"] = "unix:" + path, ["GW_ADMIN_TOKEN_FILE"] = work.File("state/admin.token") };
            var status = await Programs.RunAsync(Programs.Gateway, ["status"], variables);
            Assert.True(status.Code == 0, status.Error);
            Assert.Contains("gw.test", (await Programs.RunAsync(Programs.Gateway, ["node", "zones"], variables)).Output, StringComparison.Ordinal);
            Assert.Equal(3, (await Programs.RunAsync(Programs.Gateway, ["node", "zones"], new Dictionary<string, string>(variables) { ["GW_ADMIN_TOKEN_FILE"] = "/dev/null" })).Code);
            var second = await Programs.RunAsync(Programs.Gatewayd, ["--state", work.File("other"), "--roles", "explorer", "--admin", "127.0.0.1:0", "--explorer-listen", "127.0.0.1:0", "--admin-socket", path]);
            Assert.Equal(1, second.Code);
            Assert.Contains("admin_socket: another process listens", second.Error, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(path));
        await File.WriteAllTextAsync(path, "somebody's file", TestContext.Current.CancellationToken);
        var occupied = await Programs.RunAsync(Programs.Gatewayd, ["--state", work.File("other"), "--roles", "explorer", "--admin", "127.0.0.1:0", "--explorer-listen", "127.0.0.1:0", "--admin-socket", path]);
        Assert.Equal((1, "somebody's file"), (occupied.Code, await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)));
        File.Delete(path);
        var away = await Programs.RunAsync(Programs.Gateway, ["status", "--admin", "unix:" + path]);
        Assert.Equal(4, away.Code);
        Assert.Contains("No node answers at unix:", away.Error, StringComparison.Ordinal);
    }

    private static async Task<string> TokenAsync(RunningNode node) =>
        "Bearer " + (await File.ReadAllTextAsync(Path.Combine(node.State, "admin.token"), TestContext.Current.CancellationToken)).Trim();

    /// <summary>By hand, for a client of ours would not send what browsers do.</summary>
    private static async Task<(HttpStatusCode Status, string Head)> AskAsync(RunningNode node, string method, string path, params (string Name, string Value)[] headers)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(node.Admin, TestContext.Current.CancellationToken);
        var host = headers.Any(it => it.Name == "Host") ? "" : $"Host: {node.Admin}\r\n";
        var text = $"{method} {path} HTTP/1.1\r\n{host}{string.Concat(headers.Select(it => $"{it.Name}: {it.Value}\r\n"))}Connection: close\r\nContent-Length: 0\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        var head = new StringBuilder();
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { Length: > 0 } line) head.Append(line).Append('\n');
        return ((HttpStatusCode)int.Parse(head.ToString().Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), head.ToString());
    }
}

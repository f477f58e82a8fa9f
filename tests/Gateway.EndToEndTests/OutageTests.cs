using System.Globalization;
using System.Security.Cryptography;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What was served goes on being served when something behind it is gone.</summary>
public sealed class OutageTests
{
    private const string Host = "hello.gw.test";

    [Fact]
    public async Task A_killed_Redis_costs_no_answer_and_no_download_and_comes_back_for_new_reservations()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        await using var server = new ByteServer(6_000_000, bytesPerSecond: 2_000_000);
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await using var client = alice.Expose(server.Address, await alice.ReserveTunnelAsync(Host));
        await client.SaysAsync("connected");

        using var end = new CancellationTokenSource();
        var download = DownloadAsync(node);
        var asking = AskAsync(node, end.Token);
        await KillRedisAsync(node);
        Assert.Equal(server.Digest, await download);
        await alice.MustAsync("reserve", "subdomain", "second.gw.test", "--ip", "127.0.0.2");
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, "second.gw.test") == (0, 1), "the new name answers");
        await end.CancelAsync();

        var (asked, lost) = await asking;
        Assert.True(asked > 100, $"only {asked} questions were asked");
        Assert.Equal(0, lost);
    }

    [Fact]
    public async Task A_restarted_node_serves_everything_again()
    {
        using var work = new TemporaryDirectory();
        await using var server = new ByteServer(1000, bytesPerSecond: 1_000_000);
        CommandLineUser alice;
        string secret;
        await using (var first = await RunningNode.StartAsync(work.File("state")))
        {
            alice = await new CommandLineUser(first, work.Path).RegisterAsync();
            secret = await alice.ReserveTunnelAsync(Host);
            Assert.Equal(0, await first.StopAsync());
        }

        await using var second = await RunningNode.StartAsync(work.File("state"));
        Assert.Equal((0, 1), await Resolver.AskAsync(second.Dns, Host));
        var again = new CommandLineUser(second, work.Path);
        Assert.Equal(2, (await again.MustAsync("reservations")).AsArray().Count);
        await using var client = again.Expose(server.Address, secret);
        await client.SaysAsync("connected");
        Assert.Equal(server.Digest, await DownloadAsync(second));
    }

    [Fact]
    public async Task A_node_that_cannot_reach_Redis_serves_the_last_known_good_state_and_says_so()
    {
        using var work = new TemporaryDirectory();
        await using (var first = await RunningNode.StartAsync(work.File("state")))
        {
            await (await new CommandLineUser(first, work.Path).RegisterAsync()).ReserveTunnelAsync(Host);
            Assert.Equal(0, await first.StopAsync());
        }

        // Nobody listens there: port 1 is reserved and unused on every sane machine.
        await using var second = await RunningNode.StartAsync(work.File("state"), "--redis", "redis://127.0.0.1:1", "--roles", "dns,router");
        Assert.Equal((0, 1), await Resolver.AskAsync(second.Dns, Host));
        var (status, body) = await second.AdminAsync("/readyz");
        Assert.Equal(200, status);
        Assert.Contains("last-known-good", body, StringComparison.Ordinal);
        Assert.Contains("last-known-good", second.Log, StringComparison.Ordinal);
    }

    private static async Task KillRedisAsync(RunningNode node)
    {
        var found = await Programs.RunAsync("pgrep", ["-P", node.ProcessId.ToString(CultureInfo.InvariantCulture), "-f", "redis-server"]);
        var child = found.Output.Trim();
        Assert.NotEqual("", child);
        Assert.Equal(0, (await Programs.RunAsync("kill", ["-KILL", .. child.Split('\n')])).Code);
    }

    private static async Task<byte[]> DownloadAsync(RunningNode node)
    {
        using var handler = new SocketsHttpHandler();
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(60) };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://{node.Http}/"));
        request.Headers.Host = Host;
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {(response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync())}");
        return await SHA256.HashDataAsync(await response.Content.ReadAsStreamAsync());
    }

    /// <summary>A question every 10 ms until told to end; how many, and how many of them had no right answer.</summary>
    private static async Task<(int Asked, int Lost)> AskAsync(RunningNode node, CancellationToken end)
    {
        var questions = new List<Task<(int, int)>>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!end.IsCancellationRequested)
        {
            questions.Add(Resolver.AskAsync(node.Dns, Host, milliseconds: 10_000));
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }

        var answers = await Task.WhenAll(questions);
        return (answers.Length, answers.Count(answer => answer != (0, 1)));
    }
}

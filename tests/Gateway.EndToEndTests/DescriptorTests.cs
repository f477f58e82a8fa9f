using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

public sealed class DescriptorTests
{
    [Theory, Trait("adv", "O3")]
    [InlineData(1024, 600)]
    [InlineData(512, 300)]
    public async Task A_node_that_runs_out_of_descriptors_counts_it_does_not_spin_and_serves_again(int limit, int visitors)
    {
        using var directory = new TemporaryDirectory();
        await using var node = await RunningNode.StartUnderAsync(["prlimit", $"--nofile={limit}:{limit}"], directory.Path, "--roles", "router", "--router-hello-timeout", "10m");
        var crowd = new List<Socket>();
        for (var i = 0; i < visitors; i++)
        {
            crowd.Add(await ConnectAsync(node.Http));
            crowd.Add(await ConnectAsync(node.Tls));
        }

        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains("could not be accepted", StringComparison.Ordinal)), "it says that it cannot accept");
        using var process = Process.GetProcessById(node.ProcessId);
        var before = process.TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        await Task.Delay(TimeSpan.FromSeconds(2));
        process.Refresh();
        // A loop that spins takes a whole core; a loaded machine can only make this smaller.
        Assert.True(process.TotalProcessorTime - before < watch.Elapsed / 2, $"{process.TotalProcessorTime - before} of {watch.Elapsed}");
        foreach (var visitor in crowd) visitor.Dispose();
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
        await Programs.EventuallyAsync(() => IsServedAsync(client, node), "it serves again");
        Assert.Matches("gateway_router_accept_errors_total [1-9]", (await node.AdminAsync("/metrics")).Body);
    }

    [Fact, Trait("adv", "O3")]
    public async Task A_node_that_may_open_too_few_files_to_live_says_so_and_is_not_started_again_for_ever()
    {
        using var directory = new TemporaryDirectory();
        var ended = await Programs.RunAsync("prlimit", ["--nofile=256:256", Programs.Gatewayd, "--state", directory.Path]);
        // The units do not start again after a 2.
        Assert.Equal(2, ended.Code);
        Assert.Matches("^gatewayd: descriptors: this process may open 256 files, .* raise LimitNOFILE=.*\n$", ended.Error);
    }

    private static async Task<bool> IsServedAsync(HttpClient client, RunningNode node)
    {
        try
        {
            return (await client.GetAsync(new Uri($"http://{node.Http}/"))).StatusCode == HttpStatusCode.NotFound;
        }
        catch (HttpRequestException)
        {
            // The crowd is still being closed.
            return false;
        }
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint to)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(to);
        return socket;
    }
}

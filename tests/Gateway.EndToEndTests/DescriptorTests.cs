using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

public sealed class DescriptorTests
{
    [Fact, Trait("adv", "O3")]
    public async Task A_node_that_runs_out_of_descriptors_counts_it_does_not_spin_and_serves_again()
    {
        using var directory = new TemporaryDirectory();
        await using var node = await RunningNode.StartUnderAsync(["prlimit", "--nofile=1024:1024"], directory.Path, "--roles", "router", "--router-hello-timeout", "10m");
        var crowd = new List<Socket>();
        for (var i = 0; i < 600; i++)
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

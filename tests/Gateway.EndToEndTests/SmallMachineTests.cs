using System.Net;
using System.Net.Sockets;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>A node with little memory.</summary>
public sealed class SmallMachineTests
{
    /// <summary>64 MiB for all objects: a tenth of what the crowd could make it hold.</summary>
    private const string Heap = "DOTNET_GCHeapHardLimit=0x4000000";

    [Fact, Trait("adv", "O3")]
    public async Task A_crowd_costs_a_node_with_little_memory_neither_its_life_nor_its_answers()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartUnderAsync(["env", Heap], work.File("state"), "--router-hello-timeout", "10m", "--router-connections-per-address", "100000");
        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await alice.MustAsync("reserve", "subdomain", "hello.gw.test", "--ip", "127.0.0.1");
        var crowd = new List<Socket>();
        try
        {
            for (var i = 0; i < 1500; i++)
            {
                crowd.Add(await HalfARequestAsync(node.Http, "GET / HTTP/1.1\r\nHost: hello.gw.test\r\nX-Long: "u8.ToArray()));
                crowd.Add(await HalfARequestAsync(node.Tls, [22, 3, 1, 2, 0, 1, 0, 1, 252]));
                if (i % 100 == 0) Assert.Equal((0, 1), await Resolver.AskAsync(node.Dns, "hello.gw.test", milliseconds: 20_000));
            }

            Assert.False(node.HasExited, node.Log);
            Assert.Equal(200, (await node.AdminAsync("/readyz")).Status);
        }
        finally
        {
            foreach (var visitor in crowd) visitor.Dispose();
        }

        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(1) };
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri($"http://{node.Http}/"), TestContext.Current.CancellationToken)).StatusCode);
        Assert.DoesNotContain("OutOfMemory", node.Log, StringComparison.Ordinal);
    }

    private static async Task<Socket> HalfARequestAsync(IPEndPoint to, byte[] begin)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(to);
        await socket.SendAsync((byte[])[.. begin, .. new byte[500].Select(_ => (byte)'x')]);
        return socket;
    }
}

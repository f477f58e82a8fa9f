using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests.Dns;

/// <summary>Thousands of TCP clients that want nothing but our memory and our connections, against a node as it is delivered.</summary>
public sealed class TcpFloodTests
{
    private const int Clients = 4_000;
    private const int ClientsOfOneAddress = 50;

    /// <summary>As the options say by default.</summary>
    private const int MostConnections = 1_000;

    /// <summary>Files that a node opens for other things meanwhile.</summary>
    private const int OtherFiles = 100;

    private static readonly byte[] Query = [0, 25, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, (byte)'g', (byte)'w', 4, (byte)'t', (byte)'e', (byte)'s', (byte)'t', 0, 0, 6, 0, 1];

    [Fact]
    [Trait("adv", "D4")]
    public async Task Thousands_of_TCP_clients_cost_little_and_do_not_disturb_UDP()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        await Programs.EventuallyAsync(async () => await AskAsync(node) == (0, 1), "the managed domain is served");
        var (memory, files) = (Resident(node), Files(node));
        var clients = new List<Socket>();
        try
        {
            for (var i = 0; i < Clients; i++) clients.Add(Open(node, i));
            long most = 0;
            var mostFiles = 0;
            for (var round = 0; round < 20; round++)
            {
                for (var i = 0; i < Clients; i++) Annoy(clients[i], i, round);
                Assert.Equal((0, 1), await AskAsync(node));
                most = Math.Max(most, Resident(node));
                mostFiles = Math.Max(mostFiles, Files(node));
            }

            Assert.InRange(mostFiles - files, 100, MostConnections + OtherFiles);
            Assert.InRange((most - memory) / 1024 / 1024, 0, 150);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }

        await Programs.EventuallyAsync(() => Task.FromResult(Files(node) - files < OtherFiles), "the connections are gone");
        using var visitor = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await visitor.ConnectAsync(node.Dns);
        await visitor.SendAsync(Query);
        Assert.True(await visitor.ReceiveAsync(new byte[1_024]).WaitAsync(TimeSpan.FromSeconds(30)) > Query.Length);
    }

    /// <summary>Starts to connect, from one of many addresses, and does not wait: beyond the limit nobody picks up.</summary>
    private static Socket Open(RunningNode node, int i)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        socket.Bind(new IPEndPoint(new IPAddress([127, 1, (byte)(i / ClientsOfOneAddress), 1]), 0));
        try
        {
            socket.Connect(node.Dns);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // It goes on without us.
        }

        return socket;
    }

    /// <summary>Idle; a query octet by octet; the longest query announced, and nothing of it sent; a thousand queries and no reading of answers; half-closed.</summary>
    private static void Annoy(Socket client, int i, int round)
    {
        try
        {
            switch (i % 5)
            {
                case 1: client.Send(Query.AsSpan(round % Query.Length, 1)); break;
                case 2 when round == 0: client.Send([0xFF, 0xFF, 1, 2, 3]); break;
                case 3 when round == 0: client.Send([.. Enumerable.Repeat(Query, 1_000).SelectMany(query => query)]); break;
                case 4 when round == 0: client.Send(Query); break;
                case 4 when round == 1: client.Shutdown(SocketShutdown.Send); break;
                default: break;
            }
        }
        catch (SocketException)
        {
            // Not connected, cut, or the buffer is full: all as wanted.
        }
    }

    // A busy machine may take its time; one that does not answer at all fails.
    private static Task<(int Code, int Answers)> AskAsync(RunningNode node) => Resolver.AskAsync(node.Dns, "gw.test", type: 6, milliseconds: 30_000);

    private static int Files(RunningNode node) => Directory.GetFiles($"/proc/{node.ProcessId}/fd").Length;

    private static long Resident(RunningNode node)
    {
        var line = File.ReadLines($"/proc/{node.ProcessId}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}

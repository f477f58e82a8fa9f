using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>
/// Many who talk to and fro over relays of the same threads, where pieces of different visitors leave by one system call, while
/// others are reset in the middle and new ones get their descriptors.
/// </summary>
public sealed class ConversationTests
{
    private const int Talkers = 64;
    private const int Visits = 12;
    private const int LongestWord = 3_000;

    [Fact]
    public async Task Nobody_hears_a_word_of_anybody_else()
    {
        using var stop = new CancellationTokenSource();
        using var echoing = Loopback.Listen();
        using var front = Loopback.Listen();
        var echo = new AcceptLoop(echoing, 4096, EchoAsync, TimeProvider.System).RunAsync(stop.Token);
        var loop = new AcceptLoop(front, 4096, (socket, token) => RelayAsync(socket, (IPEndPoint)echoing.LocalEndPoint!, token), TimeProvider.System);
        var relaying = loop.RunAsync(stop.Token);
        await Task.WhenAll(Enumerable.Range(0, Talkers).Select(talker => Task.Run(() => TalkAsync((IPEndPoint)front.LocalEndPoint!, talker))));
        await Eventually.TrueAsync(() => loop.Running == 0, "all relays have ended");
        await stop.CancelAsync();
        await Task.WhenAll(echo, relaying);
    }

    private static async Task TalkAsync(IPEndPoint to, int talker)
    {
        var random = new Random(talker);
        for (var visit = 0; visit < Visits; visit++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(to);
            var said = await SayAsync(socket, (talker << 16) | visit, random);
            if (visit % 3 == 0)
            {
                // Some more words are on their way, which nobody will hear.
                await socket.SendAllAsync(new byte[random.Next(1, LongestWord)]);
                socket.Close(0);
                continue;
            }

            socket.Shutdown(SocketShutdown.Send);
            Assert.Empty(await socket.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60)));
            Assert.True(said > 0);
        }
    }

    // Words made of nothing but who says them.
    private static async Task<int> SayAsync(Socket socket, int who, Random random)
    {
        var words = random.Next(6, 60);
        for (var i = 0; i < words; i++)
        {
            var word = new byte[4 * random.Next(1, LongestWord / 4)];
            for (var at = 0; at < word.Length; at += 4) BinaryPrimitives.WriteInt32BigEndian(word.AsSpan(at), who);
            await socket.SendAllAsync(word);
            var heard = new byte[word.Length];
            for (var read = 0; read < heard.Length;)
            {
                var length = await socket.ReceiveAsync(heard.AsMemory(read)).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
                Assert.True(length > 0, "ended in the middle");
                read += length;
            }

            Assert.Equal(word, heard);
        }

        return words;
    }

    private static async Task RelayAsync(Socket socket, IPEndPoint to, CancellationToken stop)
    {
        await using var visitor = new SocketDuplex(socket);
        await using var upstream = await SocketDuplex.ConnectAsync(to, stop);
        await Relay.RunAsync(visitor, default, upstream, RelayOptions.Default, stop);
    }

    private static async Task EchoAsync(Socket socket, CancellationToken stop)
    {
        await using var peer = new SocketDuplex(socket);
        var buffer = new byte[16 * 1024];
        try
        {
            while (await peer.ReadAsync(buffer, stop) is > 0 and var read) await peer.WriteAsync(buffer.AsMemory(0, read), stop);
            await peer.EndAsync(stop);
        }
        catch (IOException)
        {
            // The visitor left.
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Gateway.Dns.Sockets;
using Xunit;

namespace Gateway.IntegrationTests.Dns;

public sealed class DatagramBatchTests
{
    private const int Clients = 5;
    private const int Queries = 12;
    private const int LongestAnswer = 2_000;

    // Linux: SO_NO_CHECK of SOL_SOCKET; a socket without checksums is refused segments (EINVAL).
    private static readonly byte[] On = BitConverter.GetBytes(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_client_gets_its_own_answers_and_nobody_elses_whether_or_not_segments_can_be_sent(bool refusesSegments)
    {
        using var server = Bind(IPAddress.Loopback);
        if (refusesSegments) server.SetRawSocketOption(1, 11, On);
        using var batch = new DatagramBatch(LongestAnswer);
        var clients = Enumerable.Range(0, Clients).Select(_ => Bind(IPAddress.Loopback)).ToArray();
        for (var round = 0; round < 3; round++)
        {
            for (byte query = 0; query < Queries; query++)
                for (byte client = 0; client < Clients; client++) clients[client].SendTo([client, query], server.LocalEndPoint!);
            AnswerAll(server, batch, Clients * Queries);
            for (byte client = 0; client < Clients; client++)
                Assert.Equal(Enumerable.Range(0, Queries).Select(query => (client, (byte)query, LengthOf(query))), Receive(clients[client], server.LocalEndPoint!).Order());
        }

        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public void An_answer_leaves_from_the_address_that_was_asked_also_when_one_client_asks_two()
    {
        using var server = Bind(IPAddress.Any);
        server.SetRawSocketOption(0, 8, On);
        using var batch = new DatagramBatch(LongestAnswer);
        using var client = Bind(IPAddress.Loopback);
        var port = ((IPEndPoint)server.LocalEndPoint!).Port;
        IPEndPoint[] asked = [new(IPAddress.Parse("127.0.0.1"), port), new(IPAddress.Parse("127.0.0.2"), port)];
        for (byte query = 0; query < Queries; query++)
            for (byte address = 0; address < 2; address++) client.SendTo([address, query], asked[address]);
        AnswerAll(server, batch, 2 * Queries);
        for (var answer = 0; answer < 2 * Queries; answer++)
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            var octets = new byte[LongestAnswer];
            client.ReceiveFrom(octets, ref from);
            Assert.Equal(asked[octets[0]], from);
        }
    }

    private static int LengthOf(int query) => query % 4 == 3 ? LongestAnswer : 40 + (query % 3 * 20);

    private static void AnswerAll(Socket server, DatagramBatch batch, int expected)
    {
        for (var answered = 0; answered < expected;)
        {
            var count = batch.Receive(server.SafeHandle);
            Assert.True(count > 0, $"only {answered} of {expected} queries came");
            for (var i = 0; i < count; i++)
            {
                var query = batch.Query(i);
                var space = batch.AnswerSpace;
                space.Fill(query[1]);
                query.CopyTo(space);
                batch.Answer(i, LengthOf(query[1]));
            }

            Assert.Equal(count, batch.Send(server.SafeHandle));
            answered += count;
        }
    }

    private static List<(byte Client, byte Query, int Length)> Receive(Socket client, EndPoint server)
    {
        var answers = new List<(byte, byte, int)>();
        var octets = new byte[LongestAnswer + 1];
        for (var i = 0; i < Queries; i++)
        {
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            var length = client.ReceiveFrom(octets, ref from);
            Assert.Equal(server, from);
            Assert.DoesNotContain(octets[2..length], octet => octet != octets[1]);
            answers.Add((octets[0], octets[1], length));
        }

        Assert.Equal(0, client.Available);
        return answers;
    }

    private static Socket Bind(IPAddress address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 30_000, ReceiveBufferSize = 1 << 20 };
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>Asks many questions by UDP at once, so that a hundred thousand of them take seconds.</summary>
internal sealed class PipelinedClient : IDisposable
{
    /// <summary>Questions in flight: their answers fit into the smallest receive buffer that a kernel gives.</summary>
    public const int Window = 50;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly byte[] _buffer = new byte[4_096];
    private int _round;

    public PipelinedClient(IPEndPoint server) => _socket.Connect(server);

    /// <summary>The answer to each query, in their order. Queries that get none are asked again, for datagrams get lost.</summary>
    public async Task<byte[][]> AskAsync(List<byte[]> queries)
    {
        // The high octet tells late answers of the round before apart.
        _round++;
        var answers = new byte[queries.Count][];
        var stop = Deadline.Generous;
        while (Array.Exists(answers, answer => answer is null))
        {
            for (var i = 0; i < queries.Count; i++)
                if (answers[i] is null) await SendAsync(queries[i], i, stop);
            await ReceiveAsync(answers, stop);
        }

        return answers;
    }

    public void Dispose() => _socket.Dispose();

    private async Task SendAsync(byte[] query, int i, CancellationToken stop)
    {
        BinaryPrimitives.WriteUInt16BigEndian(query, (ushort)((_round << 8) | i));
        await _socket.SendAsync(query, stop);
    }

    private async Task ReceiveAsync(byte[][] answers, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        try
        {
            for (var left = answers.Count(answer => answer is null); left > 0;)
            {
                var length = await _socket.ReceiveAsync(_buffer, patience.Token);
                int id = BinaryPrimitives.ReadUInt16BigEndian(_buffer), i = id & 0xFF;
                if (id >> 8 != (_round & 0xFF) || answers[i] is not null) continue;
                answers[i] = _buffer[..length];
                left--;
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // What did not come is asked for again.
        }
    }
}

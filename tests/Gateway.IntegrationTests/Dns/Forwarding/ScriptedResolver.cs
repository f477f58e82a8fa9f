using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Gateway.IntegrationTests.Dns.Forwarding;

/// <summary>A resolver at an address of its own, by UDP and TCP: every name has one address, unless it is silent.</summary>
internal sealed class ScriptedResolver : IAsyncDisposable
{
    private const int HeaderLength = 12;
    private const int OptLength = 11;

    private readonly UdpClient _udp;
    private readonly TcpListener _tcp;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public ScriptedResolver(string address = "127.0.0.2")
    {
        _tcp = new TcpListener(IPAddress.Parse(address), 0);
        _tcp.Start();
        Endpoint = (IPEndPoint)_tcp.LocalEndpoint;
        _udp = new UdpClient(Endpoint);
        _running = Task.WhenAll(AnswerByUdpAsync(), AnswerByTcpAsync());
    }

    public IPEndPoint Endpoint { get; }

    /// <summary>It reads and says nothing.</summary>
    public bool IsSilent { get; init; }

    /// <summary>TCP answers are given when this has come to its end.</summary>
    public Task Held { get; init; } = Task.CompletedTask;

    /// <summary>Before each UDP answer it sends others: of a wrong ID, of a wrong name, half of one.</summary>
    public bool SendsForgeries { get; init; }

    /// <summary>UDP answers say that there is more.</summary>
    public bool Truncates { get; init; }

    /// <summary>Every query that came, with the port it came from; TCP's are negative.</summary>
    public ConcurrentQueue<(int Port, byte[] Message)> Asked { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _tcp.Stop();
        await _running;
        _udp.Dispose();
        _tcp.Dispose();
        _stop.Dispose();
    }

    private async Task AnswerByUdpAsync()
    {
        try
        {
            while (true)
            {
                var query = await _udp.ReceiveAsync(_stop.Token);
                Asked.Enqueue((query.RemoteEndPoint.Port, query.Buffer));
                if (IsSilent) continue;
                var answer = Answer(query.Buffer, Truncates);
                if (SendsForgeries)
                    foreach (var forgery in Forgeries(answer)) await _udp.SendAsync(forgery, query.RemoteEndPoint, _stop.Token);
                await _udp.SendAsync(answer, query.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test ends.
        }
    }

    private async Task AnswerByTcpAsync()
    {
        try
        {
            while (true)
            {
                using var visitor = await _tcp.AcceptTcpClientAsync(_stop.Token);
                var stream = visitor.GetStream();
                var head = new byte[2];
                await stream.ReadExactlyAsync(head, _stop.Token);
                var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
                await stream.ReadExactlyAsync(query, _stop.Token);
                Asked.Enqueue((-((IPEndPoint)visitor.Client.RemoteEndPoint!).Port, query));
                if (IsSilent) continue;
                await Held.WaitAsync(_stop.Token);
                var answer = Answer(query, truncated: false);
                byte[] frame = [(byte)(answer.Length >> 8), (byte)answer.Length, .. answer];
                await stream.WriteAsync(frame, _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test ends.
        }
    }

    // Our query ends with an OPT record; before it stands the question.
    private static byte[] Answer(byte[] query, bool truncated)
    {
        byte[] record = truncated ? [] : [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7];
        byte[] answer = [.. query[..^OptLength], .. record];
        (answer[2], answer[3]) = ((byte)(truncated ? 0x83 : 0x81), 0x80);
        (answer[7], answer[11]) = ((byte)(truncated ? 0 : 1), 0);
        return answer;
    }

    private static IEnumerable<byte[]> Forgeries(byte[] answer)
    {
        byte[] otherId = [.. answer], otherName = [.. answer];
        otherId[0] ^= 1;
        otherId[^1] = 66;
        otherName[HeaderLength + 1] ^= 1;
        otherName[^1] = 66;
        return [otherId, otherName, answer[..^3], [1, 2, 3], []];
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Gateway.EndToEndTests.Recursors;
using Gateway.UnitTests.Router;

namespace Gateway.EndToEndTests.Support;

/// <summary>Visitors of an <see cref="EchoService"/> behind a gateway, on the gateway's machine: each knows what he has to get, and what he must never get.</summary>
internal sealed class EchoingVisitors(PrivateNetwork network, string host)
{
    /* Longer than a line can be away in these tests: who waits so long was forgotten. */
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int LargestExponent = 17;

    private static readonly HttpStatusCode[] Unserved = [HttpStatusCode.BadGateway, HttpStatusCode.ServiceUnavailable, HttpStatusCode.GatewayTimeout];

    private int _answered;
    private int _unanswered;

    /// <summary>How many got everything back.</summary>
    public int Answered => Volatile.Read(ref _answered);

    /// <summary>How many were turned away, or cut off, and noticed it.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>What must not be: octets that nobody sent so, an end that looks like the whole, a visitor who was forgotten.</summary>
    public ConcurrentQueue<string> Wrong { get; } = new();

    /// <summary>One after another, of every size, over TLS and HTTP in turn, until told to stop.</summary>
    public async Task RunAsync(int seed, CancellationToken stop)
    {
        var chance = new Random(seed);
        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = async (_, token) => new NetworkStream(await ConnectAsync(8080, token), ownsSocket: true) }) { Timeout = Timeout.InfiniteTimeSpan };
        while (!stop.IsCancellationRequested)
        {
            await AskTlsAsync(Octets(chance));
            await AskHttpAsync(http, Octets(chance));
        }
    }

    /// <summary>One over TLS; true when he got everything back.</summary>
    public async Task<bool> AskTlsAsync(byte[] octets)
    {
        byte[] bytes = [.. Hello.For(host), .. octets];
        using var deadline = new CancellationTokenSource(Patience);
        var got = new MemoryStream();
        try
        {
            using var visitor = await ConnectAsync(8443, deadline.Token);
            var sending = SendAsync(visitor, bytes, deadline.Token);
            var receiving = ReceiveAsync(visitor, got, deadline.Token);
            await Task.WhenAll(sending, receiving);
            return Judge(bytes, got.ToArray(), isWhole: true);
        }
        catch (SocketException)
        {
            return Judge(bytes, got.ToArray(), isWhole: false);
        }
        catch (OperationCanceledException)
        {
            Wrong.Enqueue($"TLS: nothing more came after {got.Length} of {bytes.Length} octets, and no end");
            return false;
        }
    }

    private async Task AskHttpAsync(HttpClient http, byte[] octets)
    {
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            using var answer = await http.PostAsync(new Uri($"http://{host}/"), new ByteArrayContent(octets), deadline.Token);
            if (Unserved.Contains(answer.StatusCode)) Interlocked.Increment(ref _unanswered);
            else if (answer.StatusCode == HttpStatusCode.OK && (await answer.Content.ReadAsByteArrayAsync(deadline.Token)).AsSpan().SequenceEqual(octets)) Interlocked.Increment(ref _answered);
            else Wrong.Enqueue($"HTTP: {answer.StatusCode} with octets that were not sent");
        }
        catch (HttpRequestException)
        {
            Interlocked.Increment(ref _unanswered);
        }
        catch (OperationCanceledException)
        {
            Wrong.Enqueue($"HTTP: no answer to {octets.Length} octets, and no end");
        }
    }

    private bool Judge(byte[] sent, byte[] got, bool isWhole)
    {
        const byte alert = 0x15;
        if (got is [] or [alert, ..]) Interlocked.Increment(ref _unanswered);
        else if (!sent.AsSpan().StartsWith(got)) Wrong.Enqueue($"TLS: octets that were not sent, after {sent.AsSpan().CommonPrefixLength(got)} of {sent.Length}");
        else if (got.Length == sent.Length) Interlocked.Increment(ref _answered);
        else if (isWhole) Wrong.Enqueue($"TLS: an end after {got.Length} of {sent.Length} octets that looks like that of the whole");
        else Interlocked.Increment(ref _unanswered);
        return got.Length == sent.Length;
    }

    private async Task<Socket> ConnectAsync(int port, CancellationToken stop)
    {
        var socket = network.NewSocket();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, stop);
            return socket;
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task SendAsync(Socket visitor, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (bytes.Length > 0) bytes = bytes[await visitor.SendAsync(bytes, stop)..];
        visitor.Shutdown(SocketShutdown.Send);
    }

    private static async Task ReceiveAsync(Socket visitor, MemoryStream into, CancellationToken stop)
    {
        var piece = new byte[64 * 1024];
        while (await visitor.ReceiveAsync(piece, stop) is > 0 and var read) into.Write(piece, 0, read);
    }

    private static byte[] Octets(Random chance)
    {
        var octets = new byte[chance.Next(1 << chance.Next(LargestExponent + 1))];
        chance.NextBytes(octets);
        return octets;
    }
}

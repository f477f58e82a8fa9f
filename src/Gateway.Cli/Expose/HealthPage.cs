using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Transport;

namespace Gateway.Cli.Expose;

/// <summary>
/// The health endpoint: any request is answered with the state of the links, 200 when the client is ready and 503 when it is not. One
/// request for each connection.
/// </summary>
internal sealed class HealthPage(Socket listener, ClientHealth health, TimeProvider time)
{
    /* A probe or two, and somebody who looks. */
    private const int MostVisitors = 16;

    private const int MaxRequest = 8192;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Serves until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var loop = new AcceptLoop(listener, MostVisitors, VisitAsync, time) { Drain = TimeSpan.Zero };
        await loop.RunAsync(stop);
    }

    private async Task VisitAsync(Socket socket, CancellationToken stop)
    {
        await using var visitor = new SocketDuplex(socket);
        using var deadline = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            if (!await HasAskedAsync(visitor, either.Token)) return;
            await visitor.WriteAsync(Answer(), either.Token);
            await visitor.EndAsync(either.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It left, or took too long: it will ask again.
        }
    }

    private static async Task<bool> HasAskedAsync(SocketDuplex visitor, CancellationToken stop)
    {
        var request = new byte[MaxRequest];
        for (var there = 0; there < request.Length;)
        {
            var read = await visitor.ReadAsync(request.AsMemory(there), stop);
            if (read == 0) return false;
            there += read;
            if (request.AsSpan(0, there).IndexOf("\r\n\r\n"u8) >= 0) return true;
        }

        return false;
    }

    private byte[] Answer()
    {
        var body = health.Describe().ToJsonString() + "\n";
        var status = health.IsReady ? $"{(int)HttpStatusCode.OK} OK" : $"{(int)HttpStatusCode.ServiceUnavailable} Service Unavailable";
        return Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{body}");
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.EndToEndTests.Support;

/// <summary>A service that gives back what it gets, as it comes: of a request over HTTP the body, of anything else every octet.</summary>
internal sealed class EchoService : IAsyncDisposable
{
    private static readonly byte[] EndOfHead = "\r\n\r\n"u8.ToArray();

    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Socket, Task> _visits = new();
    private readonly Task _running;

    /// <summary>Owns the socket, and listens with it on a port of loopback.</summary>
    public EchoService(Socket listener, int port)
    {
        _listener = listener;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(4096);
        _running = RunAsync();
    }

    /// <summary>How many visitors are here now.</summary>
    public int Visitors => _visits.Count;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await Task.WhenAll(_visits.Values);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var visitor = await _listener.AcceptAsync(_stop.Token);
                var done = new TaskCompletionSource();
                _visits[visitor] = done.Task;
                _ = VisitAsync(visitor, done);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed of.
        }
    }

    private async Task VisitAsync(Socket visitor, TaskCompletionSource done)
    {
        try
        {
            visitor.NoDelay = true;
            var buffer = new byte[64 * 1024];
            var read = await visitor.ReceiveAsync(buffer, _stop.Token);
            if (buffer.AsSpan(0, read).StartsWith("POST "u8)) await AnswerAsync(visitor, buffer, read);
            else await EchoAsync(visitor, buffer, buffer.AsMemory(0, read), long.MaxValue);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The visitor knows what became of it.
        }
        finally
        {
            _visits.TryRemove(visitor, out _);
            visitor.Dispose();
            done.SetResult();
        }
    }

    private async Task AnswerAsync(Socket visitor, byte[] buffer, int read)
    {
        int end;
        while ((end = buffer.AsSpan(0, read).IndexOf(EndOfHead)) < 0)
        {
            if (await visitor.ReceiveAsync(buffer.AsMemory(read), _stop.Token) is not (> 0 and var more)) return;
            read += more;
        }

        var length = BodyLength(Encoding.ASCII.GetString(buffer, 0, end));
        await SendAsync(visitor, Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"));
        await EchoAsync(visitor, buffer, buffer.AsMemory((end + EndOfHead.Length)..read), length);
    }

    // What has come already, and then what comes, until so much went back, or the visitor ends.
    private async Task EchoAsync(Socket visitor, byte[] buffer, ReadOnlyMemory<byte> came, long left)
    {
        await SendAsync(visitor, came);
        for (left -= came.Length; left > 0 && await visitor.ReceiveAsync(buffer, _stop.Token) is > 0 and var read; left -= read) await SendAsync(visitor, buffer.AsMemory(0, read));
        visitor.Shutdown(SocketShutdown.Send);
    }

    private static int BodyLength(string head) => int.Parse(
        head.Split("\r\n").Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1], CultureInfo.InvariantCulture);

    private async Task SendAsync(Socket visitor, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await visitor.SendAsync(bytes, _stop.Token)..];
    }
}

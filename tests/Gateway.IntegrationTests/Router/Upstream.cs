using System.Net;
using System.Net.Sockets;

namespace Gateway.IntegrationTests.Router;

/// <summary>A server on loopback that treats every connection as the test says.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _visits = [];
    private readonly Task _accepting;
    private int _accepted;

    public Upstream(Func<Socket, CancellationToken, Task> treat, IPEndPoint? at = null)
    {
        at ??= new IPEndPoint(IPAddress.Loopback, 0);
        _listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(at);
        _listener.Listen(512);
        _accepting = Task.Run(() => AcceptAsync(treat));
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Sends back whatever comes, and ends when the visitor does.</summary>
    public static Upstream Echo(IPEndPoint? at = null) => new(async (socket, stop) =>
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await socket.ReceiveAsync(buffer, stop)) > 0) await socket.SendAllAsync(buffer.AsMemory(0, read), stop);
        socket.Shutdown(SocketShutdown.Send);
    }, at);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_visits);
        _stop.Dispose();
    }

    private async Task AcceptAsync(Func<Socket, CancellationToken, Task> treat)
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                Interlocked.Increment(ref _accepted);
                _visits.Add(VisitAsync(socket, treat));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task VisitAsync(Socket socket, Func<Socket, CancellationToken, Task> treat)
    {
        using (socket)
        {
            try
            {
                await treat(socket, _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or IOException)
            {
                // The router or the test hung up.
            }
        }
    }
}

internal static class SocketExtensions
{
    public static async Task SendAllAsync(this Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken stop = default)
    {
        while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes, stop)..];
    }

    /// <summary>Everything until the peer ends its direction.</summary>
    public static async Task<byte[]> ReceiveAllAsync(this Socket socket)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await socket.ReceiveAsync(buffer, deadline.Token)) > 0) all.Write(buffer, 0, read);
        return all.ToArray();
    }

    /// <summary>The same from a peer that may close with what we said unread: nothing then.</summary>
    public static async Task<byte[]> HearAsync(this Socket socket)
    {
        try
        {
            return await socket.ReceiveAllAsync();
        }
        catch (SocketException)
        {
            return [];
        }
    }

    /// <summary>Exactly so many bytes.</summary>
    public static async Task<byte[]> ReceiveExactlyAsync(this Socket socket, int count, CancellationToken stop = default)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(at), stop);
            if (read == 0) throw new IOException($"ended after {at} of {count} bytes");
            at += read;
        }

        return bytes;
    }
}

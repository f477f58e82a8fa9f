using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Store;

namespace Gateway.IntegrationTests.Support;

/// <summary>A wire to a Redis on loopback that can be slow, fall silent, or break, and lead to another server later.</summary>
public sealed class FaultyWire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _pumps = [];
    private readonly Task _accepting;
    private TaskCompletionSource _open = Opened();

    public FaultyWire(int port)
    {
        Target = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Port of the server behind the wire, for connections from now on.</summary>
    public int Target { get; set; }

    /// <summary>How long each piece takes on its way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The only connection that is delayed, counted from 1; 0: each of them is.</summary>
    public int DelayedConnection { get; init; }

    public RedisEndpoint Endpoint(string password = "") => new("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port, null, new Secret(password), 0);

    /// <summary>Nothing passes any more; connections stay open.</summary>
    public void Hang() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Everything passes again.</summary>
    public void Flow() => _open.TrySetResult();

    /// <summary>Resets every connection there is.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _sockets.ForEach(Break);
            _sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Flow();
        Reset();
        await _accepting;
        await Task.WhenAll(_pumps);
        _stop.Dispose();
    }

    private static void Break(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (ObjectDisposedException)
        {
            // One of its ends had closed it.
        }

        socket.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        open.SetResult();
        return open;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) await JoinAsync(await _listener.AcceptSocketAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private async Task JoinAsync(Socket client)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, Target, _stop.Token);
        }
        catch (SocketException)
        {
            client.Dispose();
            server.Dispose();
            return;
        }

        lock (_lock)
        {
            _sockets.AddRange([client, server]);
            var isDelayed = DelayedConnection == 0 || DelayedConnection == (_pumps.Count / 2) + 1;
            _pumps.AddRange([PumpAsync(client, server, isDelayed), PumpAsync(server, client, isDelayed)]);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool isDelayed)
    {
        var piece = new byte[65_536];
        try
        {
            while (await from.ReceiveAsync(piece, _stop.Token) is > 0 and var length)
            {
                if (isDelayed && Delay > TimeSpan.Zero) await Task.Delay(Delay, TimeProvider.System, _stop.Token);
                await _open.Task;
                for (var sent = 0; sent < length;) sent += await to.SendAsync(piece.AsMemory(sent, length - sent), _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The other end, or the test, ended it.
        }

        from.Dispose();
        to.Dispose();
    }
}

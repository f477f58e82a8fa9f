using System.Net;
using System.Net.Sockets;
using Gateway.Model;

namespace Gateway.EndToEndTests.Support;

/// <summary>A resolver that says of every name that its name server is the one given. By UDP only.</summary>
internal sealed class DelegatingResolver : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _running;

    public DelegatingResolver(DomainName server)
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _running = RunAsync(server);
    }

    public EndPoint At => _socket.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running;
        _socket.Dispose();
        _end.Dispose();
    }

    private async Task RunAsync(DomainName server)
    {
        var query = new byte[512];
        byte[] rest = [0xC0, 12, 0, 2, 0, 1, 0, 0, 0, 60, 0, (byte)server.Wire.Length, .. server.Wire];
        try
        {
            while (true)
            {
                var asked = await _socket.ReceiveFromAsync(query, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _end.Token);
                byte[] answer = [.. query.AsSpan(0, asked.ReceivedBytes), .. rest];
                (answer[2], answer[3], answer[7]) = (0x81, 0x80, 1);
                await _socket.SendToAsync(answer, asked.RemoteEndPoint, _end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}

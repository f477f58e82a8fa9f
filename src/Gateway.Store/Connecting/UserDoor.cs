using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Store.Connecting;

/// <summary>
/// A loopback door to a Redis that wants a user name. The client library logs in with a password only, so it knocks here
/// with a random token; the door knocks there with user and password, hands the answer on, and then carries bytes.
/// </summary>
internal sealed class UserDoor : IAsyncDisposable
{
    // The library opens two connections for each session; more would be somebody else.
    private const int Backlog = 4;

    private static readonly TimeSpan KnockDeadline = TimeSpan.FromSeconds(2);

    private readonly RedisEndpoint _endpoint;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _visits = [];
    private readonly Task _accepting;

    private UserDoor(RedisEndpoint endpoint, TimeProvider time)
    {
        _endpoint = endpoint;
        _time = time;
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(Backlog);
        _accepting = Task.Run(AcceptAsync, CancellationToken.None);
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>What the library must say; without it the door stays shut for other users of this machine.</summary>
    internal string Token { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    internal static UserDoor Open(RedisEndpoint endpoint, TimeProvider time) => new(endpoint, time);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_visits);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var visitor = await _listener.AcceptAsync(_stop.Token);
                _visits.RemoveAll(static visit => visit.IsCompleted);
                _visits.Add(VisitAsync(visitor));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The session is over: its door shuts, and the next session opens another.
        }
    }

    private async Task VisitAsync(Socket visitor)
    {
        using var near = new NetworkStream(visitor, ownsSocket: true);
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        visitor.NoDelay = true;
        try
        {
            if (!await KnocksRightAsync(near)) return;
            await far.ConnectAsync(_endpoint.Host, _endpoint.Port, _stop.Token).AsTask().WaitAsync(KnockDeadline, _time, _stop.Token);
            using var stream = new NetworkStream(far);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(RedisCall.Login(_endpoint)), _stop.Token);
            // Whichever direction ends first, the connection is of no more use.
            await Task.WhenAny(near.CopyToAsync(stream, _stop.Token), stream.CopyToAsync(near, _stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or TimeoutException)
        {
            // The session sees its connection close, and says so.
        }
    }

    private async Task<bool> KnocksRightAsync(NetworkStream near)
    {
        var expected = Encoding.ASCII.GetBytes(RespCommand.Encode("AUTH", Token));
        var knock = new byte[expected.Length];
        await near.ReadExactlyAsync(knock, _stop.Token).AsTask().WaitAsync(KnockDeadline, _time, _stop.Token);
        return CryptographicOperations.FixedTimeEquals(knock, expected);
    }
}

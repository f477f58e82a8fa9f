using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.EndToEndTests.Support;

/// <summary>The moment at which something is cut: the so-manieth writing request that passes any wire, before or after it was served.</summary>
internal sealed class Cut(int at, bool isAfter, Action kill)
{
    private int _passed;
    private volatile bool _isMade;

    /// <summary>True once it was made.</summary>
    public bool IsMade => _isMade;

    /// <summary>A request comes. True when it shall not be passed on: the program that sent it is no more.</summary>
    public bool Before() => Interlocked.Increment(ref _passed) - 1 == at && Make(isNow: !isAfter);

    /// <summary>An answer comes. True when it shall not be passed on.</summary>
    public bool After() => isAfter && Volatile.Read(ref _passed) > at && Make(isNow: true);

    private bool Make(bool isNow)
    {
        if (!isNow) return false;
        kill();
        _isMade = true;
        return true;
    }
}

/// <summary>A wire to a server on loopback, on which writing requests are counted: scripts of Redis, and HTTP requests but GET.</summary>
internal sealed class CuttingWire : IAsyncDisposable
{
    private static readonly byte[][] Requests = [.. new[] { "POST /", "PUT /", "DELETE /" }.Select(Encoding.ASCII.GetBytes)];
    private static readonly byte[] Script = Encoding.ASCII.GetBytes("\r\n$4\r\nEVAL\r\n");

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<int> _target;
    private readonly List<Task> _pumps = [];
    private readonly Task _accepting;
    private volatile Cut? _cut;

    /// <param name="target">The port of the server, asked for each connection; 0: there is none now.</param>
    public CuttingWire(Func<int> target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Who is to be cut off; nobody without.</summary>
    public void Arm(Cut? cut) => _cut = cut;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_pumps);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                lock (_pumps) _pumps.Add(JoinAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private async Task JoinAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var near = client;
        near.NoDelay = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target(), _stop.Token);
            var there = PumpAsync(near, server, Split, piece => IsWrite(piece) && _cut?.Before() is true);
            var back = PumpAsync(server, near, static piece => [piece], _ => _cut?.After() is true);
            await Task.WhenAny(there, back);
            near.Close();
            server.Close();
            await Task.WhenAll(there, back);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Nobody is there.
        }
    }

    private static bool IsWrite(ReadOnlyMemory<byte> piece) => piece.Span.IndexOf(Script) >= 0 || Array.Exists(Requests, it => piece.Span.StartsWith(it));

    // Scripts that were sent together are passed on one by one, so that there is a cut between them too.
    private static IEnumerable<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> piece)
    {
        for (var at = piece.Span.IndexOf(Script); at >= 0; at = piece.Span.IndexOf(Script))
        {
            var begin = piece.Span[..at].LastIndexOf((byte)'*');
            var after = at + Script.Length;
            var next = piece.Span[after..].IndexOf(Script);
            var end = next < 0 ? piece.Length : piece.Span[..(after + next)].LastIndexOf((byte)'*');
            if (begin > 0) yield return piece[..begin];
            yield return piece[Math.Max(begin, 0)..end];
            piece = piece[end..];
        }

        if (piece.Length > 0) yield return piece;
    }

    private async Task PumpAsync(Socket from, Socket to, Func<ReadOnlyMemory<byte>, IEnumerable<ReadOnlyMemory<byte>>> split, Func<ReadOnlyMemory<byte>, bool> isCut)
    {
        var buffer = new byte[65_536];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var length)
            {
                foreach (var piece in split(buffer.AsMemory(0, length)))
                {
                    if (isCut(piece)) return;
                    for (var sent = 0; sent < piece.Length;) sent += await to.SendAsync(piece[sent..], _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One of the ends is gone.
        }
    }
}

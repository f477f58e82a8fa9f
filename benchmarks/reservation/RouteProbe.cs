using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.ReservationBenchmark;

/// <summary>Visits hosts over one kept HTTP connection.</summary>
internal sealed class RouteProbe : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[64 * 1024];

    public RouteProbe(IPEndPoint router)
    {
        _socket = new Socket(router.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000 };
        _socket.Connect(router);
    }

    /// <summary>True when the visit ends at the upstream, which answers 200.</summary>
    public bool IsRouted(string host)
    {
        _socket.Send(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n"));
        var length = 0;
        int end;
        while ((end = _buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0) length += Read(length);
        var head = Encoding.ASCII.GetString(_buffer, 0, end);
        for (var rest = end + 4 + BodyLength(head) - length; rest > 0;) rest -= Read(0);
        return head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
    }

    public void Dispose() => _socket.Dispose();

    private int Read(int from)
    {
        var read = _socket.Receive(_buffer, from, _buffer.Length - from, SocketFlags.None);
        return read > 0 ? read : throw new IOException("The router closed the connection.");
    }

    private static int BodyLength(string head)
    {
        const string Name = "\r\ncontent-length: ";
        var at = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        if (at < 0) throw new IOException("An answer without a length: " + head);
        var end = head.IndexOf("\r\n", at + Name.Length, StringComparison.Ordinal);
        return int.Parse(head.AsSpan(at + Name.Length, (end < 0 ? head.Length : end) - at - Name.Length), CultureInfo.InvariantCulture);
    }
}

/// <summary>An upstream that answers every request with an empty 200.</summary>
internal sealed class Upstream : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _accepting;

    public Upstream()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _listener.Dispose();
        _accepting.Wait();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The listener is closed: the measurement is over.
        }
    }

    private static async Task ServeAsync(Socket visitor)
    {
        var buffer = new byte[16 * 1024];
        using (visitor)
        {
            // The router sends one request at a time, in one piece.
            while (await visitor.ReceiveAsync(buffer) > 0) await visitor.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        }
    }
}

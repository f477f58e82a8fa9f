using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Gateway.TunnelBenchmark;

/// <summary>
/// A long line on one machine: what comes in on one side leaves on the other after half the round trip. A connection to the port after
/// its own resets everything that is on the line.
/// </summary>
internal sealed class DelayLine(IPEndPoint to, TimeSpan oneWay)
{
    private const int Chunk = 128 * 1024;

    // What a line of 10 Gbit/s and 100 ms holds; beyond it the sender waits, as with a full pipe.
    private const int MostChunks = 1000;

    private readonly ConcurrentDictionary<Socket, bool> _open = new();

    public void Run(IPEndPoint at)
    {
        var kills = Listen(new IPEndPoint(at.Address, at.Port + 1));
        new Thread(() =>
        {
            while (true)
            {
                using var told = kills.Accept();
                foreach (var socket in _open.Keys) Reset(socket);
                // The answer says that it is done.
                told.Send("!"u8);
            }
        })
        { IsBackground = true }.Start();
        var listener = Listen(at);
        while (true)
        {
            var near = listener.Accept();
            new Thread(() => Connect(near), 256 * 1024) { IsBackground = true }.Start();
        }
    }

    private static Socket Listen(IPEndPoint at)
    {
        var listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(at);
        listener.Listen(4096);
        return listener;
    }

    private void Connect(Socket near)
    {
        // The handshake of TCP would have taken a round trip, of which the far side's answer is the half that is left.
        Thread.Sleep(2 * oneWay);
        var far = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            far.Connect(to);
        }
        catch (SocketException)
        {
            near.Close(0);
            return;
        }

        (near.NoDelay, far.NoDelay) = (true, true);
        _open[near] = _open[far] = true;
        Start(near, far);
        Start(far, near);
    }

    private void Start(Socket from, Socket into)
    {
        var line = new BlockingCollection<(long Due, ArraySegment<byte> Bytes)>(MostChunks);
        new Thread(() => Read(from, into, line), 256 * 1024) { IsBackground = true }.Start();
        new Thread(() => Write(from, into, line), 256 * 1024) { IsBackground = true }.Start();
    }

    private void Read(Socket from, Socket into, BlockingCollection<(long Due, ArraySegment<byte> Bytes)> line)
    {
        try
        {
            while (true)
            {
                var chunk = ArrayPool<byte>.Shared.Rent(Chunk);
                var read = from.Receive(chunk);
                if (read == 0) break;
                line.Add((Due, new ArraySegment<byte>(chunk, 0, read)));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Reset(into);
        }

        line.Add((Due, ArraySegment<byte>.Empty));
    }

    private long Due => Stopwatch.GetTimestamp() + (long)(oneWay.TotalSeconds * Stopwatch.Frequency);

    private void Write(Socket from, Socket into, BlockingCollection<(long Due, ArraySegment<byte> Bytes)> line)
    {
        try
        {
            foreach (var (due, bytes) in line.GetConsumingEnumerable())
            {
                var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (wait > TimeSpan.Zero) Thread.Sleep(wait);
                if (bytes.Count == 0) break;
                into.Send(bytes);
                ArrayPool<byte>.Shared.Return(bytes.Array!);
            }

            into.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Reset(from);
        }
    }

    private void Reset(Socket socket)
    {
        _open.TryRemove(socket, out _);
        socket.Close(0);
    }
}

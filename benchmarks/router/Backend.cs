using System.Net;
using System.Net.Sockets;

namespace Gateway.RouterBenchmark;

/// <summary>
/// A server that behaves as the server name of the hello says: down.bench sends for ever, up.bench takes for ever, echo.bench
/// sends back, hello.bench says one byte and waits for the end, handshake.bench really speaks TLS before it does. One blocking
/// thread for each connection, which takes the next one afterwards: a thread made for each would cost more than any proxy in front.
/// </summary>
internal static class Backend
{
    private const int Chunk = 256 * 1024;

    // Nine thousand idle connections must fit: small stacks.
    private const int StackSize = 256 * 1024;

    private const int MostWaiting = 64;

    private static int _waiting;

    public static void Run(IPEndPoint at)
    {
        using var listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(at);
        listener.Listen(4096);
        Hire(listener);
        Thread.Sleep(Timeout.Infinite);
    }

    private static void Hire(Socket listener) => new Thread(() => Take(listener), StackSize) { IsBackground = true }.Start();

    // Whoever takes the last visitor that somebody waits for leaves another thread to wait for the next.
    private static void Take(Socket listener)
    {
        Interlocked.Increment(ref _waiting);
        do
        {
            var visitor = listener.Accept();
            if (Interlocked.Decrement(ref _waiting) == 0) Hire(listener);
            Serve(visitor);
        }
        while (Interlocked.Increment(ref _waiting) <= MostWaiting);
        Interlocked.Decrement(ref _waiting);
    }

    private static void Serve(Socket visitor)
    {
        using (visitor)
        {
            try
            {
                visitor.NoDelay = true;
                var head = new byte[4096];
                var peeked = visitor.Receive(head, SocketFlags.Peek);
                if (head.AsSpan(0, peeked).IndexOf("handshake.bench"u8) >= 0) Handshakes.Serve(visitor);
                // More may have come since.
                else Behave(visitor, head.AsSpan(0, visitor.Receive(head)));
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // The visitor has seen enough.
            }
        }
    }

    private static void Behave(Socket visitor, ReadOnlySpan<byte> hello)
    {
        if (hello.IndexOf("down.bench"u8) >= 0) Send(visitor);
        else if (hello.IndexOf("up.bench"u8) >= 0) Swallow(visitor);
        else if (hello.IndexOf("echo.bench"u8) >= 0) Echo(visitor);
        else
        {
            visitor.Send("!"u8);
            visitor.Receive(new byte[1]);
        }
    }

    private static void Send(Socket visitor)
    {
        var chunk = new byte[Chunk];
        while (true) visitor.Send(chunk);
    }

    private static void Swallow(Socket visitor)
    {
        var chunk = new byte[Chunk];
        while (visitor.Receive(chunk, Load.Unseen) > 0)
        {
        }
    }

    private static void Echo(Socket visitor)
    {
        var chunk = new byte[4096];
        visitor.Send("!"u8);
        int read;
        while ((read = visitor.Receive(chunk)) > 0) visitor.Send(chunk.AsSpan(0, read));
    }
}

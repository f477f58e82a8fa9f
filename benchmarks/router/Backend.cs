using System.Buffers.Binary;
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

    private const int RecordHeader = 5;

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
                if (Peek(visitor, head).IndexOf("handshake.bench"u8) >= 0) Handshakes.Serve(visitor);
                // More may have come since.
                else Behave(visitor, head.AsSpan(0, visitor.Receive(head)));
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // The visitor has seen enough.
            }
        }
    }

    // The hello in one piece, however many it came in: what was read of half of one would be taken for another visitor's.
    private static ReadOnlySpan<byte> Peek(Socket visitor, byte[] head)
    {
        var there = visitor.Receive(head, SocketFlags.Peek);
        for (var before = 0; there < Whole(head.AsSpan(0, there)) && there > before;)
        {
            // This look waits for the rest, or for the visitor's end.
            visitor.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, Whole(head.AsSpan(0, there)));
            (before, there) = (there, visitor.Receive(head, SocketFlags.Peek));
            visitor.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, 1);
        }

        return head.AsSpan(0, there);
    }

    private static int Whole(ReadOnlySpan<byte> record) => record.Length < RecordHeader ? RecordHeader : RecordHeader + BinaryPrimitives.ReadUInt16BigEndian(record[3..]);

    private static void Behave(Socket visitor, ReadOnlySpan<byte> hello)
    {
        if (hello.IndexOf("down.bench"u8) >= 0) Send(visitor);
        else if (hello.IndexOf("up.bench"u8) >= 0) Swallow(visitor);
        else if (hello.IndexOf("echo.bench"u8) >= 0) Echo(visitor);
        else if (hello.IndexOf("hello.bench"u8) >= 0)
        {
            visitor.Send("!"u8);
            visitor.Receive(new byte[1]);
        }
        else if (!hello.IsEmpty) Complaints.Tell($"{visitor.RemoteEndPoint} sent {hello.Length} bytes that name nothing: {Convert.ToHexString(hello)}");
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
        var all = 0L;
        try
        {
            visitor.Send("!"u8);
            int read;
            while ((read = visitor.Receive(chunk)) > 0)
            {
                visitor.Send(chunk.AsSpan(0, read));
                all += read;
            }
        }
        catch (SocketException e)
        {
            // Echo's visitors end their connections: whoever reads why one was broken wants to know which side of us it was.
            Complaints.Tell($"an echo broke after {all} bytes: {e.SocketErrorCode}");
        }
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Gateway.Dns.Forwarding;

/// <summary>One exchange with a resolver: a socket of its own, so that each query has a random port of its own (RFC 5452 section 9.2).</summary>
internal static class Upstream
{
    private const int LongestUdp = 4_096;

    /// <summary>
    /// Asks by UDP and waits for the message that answers; others that reach the socket are passed over. Null when the network says
    /// no. The end of <paramref name="stop"/> is the deadline.
    /// </summary>
    public static async Task<byte[]?> AskByUdpAsync(IPEndPoint to, ReadOnlyMemory<byte> query, CancellationToken stop)
    {
        using var socket = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            await socket.ConnectAsync(to, stop);
            await socket.SendAsync(query, stop);
            var buffer = new byte[LongestUdp];
            while (true)
            {
                var length = await socket.ReceiveAsync(buffer, stop);
                if (IsAnswer(buffer.AsSpan(0, length), query.Span)) return buffer[..length];
            }
        }
        catch (SocketException)
        {
            // Nobody is there; the next upstream may be.
            return null;
        }
    }

    /// <summary>The same by TCP (RFC 7766): one query, one answer.</summary>
    public static async Task<byte[]?> AskByTcpAsync(IPEndPoint to, ReadOnlyMemory<byte> query, CancellationToken stop)
    {
        using var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, stop);
            await SendAllAsync(socket, query, stop);
            var head = new byte[2];
            if (!await TryFillAsync(socket, head, stop)) return null;
            var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
            return await TryFillAsync(socket, answer, stop) && IsAnswer(answer, query.Span) ? answer : null;
        }
        catch (SocketException)
        {
            // Nobody is there; the next upstream may be.
            return null;
        }
    }

    private static bool IsAnswer(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query) =>
        UpstreamAnswer.TryRead(message, BinaryPrimitives.ReadUInt16BigEndian(query), UpstreamQuery.Question(query), out _);

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> query, CancellationToken stop)
    {
        var frame = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)query.Length);
        query.CopyTo(frame.AsMemory(2));
        for (var at = 0; at < frame.Length;) at += await socket.SendAsync(frame.AsMemory(at), stop);
    }

    private static async Task<bool> TryFillAsync(Socket socket, Memory<byte> into, CancellationToken stop)
    {
        while (into.Length > 0)
        {
            var count = await socket.ReceiveAsync(into, stop);
            if (count == 0) return false;
            into = into[count..];
        }

        return true;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Gateway.Model.Replies;

namespace Gateway.Transport.Questions;

/// <summary>
/// One DNS query and the reply to it, each on a socket of its own, so that a forger has to guess its port as well (RFC 5452 section 9.2).
/// The caller's token is the deadline; a port that refuses or a connection that breaks is a <see cref="SocketException"/> or an
/// <see cref="IOException"/>.
/// </summary>
public static class DnsExchange
{
    /* No datagram is longer, whatever size the query allows. */
    private const int LongestMessage = ushort.MaxValue;

    /// <summary>Sends one datagram and waits for its reply; what else comes to the socket is passed over.</summary>
    public static async Task<DnsReply> ByUdpAsync(IPEndPoint server, ReadOnlyMemory<byte> query, CancellationToken stop)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, stop);
        await socket.SendAsync(query, stop);
        var message = new byte[LongestMessage];
        while (true)
        {
            var length = await socket.ReceiveAsync(message, stop);
            if (DnsReply.TryRead(message.AsSpan(0, length), query.Span, out var reply)) return reply;
        }
    }

    /// <summary>Asks on a connection (RFC 7766 section 8: two octets of length before each message); null when what comes is no reply to the query.</summary>
    public static async Task<DnsReply?> ByTcpAsync(IPEndPoint server, ReadOnlyMemory<byte> query, CancellationToken stop)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, stop);
        await using var stream = new NetworkStream(socket);
        // In one piece: some servers read no further than the first segment.
        await stream.WriteAsync(Framed(query.Span), stop);
        var length = new byte[sizeof(ushort)];
        await stream.ReadExactlyAsync(length, stop);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, stop);
        return DnsReply.TryRead(message, query.Span, out var reply) ? reply : null;
    }

    private static byte[] Framed(ReadOnlySpan<byte> query) => [(byte)(query.Length >> 8), (byte)query.Length, .. query];
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;

namespace Gateway.Cli.Doctor;

/// <summary>What came of one question to one server.</summary>
internal enum Hearing
{
    /// <summary>A reply.</summary>
    Answered,

    /// <summary>Nothing in time, or the port is closed.</summary>
    Silent,

    /// <summary>This machine has no way there, as without IPv6: it says nothing about the server.</summary>
    NoWay,
}

/// <summary>Asks one server one question, directly, by UDP or TCP.</summary>
internal delegate Task<(Hearing Hearing, DnsReply? Reply)> AskServer(IPAddress server, DomainName name, RecordType type, bool tcp, CancellationToken stop);

/// <summary>Questions over the network, to port 53. Every wait has a deadline; twice by UDP, for a datagram may be lost.</summary>
/// <param name="patience">How long an answer by UDP may take; by TCP twice as long.</param>
internal sealed class Asker(TimeSpan patience)
{
    private const int Port = 53;

    /// <summary>The real one of <see cref="AskServer"/>.</summary>
    public async Task<(Hearing Hearing, DnsReply? Reply)> AskAsync(IPAddress server, DomainName name, RecordType type, bool tcp, CancellationToken stop)
    {
        var first = await TryAsync(server, name, type, tcp, stop);
        if (tcp || first.Hearing != Hearing.Silent) return first.Reply is { IsTruncated: true } && !tcp ? await TryAsync(server, name, type, tcp: true, stop) : first;
        return await TryAsync(server, name, type, tcp, stop);
    }

    private async Task<(Hearing Hearing, DnsReply? Reply)> TryAsync(IPAddress server, DomainName name, RecordType type, bool tcp, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(tcp ? patience * 2 : patience);
        var query = new DnsQuestion(name, type).ForServer((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1));
        try
        {
            var reply = tcp ? await ByTcpAsync(server, query, deadline.Token) : await ByUdpAsync(server, query, deadline.Token);
            return reply is null ? (Hearing.Silent, null) : (Hearing.Answered, reply);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.AddressFamilyNotSupported or SocketError.AddressNotAvailable)
        {
            return (Hearing.NoWay, null);
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return (Hearing.Silent, null);
        }
    }

    private static async Task<DnsReply?> ByUdpAsync(IPAddress server, byte[] query, CancellationToken stop)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(new IPEndPoint(server, Port), stop);
        await socket.SendAsync(query, stop);
        var buffer = new byte[4096];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, stop);
            if (DnsReply.TryRead(buffer.AsSpan(0, length), query, out var reply)) return reply;
        }
    }

    private static async Task<DnsReply?> ByTcpAsync(IPAddress server, byte[] query, CancellationToken stop)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(server, Port), stop);
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        var framed = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, stop);
        var head = new byte[2];
        await stream.ReadExactlyAsync(head, stop);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
        await stream.ReadExactlyAsync(message, stop);
        return DnsReply.TryRead(message, query, out var reply) ? reply : null;
    }
}

using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;
using Gateway.Transport.Questions;

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

/// <summary>Questions over the network. Every wait has a deadline; twice by UDP, for a datagram may be lost.</summary>
/// <param name="patience">How long an answer by UDP may take; by TCP twice as long.</param>
internal sealed class Asker(TimeSpan patience)
{
    private const int Port = 53;

    private int _asked;

    /// <summary>How many questions were sent.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>The real one of <see cref="AskServer"/>: without recursion, to port 53.</summary>
    public Task<(Hearing Hearing, DnsReply? Reply)> AskAsync(IPAddress server, DomainName name, RecordType type, bool tcp, CancellationToken stop) =>
        AskAsync(new IPEndPoint(server, Port), new DnsQuestion(name, type).ForServer(NewId()), tcp, stop);

    /// <summary>Asks a resolver, which may answer from what it remembers.</summary>
    public async Task<DnsReply?> AskResolverAsync(IPAddress resolver, DomainName name, RecordType type, CancellationToken stop) =>
        (await AskAsync(new IPEndPoint(resolver, Port), new DnsQuestion(name, type).ForResolver(NewId()), tcp: false, stop)).Reply;

    /// <summary>Sends a query to any port; what does not fit into a datagram is asked for by TCP.</summary>
    public async Task<(Hearing Hearing, DnsReply? Reply)> AskAsync(IPEndPoint server, byte[] query, bool tcp, CancellationToken stop)
    {
        var first = await TryAsync(server, query, tcp, stop);
        if (tcp || first.Hearing != Hearing.Silent) return first.Reply is { IsTruncated: true } && !tcp ? await TryAsync(server, query, tcp: true, stop) : first;
        return await TryAsync(server, query, tcp, stop);
    }

    private static ushort NewId() => (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);

    private async Task<(Hearing Hearing, DnsReply? Reply)> TryAsync(IPEndPoint server, byte[] query, bool tcp, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(tcp ? patience * 2 : patience);
        Interlocked.Increment(ref _asked);
        try
        {
            var reply = tcp ? await DnsExchange.ByTcpAsync(server, query, deadline.Token) : await DnsExchange.ByUdpAsync(server, query, deadline.Token);
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
}

using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;

namespace Gateway.Transport.Questions;

/// <summary>Asks the operator's resolvers, one after the other, each with a deadline; by TCP what does not fit.</summary>
/// <param name="resolvers">Whom to ask; none: those of /etc/resolv.conf.</param>
/// <param name="time">The clock of the deadlines.</param>
public sealed class StubResolver(IReadOnlyList<IPEndPoint> resolvers, TimeProvider time)
{
    private const int DnsPort = 53;
    private const string SystemFile = "/etc/resolv.conf";

    /* The system's file may name more; a third one that answers when two are silent has never been seen. */
    private const int MostResolvers = 3;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>The first answer that says something; else one that says that this cannot be answered (see <see cref="IsFault"/>); null when nobody is there.</summary>
    public async Task<DnsReply?> AskAsync(DomainName name, RecordType type, CancellationToken stop)
    {
        DnsReply? fault = null;
        foreach (var resolver in Resolvers().Take(MostResolvers))
        {
            var query = new DnsQuestion(name, type).ForResolver((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1));
            var reply = await AskAsync(resolver, query, stop);
            if (reply is not null && !IsFault(reply)) return reply;
            fault ??= reply;
        }

        return fault;
    }

    /// <summary>True when a reply does not say what the name has: the resolver refuses, or cannot reach the name's own servers.</summary>
    public static bool IsFault(DnsReply reply) => reply.Code is not (DnsReply.NoError or DnsReply.NameError);

    /// <summary>Asks one server itself, by TCP: neither limits of rates nor lost datagrams stand in the way. Null when it does not answer.</summary>
    public Task<DnsReply?> AskServerAsync(IPEndPoint server, DomainName name, RecordType type, CancellationToken stop) =>
        InTimeAsync(async end => await DnsExchange.ByTcpAsync(server, new DnsQuestion(name, type).ForServer((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1)), end), stop);

    private IEnumerable<IPEndPoint> Resolvers()
    {
        if (resolvers.Count > 0) return resolvers;
        return File.Exists(SystemFile) ? File.ReadLines(SystemFile).Select(ReadLine).OfType<IPEndPoint>() : [];
    }

    private static IPEndPoint? ReadLine(string line) =>
        line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var parsed) ? new IPEndPoint(parsed, DnsPort) : null;

    private Task<DnsReply?> AskAsync(IPEndPoint resolver, byte[] query, CancellationToken stop) => InTimeAsync(
        async end =>
        {
            var reply = await DnsExchange.ByUdpAsync(resolver, query, end);
            return reply.IsTruncated ? await DnsExchange.ByTcpAsync(resolver, query, end) : reply;
        },
        stop);

    private async Task<DnsReply?> InTimeAsync(Func<CancellationToken, Task<DnsReply?>> ask, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            return await ask(either.Token);
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            // The next one is asked.
            return null;
        }
    }
}

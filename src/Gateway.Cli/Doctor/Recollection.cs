using System.Net;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;

namespace Gateway.Cli.Doctor;

/// <summary>That a resolver still remembers that a domain was not there.</summary>
/// <param name="Resolver">Who.</param>
/// <param name="Seconds">For how long yet.</param>
internal sealed record Recollection(IPAddress Resolver, uint Seconds)
{
    private const string SystemFile = "/etc/resolv.conf";

    /* As many as a machine uses. */
    private const int Most = 3;

    /// <summary>The resolvers of this machine.</summary>
    public static IReadOnlyList<IPAddress> OfThisMachine() => File.Exists(SystemFile) ? [.. File.ReadLines(SystemFile).Select(ReadLine).OfType<IPAddress>().Take(Most)] : [];

    /// <summary>
    /// Looks into the memory of resolvers: a negative answer comes with the SOA of the parent, whose TTL counts down to its end
    /// (RFC 2308 section 5). Of several the longest; null when none remembers it so.
    /// </summary>
    public static async Task<Recollection?> AskAsync(IEnumerable<IPAddress> resolvers, DomainName domain, Func<IPAddress, DomainName, RecordType, CancellationToken, Task<DnsReply?>> ask, CancellationToken stop)
    {
        var said = await Task.WhenAll(resolvers.Select(async resolver => Read(resolver, domain, await ask(resolver, domain, RecordType.Ns, stop))));
        return said.OfType<Recollection>().MaxBy(it => it.Seconds);
    }

    private static Recollection? Read(IPAddress resolver, DomainName domain, DnsReply? reply)
    {
        if (reply is not { Code: DnsReply.NoError or DnsReply.NameError } || reply.Answers.Any(record => record.Type == RecordType.Ns && record.Owner == domain)) return null;
        return reply.Authority.FirstOrDefault(record => record.Type == RecordType.Soa) is { Minimum: > 0 } soa ? new Recollection(resolver, soa.Minimum) : null;
    }

    private static IPAddress? ReadLine(string line) =>
        line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var parsed) ? parsed : null;
}

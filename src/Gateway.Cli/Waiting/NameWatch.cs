using System.Net;
using System.Security.Cryptography;
using Gateway.Cli.Doctor;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;

namespace Gateway.Cli.Waiting;

/// <summary>Asks the gateway's own name servers, never a cache, whether they answer a name. Each of them has to.</summary>
internal sealed class NameWatch(Asker asker, IReadOnlyList<IPEndPoint> servers)
{
    /// <summary>Whether the servers answer for a zone.</summary>
    public Task<Sighting> ZoneAsync(DomainName zone, CancellationToken stop) =>
        EachAsync(zone, [RecordType.Soa], records => records.Any(record => record.Type == RecordType.Soa && record.Owner == zone) ? Sighting.Up : Missing(zone), stop);

    /// <summary>Whether the servers give a name all these addresses.</summary>
    public Task<Sighting> AddressesAsync(DomainName name, IReadOnlyCollection<IPAddress> wanted, CancellationToken stop) =>
        EachAsync(name, [RecordType.A, RecordType.Aaaa], records => Compare(name, AddressesOf(records), wanted), stop);

    /// <summary>The addresses that the servers give a host. Those of a host outside all zones of the gateway are asked of this machine's resolver.</summary>
    public async Task<(Sighting Sighting, IReadOnlyList<IPAddress> Addresses)> FindAsync(DomainName host, CancellationToken stop)
    {
        var found = new HashSet<IPAddress>();
        var sighting = await EachAsync(host, [RecordType.A, RecordType.Aaaa], records =>
        {
            found.UnionWith(AddressesOf(records));
            return found.Count > 0 ? Sighting.Up : Missing(host);
        }, stop);
        return sighting.Reason == Refused(host).Reason ? await ElsewhereAsync(host, stop) : (sighting, [.. found]);
    }

    private static async Task<(Sighting, IReadOnlyList<IPAddress>)> ElsewhereAsync(DomainName host, CancellationToken stop)
    {
        var addresses = await HostAddresses.OfAsync(host.ToString(), stop);
        return (addresses.Count > 0 ? Sighting.Up : Missing(host), addresses);
    }

    private async Task<Sighting> EachAsync(DomainName name, RecordType[] types, Func<IReadOnlyList<DnsRecord>, Sighting> judge, CancellationToken stop)
    {
        var (asked, last) = (0, new Sighting("name_server_silent", "This machine has no way to any name server of the gateway; look at its network, or name one with --nameserver."));
        foreach (var server in servers)
        {
            if (await LookAsync(server, name, types, judge, stop) is not { } seen) continue;
            (asked, last) = (asked + 1, seen);
            if (!seen.IsUp) return seen;
        }

        return asked > 0 ? Sighting.Up : last;
    }

    // Null when this machine has no way to the server, which says nothing about it.
    private async Task<Sighting?> LookAsync(IPEndPoint server, DomainName name, RecordType[] types, Func<IReadOnlyList<DnsRecord>, Sighting> judge, CancellationToken stop)
    {
        var records = new List<DnsRecord>();
        foreach (var type in types)
        {
            var (hearing, reply) = await asker.AskAsync(server, new DnsQuestion(name, type).ForServer((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1)), tcp: false, stop);
            if (hearing is Hearing.NoWay) return null;
            if (reply is null) return new Sighting("name_server_silent", $"The gateway's name server {server} does not answer; is the node running, and port {server.Port} open for UDP?");
            if (reply.Code == DnsReply.Refused || (reply.Code == DnsReply.NoError && !reply.IsAuthoritative)) return Refused(name);
            if (reply.Code is not (DnsReply.NoError or DnsReply.NameError)) return new Sighting("name_server_fails", $"The gateway's name server {server} cannot answer {name} at present (code {reply.Code}).");
            records.AddRange(reply.Answers);
        }

        return judge(records);
    }

    private static Sighting Compare(DomainName name, HashSet<IPAddress> given, IReadOnlyCollection<IPAddress> wanted)
    {
        if (given.Count == 0 && wanted.Count > 0) return Missing(name);
        var lacking = wanted.Except(given).ToList();
        return lacking.Count == 0 ? Sighting.Up : new Sighting("name_differs", $"The gateway's name servers answer {name} without {string.Join(", ", lacking)}.");
    }

    private static Sighting Missing(DomainName name) =>
        new("name_missing", $"{name} has no address: reserve it with 'gateway reserve subdomain {name} --ip …', or give it one in its own zone.");

    private static Sighting Refused(DomainName name) =>
        new("name_refused", $"The gateway's name servers do not serve a zone with {name}: it is not delegated to this gateway.");

    private static HashSet<IPAddress> AddressesOf(IEnumerable<DnsRecord> records) => [.. records.Select(record => record.Address).OfType<IPAddress>()];
}

using System.Collections.Concurrent;
using System.Net;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;

namespace Gateway.Cli.Doctor;

/// <summary>
/// Finds out how a domain is delegated and served: from the root down to the parent, then each address of each name server, by UDP
/// and TCP. It asks the servers themselves and never a cache.
/// </summary>
internal sealed class Examination(IReadOnlyList<IPAddress> roots, AskServer ask)
{
    private const RecordType Dnskey = (RecordType)48;

    /* No delegation is deeper, and a loop of them must end. */
    private const int MostSteps = 16;
    private const int MostDepth = 4;

    /* Servers asked at once for one step: the first that answers counts. */
    private const int Few = 3;

    /* Of a delegation with more servers or addresses than anybody needs, the first. */
    private const int MostServers = 26;

    private readonly ConcurrentDictionary<DomainName, Task<IReadOnlyList<IPAddress>>> _addresses = new();

    /// <summary>Finds out everything.</summary>
    /// <param name="domain">Not the root.</param>
    /// <param name="expected">The gateway's name servers; may be empty.</param>
    public async Task<Findings> RunAsync(DomainName domain, IReadOnlyList<DomainName> expected, CancellationToken stop)
    {
        var (parent, servers, reply) = await DescendAsync(domain, RecordType.Ns, domain, 0, stop);
        if (reply is not null && NamesOf(domain, reply).Count == 0) reply = await FirstDelegatingAsync(domain, servers, stop) ?? reply;
        var findings = Hear(domain, parent, reply) with { Expected = expected };
        if (findings.Word != ParentWord.Delegates) return findings;
        findings = findings with { Dissenting = await DissentAsync(domain, servers, findings.NameServers, stop), Signers = await SignersAsync(domain, servers, reply!, stop) };
        return await VisitServersAsync(findings, stop);
    }

    // The parent's server that was fastest may be the one that has not heard of the delegation yet.
    private async Task<DnsReply?> FirstDelegatingAsync(DomainName domain, IReadOnlyList<IPAddress> servers, CancellationToken stop)
    {
        var said = await Task.WhenAll(servers.Take(MostServers).Select(async server => (await ask(server, domain, RecordType.Ns, false, stop)).Reply));
        return Array.Find(said, reply => reply is { Code: DnsReply.NoError } && NamesOf(domain, reply).Count > 0);
    }

    private static Findings Hear(DomainName domain, DomainName parent, DnsReply? reply)
    {
        if (reply is null) return new Findings(domain, parent, ParentWord.Silent);
        if (reply.Code == DnsReply.NameError) return new Findings(domain, parent, ParentWord.DoesNotExist) { NegativeSeconds = Negative(reply) };
        if (reply.Code != DnsReply.NoError) return new Findings(domain, parent, ParentWord.Failing);
        if (reply.Answers.Any(record => record.Type == RecordType.Cname && record.Owner == domain)) return new Findings(domain, parent, ParentWord.Alias);
        var names = NamesOf(domain, reply);
        if (names.Count == 0) return new Findings(domain, parent, ParentWord.NotDelegated) { NegativeSeconds = Negative(reply) };
        return new Findings(domain, parent, ParentWord.Delegates) { NameServers = names, Glue = GlueOf(names, reply) };
    }

    private async Task<Findings> VisitServersAsync(Findings findings, CancellationToken stop)
    {
        var places = await Task.WhenAll(findings.NameServers.Select(async name => (Name: name, Addresses: await PlacesAsync(name, findings, stop))));
        var known = places.SelectMany(place => place.Addresses.Select(address => (place.Name, Address: address))).Take(MostServers).ToList();
        var servers = await Task.WhenAll(known.Select(place => ExamineAsync(findings.Domain, place.Name, place.Address, stop)));
        var aliases = await Task.WhenAll(findings.NameServers.Where(name => !name.IsAtOrUnder(findings.Domain)).Select(async name => (Name: name, IsAlias: await IsAliasAsync(name, stop))));
        findings = findings with
        {
            Servers = servers,
            Addressless = [.. places.Where(place => place.Addresses.Count == 0).Select(place => place.Name)],
            Aliases = [.. aliases.Where(it => it.IsAlias).Select(it => it.Name)],
        };
        return servers.FirstOrDefault(server => server.Udp == Standing.Good || server.Tcp == Standing.Good) is { } good ? await AskGoodAsync(findings, good, stop) : findings;
    }

    // A server's glue is what resolvers use; without it, the name is looked up as they do.
    private async Task<IReadOnlyList<IPAddress>> PlacesAsync(DomainName name, Findings findings, CancellationToken stop) =>
        findings.Glue.TryGetValue(name, out var glue) ? glue : name.IsAtOrUnder(findings.Domain) ? [] : await AddressesAsync(name, 0, stop);

    private async Task<Findings> AskGoodAsync(Findings findings, ServerFinding good, CancellationToken stop)
    {
        var tcp = good.Udp != Standing.Good;
        var apex = AskGood(findings.Domain, RecordType.Cname);
        var caa = AskGood(findings.Domain, RecordType.Caa);
        var key = AskGood(findings.Domain, Dnskey);
        var own = findings.NameServers.Where(name => name.IsAtOrUnder(findings.Domain)).Select(async name => (Name: name, V4: await AskGood(name, RecordType.A), V6: await AskGood(name, RecordType.Aaaa))).ToList();
        var addresses = await Task.WhenAll(own);
        return findings with
        {
            ApexIsAlias = Holds(await apex, RecordType.Cname, findings.Domain).Any(),
            CaaForbids = Forbids([.. Holds(await caa, RecordType.Caa, findings.Domain)]),
            Keys = [.. Holds(await key, Dnskey, findings.Domain).Select(record => record.Data)],
            OwnAddresses = addresses.ToDictionary(it => it.Name, it => (IReadOnlyList<IPAddress>)[.. Holds(it.V4, RecordType.A, it.Name).Concat(Holds(it.V6, RecordType.Aaaa, it.Name)).Select(record => record.Address!)]),
        };

        async Task<DnsReply?> AskGood(DomainName name, RecordType type) => (await ask(good.Address, name, type, tcp, stop)).Reply;
    }

    private async Task<ServerFinding> ExamineAsync(DomainName domain, DomainName name, IPAddress address, CancellationToken stop)
    {
        var udp = ask(address, domain, RecordType.Soa, false, stop);
        var tcp = ask(address, domain, RecordType.Soa, true, stop);
        var names = ask(address, domain, RecordType.Ns, false, stop);
        var (overUdp, overTcp) = (await udp, await tcp);
        var soa = Holds(overUdp.Reply ?? overTcp.Reply, RecordType.Soa, domain).FirstOrDefault();
        var own = Holds((await names).Reply, RecordType.Ns, domain).Select(record => record.Name);
        return new ServerFinding(name, address, Judge(domain, overUdp), Judge(domain, overTcp), soa is { Data.Length: >= 20 } ? Serial(soa.Data) : 0, [.. own.Order()]);
    }

    private static Standing Judge(DomainName domain, (Hearing Hearing, DnsReply? Reply) heard) => heard switch
    {
        { Hearing: Hearing.NoWay } => Standing.NotAsked,
        { Reply: null } => Standing.Silent,
        { Reply.Code: DnsReply.Refused } => Standing.Refused,
        { Reply.Code: not (DnsReply.NoError or DnsReply.NameError) } => Standing.Fails,
        { Reply: { IsAuthoritative: true, Code: DnsReply.NoError } reply } when Holds(reply, RecordType.Soa, domain).Any() || Holds(reply, RecordType.Cname, domain).Any() => Standing.Good,
        _ => Standing.NotAuthoritative,
    };

    /// <summary>From the roots towards a name, until a server answers for it, or delegates <paramref name="until"/>.</summary>
    private async Task<(DomainName Zone, IReadOnlyList<IPAddress> Servers, DnsReply? Reply)> DescendAsync(DomainName name, RecordType type, DomainName until, int depth, CancellationToken stop)
    {
        var (zone, servers) = (DomainName.Root, roots);
        DnsReply? reply = null;
        for (var step = 0; step < MostSteps; step++)
        {
            reply = await FirstAsync(servers, name, type, stop);
            if (reply is null || CutOf(reply, zone, name) is not { } cut || cut == until) break;
            var names = NamesOf(cut, reply);
            var next = GlueOf(names, reply).Values.SelectMany(addresses => addresses).ToList();
            foreach (var server in names.Where(_ => next.Count == 0 && depth < MostDepth)) next.AddRange(await AddressesAsync(server, depth + 1, stop));
            (zone, servers) = (cut, next);
        }

        return (zone, servers, reply);
    }

    private Task<IReadOnlyList<IPAddress>> AddressesAsync(DomainName name, int depth, CancellationToken stop) => _addresses.GetOrAdd(name, _ => LookUpAsync(name, depth, stop));

    private async Task<IReadOnlyList<IPAddress>> LookUpAsync(DomainName name, int depth, CancellationToken stop)
    {
        var found = await Task.WhenAll(new[] { RecordType.A, RecordType.Aaaa }.Select(async type => (await DescendAsync(name, type, DomainName.Root, depth, stop)).Reply));
        return [.. found.Where(reply => reply is not null).SelectMany(reply => reply!.Answers).Select(record => record.Address).OfType<IPAddress>()];
    }

    private async Task<bool> IsAliasAsync(DomainName name, CancellationToken stop) =>
        Holds((await DescendAsync(name, RecordType.A, DomainName.Root, 0, stop)).Reply, RecordType.Cname, name).Any();

    private async Task<DnsReply?> FirstAsync(IReadOnlyList<IPAddress> servers, DomainName name, RecordType type, CancellationToken stop)
    {
        foreach (var some in servers.Take(MostServers).Chunk(Few))
        {
            var asked = some.Select(server => ask(server, name, type, false, stop)).ToList();
            DnsReply? failing = null;
            await foreach (var done in Task.WhenEach(asked))
            {
                if ((await done).Reply is not { } reply) continue;
                if (reply.Code is DnsReply.NoError or DnsReply.NameError) return reply;
                failing = reply;
            }

            if (failing is not null) return failing;
        }

        return null;
    }

    private async Task<IReadOnlyList<IPAddress>> DissentAsync(DomainName domain, IReadOnlyList<IPAddress> servers, IReadOnlyList<DomainName> names, CancellationToken stop)
    {
        var said = await Task.WhenAll(servers.Take(MostServers).Select(async server => (Server: server, (await ask(server, domain, RecordType.Ns, false, stop)).Reply)));
        return [.. said.Where(it => it.Reply is { Code: DnsReply.NoError or DnsReply.NameError } reply && !NamesOf(domain, reply).SequenceEqual(names)).Select(it => it.Server)];
    }

    // Asked for itself: a referral brings it only to those who want to validate.
    private async Task<IReadOnlyList<byte[]>> SignersAsync(DomainName domain, IReadOnlyList<IPAddress> servers, DnsReply referral, CancellationToken stop)
    {
        var signers = referral.Authority.Where(record => record.Type == RecordType.Ds && record.Owner == domain).ToList();
        if (signers.Count == 0) signers = [.. Holds(await FirstAsync(servers, domain, RecordType.Ds, stop), RecordType.Ds, domain)];
        return [.. signers.Select(record => record.Data)];
    }

    /// <summary>The zone that a reply refers to: below where we are, at or above the name. Null for an answer.</summary>
    private static DomainName? CutOf(DnsReply reply, DomainName zone, DomainName name) => reply is { IsAuthoritative: false, Code: DnsReply.NoError, Answers.Count: 0 }
        ? reply.Authority.Where(record => record.Type == RecordType.Ns && record.Owner.IsUnder(zone) && name.IsAtOrUnder(record.Owner)).Select(record => (DomainName?)record.Owner).FirstOrDefault()
        : null;

    private static List<DomainName> NamesOf(DomainName zone, DnsReply reply) =>
        [.. reply.Answers.Concat(reply.Authority).Where(record => record.Type == RecordType.Ns && record.Owner == zone).Select(record => record.Name).Distinct().Order()];

    private static Dictionary<DomainName, IReadOnlyList<IPAddress>> GlueOf(IEnumerable<DomainName> names, DnsReply reply) =>
        reply.Additional.Where(record => record.Address is not null && names.Contains(record.Owner)).GroupBy(record => record.Owner, record => record.Address!)
            .ToDictionary(group => group.Key, group => (IReadOnlyList<IPAddress>)[.. group.Distinct()]);

    private static IEnumerable<DnsRecord> Holds(DnsReply? reply, RecordType type, DomainName owner) => reply?.Answers.Where(record => record.Type == type && record.Owner == owner) ?? [];

    private static uint Negative(DnsReply reply) => reply.Authority.Where(record => record.Type == RecordType.Soa).Select(record => record.Minimum).FirstOrDefault();

    // RFC 8659 section 4.2: one issue property whose value is only a semicolon, and none that names somebody.
    private static bool Forbids(IReadOnlyList<DnsRecord> caa)
    {
        var issuers = caa.Select(record => ReadIssue(record.Data)).Where(value => value is not null).ToList();
        return issuers.Count > 0 && issuers.TrueForAll(value => value!.Split(';')[0].Trim().Length == 0);
    }

    private static string? ReadIssue(byte[] data)
    {
        var tag = data.Length > 2 ? data[1] : 0;
        return tag > 0 && data.Length >= 2 + tag && System.Text.Encoding.ASCII.GetString(data, 2, tag).Equals("issue", StringComparison.OrdinalIgnoreCase)
            ? System.Text.Encoding.ASCII.GetString(data, 2 + tag, data.Length - 2 - tag)
            : null;
    }

    // The five numbers end a SOA; the serial is the first.
    private static uint Serial(byte[] soa) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(soa.AsSpan(soa.Length - 20));
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Replies;
using Gateway.Reconciler.Planning;
using Gateway.Transport.Questions;

namespace Gateway.Reconciler.Proving;

/// <summary>
/// Asks the DNS whether hosts outside the managed domains belong to those who reserve them: the world finds the user's domain that the
/// host lies in at this gateway, or the host's addresses are this gateway's, or it is an alias of one of the gateway's names, or a TXT
/// record below it names the user.
/// </summary>
internal sealed class HostProofs(ReconciledNode node, StubResolver resolver, TimeProvider time)
{
    /// <summary>Questions at once; a resolver that is asked more at once drops them.</summary>
    private const int AtOnce = 16;

    /// <summary>While no resolver answers, one question in this time is enough.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private static readonly HostProof.Unavailable NoResolver = new("no resolver answers, so nobody can say whose the host is: the gateway asks again");

    private static readonly HostProof.Unavailable Fails = new("the DNS of the host fails at present, so nobody can say whose it is: the gateway asks again");

    private static readonly DnsReply Nothing = new(DnsReply.NoError, false, false, [], [], []);

    private DateTimeOffset _silentUntil;

    /// <summary>The proofs of these reservations, by reservation id.</summary>
    public async Task<IReadOnlyDictionary<string, HostProof>> ByReservationAsync(IReadOnlyList<ProofQuestion> questions, CancellationToken stop) =>
        (await ReadAsync(questions, stop)).ToDictionary(it => it.Asked.Id, it => it.Said);

    /// <summary>What the DNS says now of hosts that were proven before.</summary>
    public async Task<IReadOnlyList<ProofFinding>> FindAsync(IReadOnlyList<ProofQuestion> questions, CancellationToken stop) =>
        [.. (await ReadAsync(questions, stop)).Select(it => new ProofFinding(it.Asked.Host, it.Asked.User, it.Said))];

    private async Task<IEnumerable<(ProofQuestion Asked, HostProof Said)>> ReadAsync(IReadOnlyList<ProofQuestion> questions, CancellationToken stop)
    {
        var said = new ConcurrentQueue<(ProofQuestion, HostProof)>();
        var owners = new OwnerProofs(node.Identity.Id, resolver);
        var bounds = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop };
        await Parallel.ForEachAsync(questions, bounds, async (it, end) => said.Enqueue((it, await ReadAsync(it, owners, end))));
        return said;
    }

    private async Task<HostProof> ReadAsync(ProofQuestion asked, OwnerProofs owners, CancellationToken stop)
    {
        if (time.GetUtcNow() < _silentUntil) return NoResolver;
        if (asked.Holder is { } holder) return await ReadDomainAsync(asked, asked.Zone!.Value, holder, owners, stop);
        if (asked.Zone is not { } zone) return await ReadAsync(asked.User, asked.Host, stop);
        var isShown = await owners.IsShownAsync(zone, asked.User.ToString(CultureInfo.InvariantCulture), stop);
        if (isShown is true) return new HostProof.Given(NamesUser: true);
        var ofHost = await ReadAsync(asked.User, asked.Host, stop);
        if (ofHost is not HostProof.Missing) return ofHost;
        return isShown is null ? Fails : new HostProof.Missing(Advice(asked.Host, zone, ProofToken.For(node.Identity.Id, asked.User, asked.Host)));
    }

    /// <summary>
    /// A domain that another user delegated here goes to the user whom its own DNS names. Once the world finds it here, its DNS is this
    /// gateway, which names nobody: so nobody takes a domain from the one who has brought it here.
    /// </summary>
    private async Task<HostProof> ReadDomainAsync(ProofQuestion asked, DomainName zone, string holder, OwnerProofs owners, CancellationToken stop)
    {
        var token = ProofToken.For(node.Identity.Id, asked.User, asked.Host);
        var isHolders = await owners.IsShownAsync(zone, holder, stop);
        if (await TextsAsync(asked.Host, stop) is not { } said) return Silent();
        if (isHolders is null || StubResolver.IsFault(said)) return Fails;
        var texts = said.Answers.Select(record => record.Text).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var isNamed = texts.Contains(token) && !(long.TryParse(holder, CultureInfo.InvariantCulture, out var other) && texts.Contains(ProofToken.For(node.Identity.Id, other, asked.Host)));
        return isNamed && isHolders is false
            ? new HostProof.Given(NamesUser: true)
            : new HostProof.Missing($"if it is yours, {ByRecord(asked.Host, token)} while other name servers than this gateway's still answer for it, and reserve again");
    }

    private async Task<HostProof> ReadAsync(long user, DomainName host, CancellationToken stop)
    {
        var token = ProofToken.For(node.Identity.Id, user, host);
        var said = await Task.WhenAll(TextsAsync(host, stop), AskAsync(host, RecordType.A, stop), AskAsync(host, RecordType.Aaaa, stop));
        if (said.OfType<DnsReply>().Any(reply => reply.Answers.Any(record => record.Text == token))) return new HostProof.Given(NamesUser: true);
        var points = new HostProof.Given(NamesUser: false, ByRecord(host, token));
        if (said.Any(reply => reply is null)) return Silent();
        if (said.Any(reply => StubResolver.IsFault(reply!))) return Fails;
        if (said[1..].Any(reply => reply!.Answers.Any(record => record.Type == RecordType.Cname && node.OwnNames.Contains(record.Name)))) return points;
        var addresses = said[1..].SelectMany(reply => AddressesOf(reply!)).ToList();
        if (addresses.Count == 0) return new HostProof.Missing(Advice(host, token));
        if (await OwnAddressesAsync(stop) is not { } own) return NoResolver;
        return own.IsSupersetOf(addresses) ? points : new HostProof.Missing(Advice(host, token));
    }

    private HostProof.Unavailable Silent()
    {
        _silentUntil = time.GetUtcNow() + Silence;
        return NoResolver;
    }

    private async Task<DnsReply?> TextsAsync(DomainName host, CancellationToken stop) =>
        ProofToken.TryPlaceOf(host, out var place) ? await AskAsync(place, RecordType.Txt, stop) : Nothing;

    private Task<DnsReply?> AskAsync(DomainName name, RecordType type, CancellationToken stop) => resolver.AskAsync(name, type, stop);

    // Null when nobody says what they are.
    private async Task<HashSet<IPAddress>?> OwnAddressesAsync(CancellationToken stop)
    {
        var said = await Task.WhenAll(node.OwnNames.SelectMany(name => new[] { AskAsync(name, RecordType.A, stop), AskAsync(name, RecordType.Aaaa, stop) }));
        if (said.Any(reply => reply is null || StubResolver.IsFault(reply))) return null;
        var own = said.OfType<DnsReply>().SelectMany(AddressesOf).ToHashSet();
        if (IPAddress.TryParse(node.Address, out var address)) own.Add(address);
        return own;
    }

    private static IEnumerable<IPAddress> AddressesOf(DnsReply reply) => reply.Answers.Select(record => record.Address).OfType<IPAddress>();

    private string Advice(DomainName host, DomainName zone, string token)
    {
        var servers = node.NameServers.Count == 0 ? "this gateway's name servers" : string.Join(" and ", node.NameServers.Order());
        return $"'{host}' lies in your domain '{zone}', which the world does not find at this gateway yet: give '{zone}' NS records for {servers} in the zone above it, or {ByRecord(host, token)}; then reserve again";
    }

    private string Advice(DomainName host, string token)
    {
        var names = node.OwnNames.Count == 0 ? "this gateway" : string.Join(" or ", node.OwnNames.Order());
        return $"'{host}' lies in no zone of this gateway: {ByRecord(host, token)}, or let it point to {names}; then reserve again";
    }

    private static string ByRecord(DomainName host, string token) => $"prove that it is yours with the TXT record {ProofToken.Label}.{host} \"{token}\"";
}

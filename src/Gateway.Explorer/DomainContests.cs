using Gateway.Explorer.Storage;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer;

/// <summary>
/// Settles which of several gateways that announce the same managed domain has it: the one whom the DNS names. Where the DNS names none
/// of them, whoever came first keeps it. A domain that nobody else announces is not asked about.
/// </summary>
internal sealed class DomainContests(ExplorerStore store, DomainOwners owners, ExplorerEvents events)
{
    /* A gateway manages a handful, of which none is contested but by accident or malice; each costs a question, which is bounded elsewhere. */
    private const int MostContested = 64;

    /// <summary>What an entry means to others: why it is refused, in one line (null: it is not), and the domains that other gateways lose by it.</summary>
    public async Task<Settlement> SettleAsync(GatewayNode sent, CancellationToken stop)
    {
        var wanted = DomainsOf(sent).ToHashSet();
        if (wanted.Count == 0) return Settlement.Uncontested;
        var known = await store.ReadAllAsync<GatewayNode>(RedisSchema.ExplorerGatewaysKey, stop);
        var own = known.FirstOrDefault(it => it.NodeId == sent.NodeId);
        var contested = known.Where(it => it.NodeId != sent.NodeId).SelectMany(it => DomainsOf(it).Where(wanted.Contains).Select(domain => (Domain: domain, By: it))).ToLookup(it => it.Domain, it => it.By);
        if (contested.Count > MostContested) return Settlement.Refused($"{contested.Count} of the managed domains belong to other gateways");
        var losses = new List<(string NodeId, DomainName Domain)>();
        foreach (var contest in contested)
        {
            if (await owners.OwnerAsync(contest.Key, stop) is not { } answer) return Settlement.NotNow;
            var isOurs = answer.Identity == sent.NodeId || (IsFirst(own, contest.Key, contest) && contest.All(it => it.NodeId != answer.Identity));
            if (!isOurs) return Refuse(sent, contest.Key, contest.MinBy(it => it.Id)!);
            // Two who came at the same moment may both be listed, until one of them comes again.
            losses.AddRange(contest.Select(it => (it.NodeId, contest.Key)));
        }

        return new Settlement(null, losses.ToLookup(it => it.NodeId, it => it.Domain));
    }

    private static bool IsFirst(GatewayNode? own, DomainName domain, IEnumerable<GatewayNode> others) =>
        own is not null && DomainsOf(own).Contains(domain) && others.All(it => it.Id > own.Id);

    private Settlement Refuse(GatewayNode sent, DomainName domain, GatewayNode holder)
    {
        events.DomainRefused(sent.NodeId, domain.ToString(), holder.NodeId);
        return Settlement.Refused($"managed domain '{domain}' is the domain of gateway {holder.NodeId}, unless a TXT record of {RedisSchema.OwnerField}.{domain} names yours");
    }

    /// <summary>The entry without these domains.</summary>
    public static GatewayNode Without(GatewayNode gateway, IEnumerable<DomainName> lost)
    {
        var gone = lost.ToHashSet();
        return gateway with { ManagedDomains = [.. (gateway.ManagedDomains ?? []).Where(it => !DomainName.TryParse(it, out var name) || !gone.Contains(name))] };
    }

    private static IEnumerable<DomainName> DomainsOf(GatewayNode gateway)
    {
        foreach (var domain in gateway.ManagedDomains ?? [])
            if (DomainName.TryParse(domain, out var name)) yield return name;
    }
}

/// <summary>How a contest ended.</summary>
/// <param name="Refusal">Why the entry is not taken, in one line; null when it is.</param>
/// <param name="Losses">By gateway, the domains that it was listed with and loses.</param>
internal sealed record Settlement(string? Refusal, ILookup<string, DomainName> Losses)
{
    /// <summary>Nobody else announces any of the domains.</summary>
    public static readonly Settlement Uncontested = new(null, Array.Empty<(string NodeId, DomainName Domain)>().ToLookup(it => it.NodeId, it => it.Domain));

    /// <summary>It cannot be told now.</summary>
    public static readonly Settlement NotNow = Uncontested with { IsLater = true };

    /// <summary>True when nothing is settled, because too much is asked at the moment.</summary>
    public bool IsLater { get; init; }

    /// <summary>Not taken.</summary>
    public static Settlement Refused(string refusal) => Uncontested with { Refusal = refusal };
}

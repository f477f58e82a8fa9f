using Gateway.UnitTests.Dns;

namespace Gateway.IntegrationTests.Dns.Secondaries;

/// <summary>What of an answer is compared. The order of records is not, for it has no meaning (RFC 2181 section 5).</summary>
/// <param name="Head">Code and flags.</param>
/// <param name="Answer">Records of the answer section.</param>
/// <param name="Authority">Records of the authority section.</param>
internal sealed record Compared(string Head, IReadOnlyList<string> Answer, IReadOnlyList<string> Authority)
{
    public static Compared Of(Reply reply) =>
        new($"{reply.Rcode} {(reply.Authoritative ? "AA" : "-")} {(reply.Truncated ? "TC" : "-")} {(reply.Flags & 0x01B0):X}", Sorted(reply.Answer), Sorted(reply.Authority));

    public Compared Each(Func<string, string> change) => this with { Answer = Sorted(Answer.Select(change)), Authority = Sorted(Authority.Select(change)) };

    public override string ToString() => $"{Head}\n{string.Join('\n', Answer)}\n--\n{string.Join('\n', Authority)}";

    private static List<string> Sorted(IEnumerable<string> records) => [.. records.Order(StringComparer.Ordinal)];
}

/// <summary>Something in which NSD and ours differ for a good reason.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Without">An answer without that in which they differ.</param>
internal sealed record AcceptedDifference(string Reason, Func<Compared, Compared> Without)
{
    public static IReadOnlyList<AcceptedDifference> All { get; } =
    [
        new("NSD lets names in RDATA point into the question, and so gives them its letter case; ours give them as they are stored. Case has no meaning (RFC 4343).",
            it => it.Each(record => record.ToLowerInvariant())),
        new("NSD adds the zone's NS records to positive answers; ours leave them out, for nobody needs them.",
            it => it with { Authority = [.. it.Authority.Where(record => !record.Contains("zone.example. 300 NS ", StringComparison.OrdinalIgnoreCase) || !record.StartsWith("zone", StringComparison.OrdinalIgnoreCase))] }),
        new("NSD refers with DS records only from a signed zone; ours do for everybody who sets DO.",
            it => it with { Authority = [.. it.Authority.Where(record => !record.Contains(" DS ", StringComparison.OrdinalIgnoreCase))] }),
    ];
}

/// <summary>Many pairs of answers, compared.</summary>
internal sealed class Comparison
{
    private readonly List<AcceptedDifference> _neverMet = [.. AcceptedDifference.All];

    public int Questions { get; private set; }

    /// <summary>Differences that nothing explains; whoever compares adds them.</summary>
    public List<string> Differences { get; } = [];

    /// <summary>Reasons that no pair of answers needed: they hide something, or are out of date.</summary>
    public IEnumerable<string> NeverMet => _neverMet.Select(accepted => accepted.Reason);

    /// <summary>Compares a pair. False when they differ beyond what is accepted.</summary>
    public bool Add(Reply ours, Reply theirs)
    {
        Compared own = Compared.Of(ours), other = Compared.Of(theirs);
        if (!AreEqual(own, other, AcceptedDifference.All)) return false;
        Questions++;
        _neverMet.RemoveAll(reason => !AreEqual(own, other, AcceptedDifference.All.Where(accepted => accepted != reason)));
        return true;
    }

    private static bool AreEqual(Compared own, Compared other, IEnumerable<AcceptedDifference> accepted)
    {
        foreach (var difference in accepted) (own, other) = (difference.Without(own), difference.Without(other));
        return own.Head == other.Head && own.Answer.SequenceEqual(other.Answer) && own.Authority.SequenceEqual(other.Authority);
    }
}

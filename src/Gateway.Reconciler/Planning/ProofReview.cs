using Gateway.Model;
using Gateway.Model.Reservations;

namespace Gateway.Reconciler.Planning;

/// <summary>What the DNS says now of a host that was proven before.</summary>
internal readonly record struct ProofFinding(DomainName Host, long User, HostProof Said);

/// <summary>
/// What follows from looking at proofs again: a proof that is positively gone is noted down, and its host is withdrawn when it is gone
/// for longer than the grace. What could not be looked up changes nothing, and so does what vanished all at once.
/// </summary>
/// <param name="Noted">Proofs to be written, with what stands there now.</param>
/// <param name="Lapsed">Hosts to be withdrawn, with what their users read.</param>
/// <param name="Held">How many are gone for too long, but so many at once that the resolver is to blame; 0 for none.</param>
internal sealed record ProofReview(IReadOnlyList<Change.SetProof> Noted, IReadOnlyDictionary<(DomainName Host, long User), string> Lapsed, int Held)
{
    /* As the shrink guard of what is served: more than ten, and more than a fifth. */
    private const int Few = 10;
    private const int Part = 5;

    /// <summary>Compares what was found with what was noted. Findings about other users' proofs than those that stand are too old, and passed over.</summary>
    public static ProofReview Of(IReadOnlyCollection<ProofFinding> findings, IReadOnlyDictionary<DomainName, Stored<ProvenHost>> proofs, DateTimeOffset now, TimeSpan grace)
    {
        var noted = new List<Change.SetProof>();
        var lapsed = new Dictionary<(DomainName, long), string>();
        foreach (var it in findings)
        {
            if (!proofs.TryGetValue(it.Host, out var stored) || stored.Value is not { } proof || proof.User != it.User) continue;
            if (it.Said is HostProof.Given && proof.Missing is not null) noted.Add(new Change.SetProof(it.Host, proof with { Missing = null }, stored.Raw));
            if (it.Said is not HostProof.Missing gone) continue;
            if (proof.Missing is null) noted.Add(new Change.SetProof(it.Host, proof with { Missing = now }, stored.Raw));
            if (now - (proof.Missing ?? now) >= grace) lapsed[(it.Host, it.User)] = Refusal.Lapsed(it.Host, proof.Missing ?? now, gone.Reason);
        }

        var missing = findings.Count(it => it.Said is HostProof.Missing);
        var isAccident = missing > Few && missing > findings.Count / Part;
        return isAccident ? new ProofReview(noted, new Dictionary<(DomainName, long), string>(), lapsed.Count) : new ProofReview(noted, lapsed, 0);
    }
}

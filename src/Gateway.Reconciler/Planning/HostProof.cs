using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>
/// Whether the DNS shows that a host outside the managed domains is the user's, or a domain that another user delegated here. A reservation
/// without an entry was not asked about yet.
/// </summary>
internal abstract record HostProof
{
    private HostProof()
    {
    }

    /// <summary>It does.</summary>
    /// <param name="NamesUser">True when a TXT record names the user himself, or the world finds his domain at this gateway; false when the host merely leads to this gateway, which does not say whose it is.</param>
    /// <param name="Advice">What to do where a record that names the user is needed.</param>
    public sealed record Given(bool NamesUser = true, string Advice = "") : HostProof;

    /// <summary>It does not; the user is told what would.</summary>
    public sealed record Missing(string Reason) : HostProof;

    /// <summary>Nobody can say at present.</summary>
    public sealed record Unavailable(string Reason) : HostProof;
}

/// <summary>What has to be known before a reservation can be decided.</summary>
/// <param name="Zone">Of a host: the domain of its user that it lies in; null for none. Of a domain: the zone of the other user that it lies in.</param>
/// <param name="Holder">Of a domain: who has that zone here. Null: it is about a host.</param>
internal readonly record struct WantedProof(DomainName? Zone, string? Holder = null);

/// <summary>Who may have the visitors of a host that lies outside the managed domains.</summary>
public enum ForeignHosts
{
    /// <summary>Whoever proves by the DNS that it is his.</summary>
    Proof,

    /// <summary>Whoever asks first.</summary>
    FirstCome,
}

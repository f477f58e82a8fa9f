using Gateway.Model;

namespace Gateway.Reconciler.Proving;

/// <summary>Whether a host, or a domain that another user delegated here, is a user's.</summary>
/// <param name="Host">The host or the domain.</param>
/// <param name="User">The user.</param>
/// <param name="Zone">Of a host: the domain of this user that it lies in; null for none. Of a domain: the zone of the other user that it lies in.</param>
/// <param name="Id">The reservation that wants to know; empty for none.</param>
/// <param name="Holder">Of a domain: who has that zone here. Null: it is about a host.</param>
internal readonly record struct ProofQuestion(DomainName Host, long User, DomainName? Zone, string Id = "", string? Holder = null);

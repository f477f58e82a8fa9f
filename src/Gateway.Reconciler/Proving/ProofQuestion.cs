using Gateway.Model;

namespace Gateway.Reconciler.Proving;

/// <summary>Whether a host is a user's.</summary>
/// <param name="Host">The host.</param>
/// <param name="User">The user.</param>
/// <param name="Zone">The domain of this user that the host lies in; null for none.</param>
/// <param name="Id">The reservation that wants to know; empty for none.</param>
internal readonly record struct ProofQuestion(DomainName Host, long User, DomainName? Zone, string Id = "");

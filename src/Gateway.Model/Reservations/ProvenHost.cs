namespace Gateway.Model.Reservations;

/// <summary>A host outside all zones that its user proved by the DNS, as Redis keeps it (docs/redis-schema.md).</summary>
/// <param name="User">Decimal id of the user who proved it.</param>
/// <param name="Since">When he did.</param>
/// <param name="Missing">Since when the proof is gone; null while it stands.</param>
public sealed record ProvenHost(long User, DateTimeOffset Since, DateTimeOffset? Missing);

namespace Gateway.Model.Reservations;

/// <summary>A user whom the operator froze, as Redis keeps it (docs/redis-schema.md): he keeps what he has, and nothing of it is served.</summary>
/// <param name="Since">When it was done.</param>
/// <param name="Reason">The operator's own note, in one line; empty for none. Visitors do not see it.</param>
public sealed record FrozenUser(DateTimeOffset Since, string Reason);

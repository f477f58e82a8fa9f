using Gateway.Model;
using Gateway.Model.Reservations;

namespace Gateway.Reconciler.Storing;

/// <summary>An entry of the outbox.</summary>
/// <param name="Id">Global workload id.</param>
/// <param name="Entry">What is to be told.</param>
/// <param name="Spelling">As it stands in Redis, where it is spelt in another way than we do; null: as we do.</param>
internal sealed record WaitingReport(string Id, OutboxEntry Entry, string? Spelling = null)
{
    /// <summary>As it stands in Redis.</summary>
    public string Raw => Spelling ?? RedisSchema.EncodeOutbox(Entry);

    /// <summary>An entry that was read from Redis. Its text is kept only where it differs from ours: there may be a hundred thousand of them.</summary>
    public static WaitingReport Read(string id, OutboxEntry entry, string raw) => new(id, entry, raw == RedisSchema.EncodeOutbox(entry) ? null : raw);
}

using Gateway.Store.Guarding;

namespace Gateway.Store;

/// <summary>
/// Tells whether Redis still is what it was: a mark is a place in the change ledger, and where the ledger does not lead over that place
/// any more, Redis was emptied, replaced, or restored from a backup.
/// </summary>
/// <param name="redis">Where the ledger is.</param>
/// <param name="time">The clock of the deadlines.</param>
/// <exception cref="Exception">Every call: see <see cref="RedisFaults.IsRedis"/>.</exception>
public sealed class LedgerHistory(RedisConnection redis, TimeProvider time)
{
    /// <summary>The mark of a ledger in which nothing stands.</summary>
    public static string Nothing { get; } = LedgerPosition.Beginning.Encode();

    /// <summary>The end of the ledger, as one line of text.</summary>
    public async Task<string> MarkAsync(CancellationToken stop) => (await LedgerReading.EndAsync(redis.Commands, time, stop)).Encode();

    /// <summary>True when nothing is known to be lost of what the ledger held up to the mark. A text that is no mark is continued by no ledger.</summary>
    public async Task<bool> ContinuesAsync(string mark, CancellationToken stop) =>
        LedgerPosition.TryDecode(mark, out var position) && await LedgerReading.LeadsOverAsync(redis.Commands, position.Value, time, stop);

    /// <summary>Which places our own writers took away since the mark; null when the ledger does not reach back so far, or does not continue it.</summary>
    public async Task<Departures?> DeletionsSinceAsync(string mark, CancellationToken stop)
    {
        if (!LedgerPosition.TryDecode(mark, out var position) || !await LedgerReading.HoldsAsync(redis.Commands, position.Value, time, stop)) return null;
        return Departures.Of(await LedgerReading.DeletionsSinceAsync(redis.Commands, position.Value, time, stop));
    }
}

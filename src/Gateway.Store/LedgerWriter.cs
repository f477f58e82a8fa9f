using Gateway.Model;
using Gateway.Store.Ledger;
using StackExchange.Redis;

namespace Gateway.Store;

/// <summary>
/// Writes batches to Redis, each as a whole or not at all, with their entries in the change ledger. Redis runs the batch as one
/// script: nobody sees half of it, and no other writer comes between its preconditions and its writes.
/// </summary>
/// <param name="redis">The connection; while it is down every call throws at once.</param>
/// <param name="time">The clock of the deadline.</param>
public sealed class LedgerWriter(RedisConnection redis, TimeProvider time)
{
    /// <summary>The fence of writers that need none, because their preconditions protect them.</summary>
    public const long NoFence = 0;

    /// <summary>Most steps of one batch: all of it is one script, which keeps Redis from everybody else for some tenths of a second at this size.</summary>
    public const int MaxWrites = 16_384;

    // Ten times what the largest batch takes; when Redis is silent for this long the connection is given up as well.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private static readonly RedisKey[] Keys = [RedisSchema.LedgerKey, RedisSchema.LedgerSequenceKey, RedisSchema.FenceKey];

    /// <summary>Checks fence and preconditions, writes in the order given, and enters the changes in the ledger.</summary>
    /// <param name="writes">At most <see cref="MaxWrites"/> steps.</param>
    /// <param name="fence">The number taken with <see cref="TakeFenceAsync"/>, or <see cref="NoFence"/>.</param>
    /// <param name="stop">Ends the wait, not the script: what became of it is unknown then.</param>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>: Redis is away (nothing written), refused (nothing written), or did not answer (unknown; the same batch with its preconditions may be sent again).</exception>
    public async Task<WriteOutcome> WriteAsync(IReadOnlyList<LedgerWrite> writes, long fence, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(writes.Count, MaxWrites);
        ArgumentOutOfRangeException.ThrowIfNegative(fence);
        var answer = await redis.Database
            .ScriptEvaluateAsync(LedgerScript.Text, Keys, LedgerScript.Arguments(writes, fence), CommandFlags.NoScriptCache)
            .WaitAsync(Deadline, time, stop);
        return LedgerScript.Outcome((RedisResult[])answer!);
    }

    /// <summary>Takes the next fencing number, 1 or more: every writer that holds a lower one is refused from now on.</summary>
    public async Task<long> TakeFenceAsync(CancellationToken stop) =>
        await redis.Database.StringIncrementAsync(RedisSchema.FenceKey).WaitAsync(Deadline, time, stop);
}

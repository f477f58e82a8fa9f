using Gateway.Model;
using Gateway.Store.Ledger;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Store;

/// <summary>
/// Writes batches to Redis, each as a whole or not at all, with their entries in the change ledger. Redis runs the batch as one
/// script: nobody sees half of it, and no other writer comes between its preconditions and its writes.
/// </summary>
/// <param name="redis">The connection; while it is down every call throws at once.</param>
/// <param name="time">The clock of the deadline.</param>
/// <param name="log">Takes what was found damaged and was mended; null: nobody wants to know.</param>
public sealed partial class LedgerWriter(RedisConnection redis, TimeProvider time, ILogger? log = null)
{
    /// <summary>The fence of writers that need none, because their preconditions protect them.</summary>
    public const long NoFence = 0;

    /// <summary>Most steps of one batch: all of it is one script, which keeps Redis from everybody else for some tenths of a second at this size.</summary>
    public const int MaxWrites = 16_384;

    // Ten times what the largest batch takes; when Redis is silent for this long the connection is given up as well.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>Checks fence and preconditions, writes in the order given, and enters the changes in the ledger.</summary>
    /// <param name="writes">At most <see cref="MaxWrites"/> steps.</param>
    /// <param name="fence">The number of a <see cref="WriterLease"/>, or <see cref="NoFence"/>.</param>
    /// <param name="stop">Ends the wait, not the script: what became of it is unknown then.</param>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>: Redis is away (nothing written), refused (nothing written), or did not answer (unknown; the same batch with its preconditions may be sent again).</exception>
    public async Task<WriteOutcome> WriteAsync(IReadOnlyList<LedgerWrite> writes, long fence, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(writes.Count, MaxWrites);
        ArgumentOutOfRangeException.ThrowIfNegative(fence);
        var answer = await redis.Commands
            .ScriptEvaluateAsync(LedgerScript.Text, LedgerMending.Keys, LedgerScript.Arguments(writes, fence), CommandFlags.NoScriptCache)
            .WaitAsync(Deadline, time, stop);
        var outcome = LedgerScript.Outcome((RedisResult[])answer!, writes);
        if (log is not null && outcome is WriteOutcome.Written { Mended: { Count: > 0 } mended }) Mended(log, string.Join("; ", mended));
        return outcome;
    }

    /// <summary>How many ledger entries Redis counted so far; lower than a <see cref="WriteOutcome.Written.Sequence"/> when it lost what was written.</summary>
    public async Task<long> ReadSequenceAsync(CancellationToken stop)
    {
        var counted = await redis.Commands.StringGetAsync(RedisSchema.LedgerSequenceKey).WaitAsync(Deadline, time, stop);
        return counted.TryParse(out long number) ? number : 0;
    }

    [LoggerMessage(1501, LogLevel.Error, "In Redis {Keys}: begun anew. Find out who else writes there")]
    internal static partial void Mended(ILogger log, string keys);
}

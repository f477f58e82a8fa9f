using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Reconciler.Storing;

/// <summary>The ledger in Redis.</summary>
internal sealed class RedisLedger(RedisConnection redis, string instance, TimeProvider time, ILogger log) : ILedger
{
    private readonly WriterLease _lease = new(redis, instance, time, log);
    private readonly LedgerWriter _writer = new(redis, time, log);

    /// <inheritdoc/>
    public event Action? Connected
    {
        add => redis.Connected += value;
        remove => redis.Connected -= value;
    }

    /// <inheritdoc/>
    public Task<LeaseState> TakeLeaseAsync(CancellationToken stop) => _lease.TakeAsync(stop);

    /// <inheritdoc/>
    public Task GiveLeaseBackAsync(CancellationToken stop) => _lease.GiveBackAsync(stop);

    /// <inheritdoc/>
    public Task<WriteOutcome> WriteAsync(IReadOnlyList<LedgerWrite> writes, long fence, CancellationToken stop) => _writer.WriteAsync(writes, fence, stop);

    /// <inheritdoc/>
    public Task<long> ReadSequenceAsync(CancellationToken stop) => _writer.ReadSequenceAsync(stop);
}

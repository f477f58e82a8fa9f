using Gateway.Store;

namespace Gateway.Reconciler.Storing;

/// <summary>Where a reconciler writes: Redis, or what a test puts in its place.</summary>
/// <exception cref="Exception">Every call: see <see cref="RedisFaults.IsRedis"/>. What became of it is unknown then.</exception>
internal interface ILedger
{
    /// <summary>Raised after each connection and reconnection.</summary>
    event Action? Connected;

    /// <inheritdoc cref="WriterLease.TakeAsync"/>
    Task<LeaseState> TakeLeaseAsync(CancellationToken stop);

    /// <inheritdoc cref="WriterLease.GiveBackAsync"/>
    Task GiveLeaseBackAsync(CancellationToken stop);

    /// <inheritdoc cref="LedgerWriter.WriteAsync"/>
    Task<WriteOutcome> WriteAsync(IReadOnlyList<LedgerWrite> writes, long fence, CancellationToken stop);

    /// <inheritdoc cref="LedgerWriter.ReadSequenceAsync"/>
    Task<long> ReadSequenceAsync(CancellationToken stop);
}

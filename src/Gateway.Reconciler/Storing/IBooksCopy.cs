namespace Gateway.Reconciler.Storing;

/// <summary>A copy of the books beside Redis, for the day on which Redis loses them.</summary>
/// <exception cref="Exception">Every call: see <see cref="Store.RedisFaults.IsRedis"/>.</exception>
internal interface IBooksCopy
{
    /// <summary>True when nothing was ever kept: whether Redis lost anything nobody can say then but the explorer.</summary>
    bool IsMissing { get; }

    /// <summary>What the copy holds and Redis has lost: everything when it was emptied or restored, the few reservations that somebody took away by hand else; null when nothing is lost, or when there is no copy.</summary>
    Task<Books?> LostAsync(CancellationToken stop);

    /// <summary>Redis says everything that it should: what it holds from here on is worth a copy.</summary>
    Task SettledAsync(CancellationToken stop);

    /// <summary>Keeps the copy up to date until told to stop.</summary>
    Task RunAsync(CancellationToken stop);
}

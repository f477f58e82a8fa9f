using Gateway.Model;
using Gateway.Model.Reservations;
using Gateway.Reconciler.Planning;

namespace Gateway.Reconciler.Storing;

/// <summary>Where a reconciler reads what stands: Redis, or what a test puts in its place.</summary>
/// <exception cref="Exception">Every call: see <see cref="Store.RedisFaults.IsRedis"/>.</exception>
internal interface IActualReader
{
    /// <summary>The places of a footprint.</summary>
    Task<ActualStateBuilder> ReadAsync(Footprint footprint, CancellationToken stop);

    /// <summary>Everything but the records of zones that nobody here knows.</summary>
    Task<ActualStateBuilder> ReadAllAsync(IEnumerable<DomainName> zones, CancellationToken stop);

    /// <summary>Those of the last <see cref="ReadReservationsAsync"/> that were taken although this gateway did not seal them.</summary>
    IReadOnlyList<UnsealedReservation> Unsealed { get; }

    /// <summary>The reservations of the cache that can be read and are believed, and a line for each that cannot or is not.</summary>
    Task<(List<LiveReservation> Served, List<(string Id, string Fault)> Faults)> ReadReservationsAsync(CancellationToken stop);

    /// <summary>Hosts outside all zones that were proven.</summary>
    Task<IReadOnlyDictionary<DomainName, Stored<ProvenHost>>> ReadProofsAsync(CancellationToken stop);

    /// <summary>The users whom the operator froze, each with the value that says so.</summary>
    Task<IReadOnlyDictionary<long, string>> ReadFrozenAsync(CancellationToken stop);

    /// <summary>Every field of one of the <see cref="Books.Keys"/> as it stands.</summary>
    Task<Dictionary<string, string>> ReadBookAsync(string key, CancellationToken stop);

    /// <summary>The outbox, and a line for each entry that cannot be read.</summary>
    Task<(Dictionary<string, WaitingReport> Entries, List<string> Faults)> ReadOutboxAsync(CancellationToken stop);

    /// <summary>The highest id taken from this explorer; 0 when it was never read.</summary>
    Task<long> ReadCursorAsync(Uri explorer, CancellationToken stop);
}

namespace Gateway.Store;

/// <summary>
/// Keeps a picture of some keys up to date. The feed never calls <see cref="ApplyAsync"/> and <see cref="CompareAsync"/> of
/// one reader at the same time. A call that throws is followed by comparisons, with back-off, until one succeeds; a value that
/// cannot be decoded is the reader's own affair (keep the last good one, count it, log it) and no reason to throw.
/// </summary>
public interface IChangeReader
{
    /// <summary>Short name for log lines and metrics.</summary>
    string Name { get; }

    /// <summary>Whether a change of this key matters. Called for every event, from any thread: quick, and without side effects.</summary>
    bool Concerns(string key);

    /// <summary>Patterns (as PSUBSCRIBE takes them) that together match every key it is concerned by: of other keys the feed need not hear.</summary>
    IReadOnlyList<string> Patterns => ["*"];

    /// <summary>True while it serves entries that Redis has no more (see <see cref="ShrinkGuard"/>): it is asked to compare again soon.</summary>
    bool IsHolding => false;

    /// <summary>False for one that only wants to be woken: it is called also while Redis shows an older state than was seen before.</summary>
    bool Serves => true;

    /// <summary>Reads the current values of the changed places and swaps them in.</summary>
    /// <param name="changes">Each place once, all of them this reader's concern; a key as a whole stands for its fields too.</param>
    /// <param name="stop">Ends the call when the connection is lost or the feed stops.</param>
    Task ApplyAsync(IReadOnlyList<KeyChange> changes, CancellationToken stop);

    /// <summary>Reads everything and swaps in what differs: at the start, after each reconnection, after a gap in the ledger, and every few minutes.</summary>
    Task CompareAsync(CancellationToken stop);
}

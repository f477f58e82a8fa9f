using Gateway.Model;

namespace Gateway.Store;

/// <summary>What became of a batch of writes. Nothing of the batch was written unless it is <see cref="Written"/>.</summary>
public abstract record WriteOutcome
{
    private WriteOutcome() { }

    /// <summary>All of it is in Redis.</summary>
    /// <param name="Sequence">Number of the last ledger entry so far; a reader that has applied it has seen the batch.</param>
    public sealed record Written(long Sequence) : WriteOutcome
    {
        /// <summary>Keys of the ledger that held something else and were begun anew, a line for each, for the log.</summary>
        internal EquatableList<string> Mended { get; init; } = new([]);
    }

    /// <summary>A later writer has taken over: stop, and take a new fence before the next plan.</summary>
    /// <param name="Current">The fence that holds now.</param>
    public sealed record Fenced(long Current) : WriteOutcome;

    /// <summary>Redis holds something else than was expected there.</summary>
    /// <param name="Index">Index in the batch of the first precondition that failed, or of the write that met a key of another type.</param>
    public sealed record Conflict(int Index) : WriteOutcome;
}

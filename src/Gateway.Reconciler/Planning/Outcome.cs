using System.Diagnostics;
using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>What becomes of a reservation.</summary>
internal abstract record Outcome
{
    // Reasons quote what users and explorers wrote, and go into logs and to the user; two longest names and a sentence fit.
    private const int MostReason = 1000;

    private Outcome()
    {
    }

    /// <summary>It is served.</summary>
    public static readonly Outcome Yes = new Accepted();

    /// <summary>Chooses by kind.</summary>
    public T Match<T>(Func<T> accepted, Func<Rejected, T> rejected, Func<Deferred, T> deferred) => this switch
    {
        Accepted => accepted(),
        Rejected it => rejected(it),
        Deferred it => deferred(it),
        _ => throw new UnreachableException(),
    };

    /// <summary>It is served.</summary>
    public sealed record Accepted : Outcome;

    /// <summary>It is not served, and the user is told.</summary>
    /// <param name="Reason">A sentence for the user that says what to do.</param>
    /// <param name="Conflict">True when another reservation stands in its way: once that one is deleted, this one would be accepted.</param>
    public sealed record Rejected(string Reason, bool Conflict = false) : Outcome
    {
        /// <summary>A sentence for the user that says what to do, in one line.</summary>
        public string Reason { get; } = PeerText.OneLine(Reason, MostReason);
    }

    /// <summary>It cannot be decided yet; it is asked again later.</summary>
    /// <param name="Reason">What is missing.</param>
    public sealed record Deferred(string Reason) : Outcome
    {
        /// <summary>What is missing, in one line.</summary>
        public string Reason { get; } = PeerText.OneLine(Reason, MostReason);
    }
}

using System.Diagnostics;
using Gateway.Model.ExplorerApi;

namespace Gateway.ExplorerApi;

/// <summary>What became of a call. A closed set: it was done, it was refused, or nobody can say.</summary>
public abstract record ExplorerOutcome<T>
{
    private ExplorerOutcome()
    {
    }

    /// <summary>Chooses by kind.</summary>
    public TResult Match<TResult>(Func<T, TResult> ok, Func<Refused, TResult> refused, Func<Unreachable, TResult> unreachable) => this switch
    {
        Ok it => ok(it.Value),
        Refused it => refused(it),
        Unreachable it => unreachable(it),
        _ => throw new UnreachableException(),
    };

    /// <summary>The same outcome with another value.</summary>
    public ExplorerOutcome<TOther> Select<TOther>(Func<T, TOther> other) => Match<ExplorerOutcome<TOther>>(
        value => new ExplorerOutcome<TOther>.Ok(other(value)),
        refused => new ExplorerOutcome<TOther>.Refused(refused.Status, refused.Message),
        unreachable => new ExplorerOutcome<TOther>.Unreachable(unreachable.Reason));

    /// <summary>It was done.</summary>
    public sealed record Ok(T Value) : ExplorerOutcome<T>;

    /// <summary>
    /// The server understood and said no: a status from 300 to 599 and one line of text. From 500 on, and for 429, the same call may succeed later.
    /// </summary>
    public sealed record Refused(int Status, string Message) : ExplorerOutcome<T>
    {
        /// <summary>True when the call may succeed later without a change.</summary>
        public bool MayPass => Status is >= 500 or 408 or 429;

        /// <summary>One line for a log or a user.</summary>
        public override string ToString() => $"the explorer refused ({Status}): {Message}";
    }

    /// <summary>No answer, or one that is none: it may or may not have been done, and may succeed later.</summary>
    public sealed record Unreachable(string Reason) : ExplorerOutcome<T>
    {
        /// <summary>One line for a log or a user.</summary>
        public override string ToString() => $"the explorer cannot be reached: {Reason}";
    }
}

/// <summary>The value of a call that answers with nothing.</summary>
public readonly record struct Accepted;

/// <summary>A list as the server gave it, element by element: one that cannot be read does not spoil the others.</summary>
/// <param name="Items">What could be read, in the server's order.</param>
/// <param name="Faults">One for each element that could not.</param>
/// <param name="Pages">How many pages there are in all; 1 when the server does not say.</param>
public sealed record Listing<T>(IReadOnlyList<T> Items, IReadOnlyList<ElementFault> Faults, int Pages);

/// <summary>An element of a list that could not be read.</summary>
/// <param name="Id">Its `id`, when at least that is readable; else 0.</param>
/// <param name="WorkloadId">Its `workload_id`, when readable; else 0.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record ElementFault(long Id, long WorkloadId, string Reason);

/// <summary>One answer to a poll (the reservation API contract, section 1.7).</summary>
/// <param name="Workloads">What could be read, in the server's order; any next action.</param>
/// <param name="Faults">One for each element that could not.</param>
/// <param name="LastId">The X-Last-Id header: the next poll asks from the id after it. 0 when absent.</param>
public sealed record WorkloadPage(IReadOnlyList<Workload> Workloads, IReadOnlyList<ElementFault> Faults, long LastId);

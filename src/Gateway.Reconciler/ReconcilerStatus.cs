using System.Collections.Frozen;
using Gateway.Model;

namespace Gateway.Reconciler;

/// <summary>How the reconciler stands, for health and status pages.</summary>
/// <param name="Served">Reservations that are served.</param>
/// <param name="Waiting">Reports that the explorer has not accepted yet.</param>
/// <param name="Deferred">Reservations that cannot be decided yet, because something that is needed cannot be had.</param>
/// <param name="IsLoaded">True once the reservations in Redis were read and compared.</param>
/// <param name="ExplorerFault">Why the explorer cannot be polled, in one line; null while it can.</param>
/// <param name="StoreFault">Why nothing can be written to Redis, in one line; null while it can.</param>
public sealed record ReconcilerStatus(int Served, int Waiting, int Deferred, bool IsLoaded, string? ExplorerFault, string? StoreFault)
{
    /// <summary>Which other reconciler writes to this Redis while this one stands by; null while this one writes.</summary>
    public string? StandsBehind { get; init; }

    /// <summary>When Redis was last found to have lost what was written to it; null: never since the start.</summary>
    public DateTimeOffset? LostAt { get; init; }

    /// <summary>True while the explorer's directory lists this gateway.</summary>
    public bool IsRegistered { get; init; }

    /// <summary>Managed domains of the options that are not managed, because somebody else holds them, each with who does.</summary>
    public IReadOnlyDictionary<DomainName, string> HeldByOthers { get; init; } = FrozenDictionary<DomainName, string>.Empty;

    /// <summary>Values of the cache of reservations that could not be read at the last comparison, or do not bear this gateway's seal. They are not believed.</summary>
    public int Unreadable { get; init; }

    /// <summary>Reservations that the explorer did not list at the last comparison, and has not answered for one by one yet. They stay as they are.</summary>
    public int Unconfirmed { get; init; }

    /// <summary>Why it did not answer for the last of those it was asked about, in one line; null when it did, or nothing was to be asked.</summary>
    public string? EnquiryFault { get; init; }

    /// <summary>When everything was last compared, and the explorer had told of every reservation; null: not since the start.</summary>
    public DateTimeOffset? ComparedAt { get; init; }
}

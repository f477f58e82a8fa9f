using System.Collections.Frozen;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Records;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;

namespace Gateway.Reconciler.Planning;

/// <summary>Where a name's records stand.</summary>
internal readonly record struct FieldAt(DomainName Zone, DomainName Name);

/// <summary>A value as it stands in Redis.</summary>
/// <param name="Raw">The text itself, so that a write can insist that nobody changed it meanwhile.</param>
/// <param name="Value">What it says; the default when it cannot be decoded.</param>
/// <param name="IsReadable">False when it cannot be decoded.</param>
internal sealed record Stored<T>(string Raw, T? Value, bool IsReadable);

/// <summary>What stands in Redis, or the slice of it that concerns some names. A key that is not in a map is not in Redis.</summary>
internal sealed record ActualState
{
    public IReadOnlyDictionary<DomainName, Stored<string>> ZoneOwners { get; init; } = FrozenDictionary<DomainName, Stored<string>>.Empty;

    public IReadOnlyDictionary<DomainName, Stored<string>> NameOwners { get; init; } = FrozenDictionary<DomainName, Stored<string>>.Empty;

    public IReadOnlyDictionary<FieldAt, Stored<IReadOnlyList<ResourceRecord>>> Records { get; init; } = FrozenDictionary<FieldAt, Stored<IReadOnlyList<ResourceRecord>>>.Empty;

    public IReadOnlyDictionary<DomainName, Stored<Route>> Routes { get; init; } = FrozenDictionary<DomainName, Stored<Route>>.Empty;

    /// <summary>Names that were given up and rest.</summary>
    public IReadOnlyDictionary<DomainName, Stored<NameRest>> Resting { get; init; } = FrozenDictionary<DomainName, Stored<NameRest>>.Empty;

    /// <summary>Hosts outside all zones that were proven.</summary>
    public IReadOnlyDictionary<DomainName, Stored<ProvenHost>> Proofs { get; init; } = FrozenDictionary<DomainName, Stored<ProvenHost>>.Empty;

    /// <summary>The reservations whose effects were written, by id.</summary>
    public IReadOnlyDictionary<string, LiveReservation> Applied { get; init; } = FrozenDictionary<string, LiveReservation>.Empty;

    /// <summary>What waits to be told to the explorer, by reservation id.</summary>
    public IReadOnlyDictionary<string, PendingReport> Outbox { get; init; } = FrozenDictionary<string, PendingReport>.Empty;
}

/// <summary>What the explorer has to be told of a reservation.</summary>
/// <param name="HasResult">A result is put first.</param>
/// <param name="IsOk">The result's state.</param>
/// <param name="Message">The result's error.</param>
/// <param name="Delete">Then the reservation is reported as deleted.</param>
internal readonly record struct PendingReport(bool HasResult, bool IsOk, string Message, bool Delete)
{
    public static readonly PendingReport Ok = new(HasResult: true, IsOk: true, "", Delete: false);

    public static readonly PendingReport Deleted = new(HasResult: false, IsOk: false, "", Delete: true);

    /// <summary>As the outbox in Redis keeps it.</summary>
    public static PendingReport From(OutboxEntry entry) => new(entry.State is not null, entry.State == (int)ResultState.Ok, entry.Message, entry.Delete);

    /// <summary>An error, then the deletion: the reservation leaves the explorer's queue and shows the error.</summary>
    public static PendingReport Failed(string message) => new(HasResult: true, IsOk: false, message, Delete: true);
}

using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;

namespace Gateway.Reconciler.Planning;

/// <summary>
/// One difference between what is wanted and what stands. `Was` is the raw value that the change replaces, null for none: the
/// write insists on it, so that what an operator typed meanwhile is never lost.
/// </summary>
internal abstract record Change
{
    private Change()
    {
    }

    public sealed record SetZoneOwner(DomainName Zone, string Owner, string? Was) : Change;

    public sealed record DropZoneOwner(DomainName Zone, string Was) : Change;

    /// <summary>The zone's whole hash goes: its owner left, or another one begins with nothing.</summary>
    public sealed record PurgeZone(DomainName Zone) : Change;

    /// <param name="Certain">False when the zone is purged in the same plan, so that no value can be insisted on.</param>
    public sealed record SetRecords(FieldAt At, EquatableList<ResourceRecord> Records, string? Was, bool Certain = true) : Change;

    public sealed record DropRecords(FieldAt At, string Was) : Change;

    public sealed record SetNameOwner(DomainName Name, long User, string? Was) : Change;

    public sealed record DropNameOwner(DomainName Name, string Was) : Change;

    public sealed record SetRoute(Route Route, string? Was) : Change;

    public sealed record DropRoute(DomainName Host, string Was) : Change;

    /// <summary>A name was given up and rests.</summary>
    public sealed record Rest(DomainName Name, NameRest Content, string? Was) : Change;

    /// <summary>A name rests no more.</summary>
    public sealed record EndRest(DomainName Name, string Was) : Change;

    /// <summary>A host outside all zones is proven, or its proof is gone or back.</summary>
    public sealed record SetProof(DomainName Host, ProvenHost Content, string? Was) : Change;

    /// <summary>Nobody needs the proof of a host any more.</summary>
    public sealed record DropProof(DomainName Host, string Was) : Change;

    /// <summary>The reservation is served from now on.</summary>
    public sealed record Remember(LiveReservation Reservation) : Change;

    /// <summary>The reservation is served no more.</summary>
    public sealed record Forget(string Id) : Change;

    /// <summary>The explorer is to be told.</summary>
    public sealed record Report(LiveReservation Reservation, PendingReport Content) : Change;
}

/// <summary>Changes that make sense only together: they are written in one script.</summary>
internal sealed record PlanStep(EquatableList<Change> Changes);

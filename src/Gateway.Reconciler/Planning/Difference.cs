using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;

namespace Gateway.Reconciler.Planning;

/// <summary>
/// The changes that lead from what stands to what the accepted reservations amount to. Only what a reservation led to, or leads
/// to now, is ever changed: an address beside ours, another type, another field or key is somebody else's.
/// </summary>
internal sealed class Difference(DesiredState desired, ActualState actual, Layout before, Layout after, Rests rests)
{
    private readonly HashSet<string> _wanted = [];
    private readonly HashSet<DomainName> _over = [.. rests.Over(after.Zones)];

    /// <summary>Ids of tunnels whose route has to be written and whose secret nobody decrypted yet.</summary>
    public IReadOnlySet<string> WantedSecrets => _wanted;

    /// <summary>Zones that appear, then names, then zones that go. What belongs to one name is one step, and so is a zone that goes with everything in it.</summary>
    public IReadOnlyList<PlanStep> Steps(Dictionary<string, Outcome> outcomes)
    {
        var book = new Bookkeeping(desired, actual, outcomes);
        var steps = new List<PlanStep>();
        foreach (var zone in ManagedZones()) AddStep(steps, KeepZone(zone, desired.GatewayId, desired.GatewayId));
        foreach (var (zone, by) in after.Delegations.OrderBy(it => it.Key)) AddStep(steps, [.. TakeOver(zone), .. KeepZone(zone, by.Content.UserText, by.Content.NodeId), .. book.About(zone, isDelegation: true)]);
        var going = before.Delegations.Keys.Where(it => !after.Delegations.ContainsKey(it)).Order().ToDictionary(it => it, _ => new List<Change>());
        foreach (var name in Names(book))
        {
            Change[] changes = [.. AtName(name), .. book.About(name, isDelegation: false)];
            if (going.Count > 0 && GoneWith(name) is { } zone && going.TryGetValue(zone, out var within)) within.AddRange(changes);
            else AddStep(steps, changes);
        }

        foreach (var (zone, within) in going) AddStep(steps, [.. GiveUp(zone), .. within, .. book.About(zone, isDelegation: true)]);
        AddStep(steps, book.Rest());
        return steps;
    }

    private static void AddStep(List<PlanStep> steps, IEnumerable<Change> changes)
    {
        var list = new EquatableList<Change>(changes);
        if (list.Count > 0) steps.Add(new PlanStep(list));
    }

    // The zone in which it was, when it is in none any more.
    private DomainName? GoneWith(DomainName name) => after.Zones.Governing(name) is null ? before.Zones.Governing(name) : null;

    private IEnumerable<DomainName> ManagedZones() => desired.ManagedDomains.Where(after.Zones.IsManaged).Order();

    private IEnumerable<DomainName> Names(Bookkeeping book) =>
        before.Names.Keys.Concat(before.Routes.Keys).Concat(after.Names.Keys).Concat(after.Routes.Keys).Concat(book.Names).Concat(_over).Concat(actual.Proofs.Keys).Distinct().Order();

    private IEnumerable<Change> KeepZone(DomainName zone, string owner, string identity)
    {
        if (!HasName(zone) && !_over.Contains(zone) && rests.EndOf(zone) is { } end) yield return end;
        var stored = actual.ZoneOwners.GetValueOrDefault(zone);
        if (stored?.Value != owner) yield return new Change.SetZoneOwner(zone, owner, stored?.Raw);
        if (!zone.TryPrepend(RedisSchema.OwnerField, out var proof)) yield break;
        var at = new FieldAt(zone, proof);
        var records = RedisSchema.OwnerRecords(new RedisSchema.OwnerProof(identity, owner));
        var standing = IsPurged(zone) ? null : actual.Records.GetValueOrDefault(at);
        if (!records.Equals(standing?.Value is { } value ? new EquatableList<ResourceRecord>(value) : null))
            yield return new Change.SetRecords(at, records, standing?.Raw, Certain: !IsPurged(zone));
    }

    // The same zone, another user: nothing of the former one may be answered for the new one.
    private IEnumerable<Change> TakeOver(DomainName zone) => IsPurged(zone) ? [new Change.PurgeZone(zone)] : [];

    private IEnumerable<Change> GiveUp(DomainName zone)
    {
        if (after.Zones.Contains(zone)) yield break;
        if (!HasName(zone) && rests.BeginningOf(zone, isDelegation: true) is { } rest) yield return rest;
        yield return new Change.PurgeZone(zone);
        if (actual.ZoneOwners.TryGetValue(zone, out var owner)) yield return new Change.DropZoneOwner(zone, owner.Raw);
        foreach (var (name, user) in actual.NameOwners.Where(it => it.Key.IsAtOrUnder(zone) && IsStray(it.Key)).OrderBy(it => it.Key))
            yield return new Change.DropNameOwner(name, user.Raw);
    }

    private bool IsStray(DomainName name) => !before.Names.ContainsKey(name) && !after.Names.ContainsKey(name) && after.Zones.Governing(name) is null;

    private bool IsPurged(DomainName zone) =>
        before.Delegations.TryGetValue(zone, out var was)
        && (after.Delegations.TryGetValue(zone, out var now) ? now.Content.User != was.Content.User : !after.Zones.Contains(zone));

    private IEnumerable<Change> AtName(DomainName name)
    {
        foreach (var at in FieldsOf(name))
            if (FieldChange(at) is { } change) yield return change;
        if (OwnerChange(name) is { } owner) yield return owner;
        if (RouteChange(name) is { } route) yield return route;
        if (ProofChange(name) is { } proof) yield return proof;
        if (RestChange(name) is { } rest) yield return rest;
    }

    // Who proved a host before is written down with it, so that the proof can be looked at again.
    private Change? ProofChange(DomainName host)
    {
        var stored = actual.Proofs.GetValueOrDefault(host);
        var holder = after.Routes.GetValueOrDefault(host);
        if (holder is not null && desired.Proofs.GetValueOrDefault(holder.Id) is HostProof.Given && before.Routes.GetValueOrDefault(host)?.Content.User != holder.Content.User)
            return new Change.SetProof(host, new ProvenHost(holder.Content.User, desired.Now, null), stored?.Raw);
        var isOurs = stored?.Value is { } proof && holder is not null && holder.Content.User == proof.User && !(after.Zones.Governing(host) is { } zone && after.Zones.IsManaged(zone));
        return stored is null || isOurs ? null : new Change.DropProof(host, stored.Raw);
    }

    private bool HasName(DomainName name) => after.Names.ContainsKey(name) || after.Routes.ContainsKey(name);

    private Change? RestChange(DomainName name)
    {
        if (HasName(name)) return rests.EndOf(name);
        if (!after.Delegations.ContainsKey(name) && rests.BeginningOf(name, isDelegation: false) is { } begins) return begins;
        return _over.Contains(name) ? rests.EndOf(name) : null;
    }

    private IEnumerable<FieldAt> FieldsOf(DomainName name)
    {
        var old = before.Zones.Governing(name);
        var now = after.Zones.Governing(name);
        if (old is { } from && from != now && before.Names.ContainsKey(name)) yield return new FieldAt(from, name);
        if (now is { } to) yield return new FieldAt(to, name);
    }

    private Change? FieldChange(FieldAt at)
    {
        var own = after.Addresses.GetValueOrDefault(at) ?? [];
        if (IsPurged(at.Zone)) return own.Count == 0 ? null : new Change.SetRecords(at, new(own.Select(ToRecord)), Was: null, Certain: false);
        var stored = actual.Records.GetValueOrDefault(at);
        var standing = stored?.Value ?? [];
        var merged = Merge(standing, (before.Addresses.GetValueOrDefault(at) ?? []).Except(own), own);
        if (merged.Count > 0) return stored is { IsReadable: true } && merged.SequenceEqual(standing) ? null : new Change.SetRecords(at, new(merged), stored?.Raw);
        var isHeldEmpty = standing.Count == 0 && after.Names.ContainsKey(at.Name);
        return stored is null || isHeldEmpty || !before.Names.ContainsKey(at.Name) ? null : new Change.DropRecords(at, stored.Raw);
    }

    private static List<ResourceRecord> Merge(IReadOnlyList<ResourceRecord> standing, IEnumerable<IPAddress> gone, IEnumerable<IPAddress> own)
    {
        var without = gone.ToHashSet();
        var merged = standing.Where(record => AddressOf(record) is not { } address || !without.Contains(address)).ToList();
        var present = merged.Select(AddressOf).OfType<IPAddress>().ToHashSet();
        merged.AddRange(own.Where(present.Add).Select(ToRecord));
        return merged;
    }

    private static IPAddress? AddressOf(ResourceRecord record) => record.Data switch
    {
        Rdata.A it => it.Address,
        Rdata.Aaaa it => it.Address,
        _ => null,
    };

    private static ResourceRecord ToRecord(IPAddress address) =>
        new(RedisSchema.AddressTtl, address.AddressFamily == AddressFamily.InterNetwork ? new Rdata.A(address) : new Rdata.Aaaa(address));

    private Change? OwnerChange(DomainName name)
    {
        var stored = actual.NameOwners.GetValueOrDefault(name);
        if (after.Names.TryGetValue(name, out var user)) return stored?.Raw == RedisSchema.EncodeNameOwner(user) ? null : new Change.SetNameOwner(name, user, stored?.Raw);
        if (stored is null || !before.Names.TryGetValue(name, out var was)) return null;
        return !stored.IsReadable || stored.Raw == RedisSchema.EncodeNameOwner(was) ? new Change.DropNameOwner(name, stored.Raw) : null;
    }

    private Change? RouteChange(DomainName host)
    {
        var stored = actual.Routes.GetValueOrDefault(host);
        if (after.Routes.TryGetValue(host, out var decides) && RouteOf(host, decides, stored) is { } route) return route != stored?.Value ? new Change.SetRoute(route, stored?.Raw) : null;
        if (stored is null || !before.Routes.TryGetValue(host, out var was)) return null;
        // Not known yet: his own route stays until it is, that of a former user does not.
        if (decides is not null && (!stored.IsReadable || stored.Value!.User == decides.Content.UserText)) return null;
        return !stored.IsReadable || stored.Value!.User == was.Content.UserText ? new Change.DropRoute(host, stored.Raw) : null;
    }

    /// <summary>The route that a host shall have; null when it cannot be known now, and then what stands stays.</summary>
    private Route? RouteOf(DomainName host, LiveReservation decides, Stored<Route>? stored)
    {
        var user = decides.Content.UserText;
        var isFrozen = desired.Frozen.Contains(decides.Content.User);
        var rules = RouteRules.Default with { IsFrozen = isFrozen };
        if (decides.Content is Reservation.Proxy proxy) return new Route(host, Layout.TargetOf(proxy), user) { Rules = rules };
        if (desired.Secrets.GetValueOrDefault(decides.Id) is SecretState.Known known) return new Route(host, new Target.Tunnel(known.Secret), user) { Rules = rules };
        if (desired.Secrets.ContainsKey(decides.Id)) return null;
        if (StandsFor(host, decides, stored)) return stored!.Value! with { Rules = stored.Value.Rules with { IsFrozen = isFrozen } };
        _wanted.Add(decides.Id);
        return null;
    }

    // Its secret was checked when it was written; decrypting a hundred thousand of them at each start would tell nothing new.
    private bool StandsFor(DomainName host, LiveReservation decides, Stored<Route>? stored) =>
        stored?.Value is { Target: Target.Tunnel } route
        && route.User == decides.Content.UserText
        && before.Routes.TryGetValue(host, out var was) && was.Id == decides.Id;
}

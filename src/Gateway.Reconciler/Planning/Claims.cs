using System.Globalization;
using System.Net;
using Gateway.Model;
using Gateway.Model.Names;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;

namespace Gateway.Reconciler.Planning;

/// <summary>
/// Who holds which name while a plan is made, and whether a reservation may have the one it asks for. Reservations that were
/// accepted before keep what they have as long as it can be served; new ones must find their name free.
/// </summary>
internal sealed class Claims(DesiredState desired, ActualState actual, Layout before, Zones zones, Rests rests)
{
    private static readonly Outcome Doubted = new Outcome.Deferred("it came back from an older copy, and what stands now speaks against it: the explorer has to say who is right");

    private readonly Dictionary<DomainName, long> _names = [];
    private readonly Dictionary<DomainName, long> _hosts = [];
    private readonly HoldersBelow _namesBelow = new();
    private readonly HoldersBelow _zonesBelow = new();
    private readonly HoldersBelow _hostsBelow = new();
    private readonly Dictionary<string, WantedProof> _wantedProofs = [];
    private readonly HashSet<DomainName> _shown = [];
    private readonly Quotas _quotas = new(desired, actual);

    /// <summary>Ids of new reservations whose proof nobody asked for yet, each with what has to be known.</summary>
    public IReadOnlyDictionary<string, WantedProof> WantedProofs => _wantedProofs;

    /// <summary>True for a new delegation of a domain that another user holds here, and that the DNS names this user for.</summary>
    public bool IsShown(LiveReservation it) => it.IsDelegation && desired.Proofs.GetValueOrDefault(it.Id) is HostProof.Given { NamesUser: true };

    /// <summary>Notes zones that were accepted before, but for those that the DNS shows to be somebody else's: nobody gets a domain above one.</summary>
    public void ExpectZones(IEnumerable<LiveReservation> accepted, IEnumerable<LiveReservation> shown)
    {
        var theirs = shown.Select(it => it.Name).ToHashSet();
        foreach (var it in accepted)
            if (!theirs.Contains(it.Name)) _zonesBelow.Add(it.Name!.Value, it.Content.User);
    }

    /// <summary>Notes hosts outside all zones that were accepted before: nobody else delegates a domain to himself to get at them.</summary>
    public void Expect(IEnumerable<LiveReservation> accepted)
    {
        if (desired.ForeignHosts is ForeignHosts.FirstCome) return;
        foreach (var it in accepted)
            if (it.Name is { } name && it.Content is Reservation.Proxy or Reservation.ReverseProxy && before.Zones.Governing(name) is null) _hostsBelow.Add(name, it.Content.User);
    }

    /// <summary>Decides about a reservation that was accepted before, and notes what it holds.</summary>
    public Outcome Keep(LiveReservation reservation) => reservation.Content.Match(
        delegateDomain: it => TakeZone(it) ? Outcome.Yes : _shown.Contains(it.Domain) ? Refusal.Ousted(it.Domain) : Refusal.ForeignZone(it.Domain, it.Domain),
        subdomain: KeepName,
        proxy: it => KeepHost(it, it.Domain),
        reverseProxy: it => KeepHost(it, it.Domain),
        gateway4To6: _ => new Outcome.Rejected(Refusal.No4To6),
        unsupported: it => Refusal.Kind(it.Reason));

    /// <summary>Decides about a new reservation, and notes what it gets.</summary>
    public Outcome Admit(LiveReservation reservation)
    {
        if (desired.Frozen.Contains(reservation.Content.User)) return Refusal.Frozen;
        if ((_quotas.TakeTurn(reservation) ?? _quotas.Fault(reservation)) is { } fault) return fault;
        var outcome = Judge(reservation);
        if (outcome is Outcome.Accepted) _quotas.Take(reservation);
        return outcome;
    }

    /// <summary>
    /// Decides about a reservation that came back from a copy older than what stands: it is kept only where nothing here speaks against
    /// it. Whoever holds its name now, or one above or below it, or gave it up a moment ago, got that after the copy was made, even if his
    /// own reservation is damaged.
    /// </summary>
    public Outcome KeepRecalled(LiveReservation it) => !IsAnothers(it) && Keep(it) is Outcome.Accepted ? Outcome.Yes : Doubted;

    private bool IsAnothers(LiveReservation it)
    {
        if (it.Name is not { } name) return false;
        var user = it.Content.User;
        if (RestFault(name, user) is not null) return true;
        if (it.IsDelegation) return zones.Governing(name) is { } zone && zones.OwnerOf(zone) != Text(user) || _zonesBelow.OfAnother(name, user) is not null || BelowRestFault(name, user) is not null;
        return IsManaged(name) ? IsHeldAtOrAbove(name, user) || _namesBelow.OfAnother(name, user) is not null : IsHeldByAnother(name, user);
    }

    private bool IsHeldAtOrAbove(DomainName name, long user)
    {
        for (var at = name; !zones.IsManaged(at); at = at.Parent)
            if (IsHeldByAnother(at, user)) return true;
        return false;
    }

    private Outcome Judge(LiveReservation reservation) => reservation.Content.Match(
        delegateDomain: it => AdmitZone(it, reservation),
        subdomain: AdmitName,
        proxy: it => AdmitProxy(it, reservation.Id),
        reverseProxy: it => AdmitTunnel(it, reservation.Id),
        gateway4To6: _ => new Outcome.Rejected(Refusal.No4To6),
        unsupported: it => Refusal.Kind(it.Reason));

    private Outcome KeepName(Reservation.Subdomain it)
    {
        if (zones.Governing(it.Domain) is not { } zone || !IsOpenTo(zone, it.User)) return Refusal.Undelegated(it.Domain);
        return HoldName(it) ? Outcome.Yes : Refusal.Taken(it.Domain);
    }

    private Outcome KeepHost(Reservation it, DomainName host)
    {
        if (LostItsZone(it, host)) return Refusal.Undelegated(host);
        if (desired.Lapsed.TryGetValue((host, it.User), out var lapsed) && !IsManaged(host)) return Refusal.Kind(lapsed);
        return HoldHost(host, it.User) ? Outcome.Yes : Refusal.RouteTaken(host);
    }

    // A host under the user's own delegated zone goes with the zone; a host elsewhere never depended on one.
    private bool LostItsZone(Reservation it, DomainName host) =>
        before.Zones.Governing(host) is { } was
        && before.Zones.OwnerOf(was) == it.UserText
        && !(zones.Governing(host) is { } zone && IsOpenTo(zone, it.User));

    private Outcome AdmitZone(Reservation.DelegateDomain it, LiveReservation reservation)
    {
        if (NameFault(it.Domain) is { } fault) return fault;
        if (desired.ManagedDomains.FirstOrDefault(managed => managed.IsUnder(it.Domain)) is { IsRoot: false } below) return Refusal.AboveManaged(it.Domain, below);
        if (zones.Governing(it.Domain) is { } zone)
        {
            if (zones.IsManaged(zone)) return zone == it.Domain ? Refusal.ManagedRoot(zone) : Refusal.InsideManaged(it.Domain, zone);
            if (zones.OwnerOf(zone) is { } holder && holder != it.UserText) return ForeignFault(it, zone, holder);
        }

        if (_zonesBelow.OfAnother(it.Domain, it.User) is { } zoneBelow) return Refusal.AboveForeignZone(it.Domain, zoneBelow);
        if (_hostsBelow.OfAnother(it.Domain, it.User) is { } hostBelow) return Refusal.AboveForeignName(it.Domain, hostBelow);
        if ((RestFault(it.Domain, it.User) ?? BelowRestFault(it.Domain, it.User)) is { } resting) return resting;
        if (TakeZone(it) && IsShown(reservation)) _shown.Add(it.Domain);
        return Outcome.Yes;
    }

    // Anybody may say that a domain is his. When another says so too, its own DNS decides, as long as that is not this gateway.
    private Outcome.Rejected ForeignFault(Reservation.DelegateDomain it, DomainName zone, string holder)
    {
        if (desired.ForeignHosts is ForeignHosts.FirstCome) return Refusal.ForeignZone(it.Domain, zone);
        if (desired.Proofs.GetValueOrDefault(it.Id) is HostProof.Missing missing) return Refusal.ForeignZone(it.Domain, zone, missing.Reason);
        if (!desired.Proofs.ContainsKey(it.Id)) _wantedProofs[it.Id] = new WantedProof(zone, holder);
        return Refusal.ForeignZone(it.Domain, zone);
    }

    private Outcome AdmitName(Reservation.Subdomain it)
    {
        if (NameFault(it.Domain) is { } fault) return fault;
        if (zones.Governing(it.Domain) is not { } zone) return Refusal.NoZone(it.Domain);
        if (ClaimFault(it.Domain, zone, it.User) is { } taken) return taken;
        if (RestFault(it.Domain, it.User) is { } resting) return resting;
        return HoldName(it) ? Outcome.Yes : Refusal.Taken(it.Domain);
    }

    private Outcome AdmitProxy(Reservation.Proxy it, string id)
    {
        if (HostFault(it.Domain, it.User) is { } fault) return fault;
        if (TargetFault(it) is { } bad) return bad;
        if (ProofFault(it.Domain, it.User, id) is { } unproven) return unproven;
        HoldHost(it.Domain, it.User);
        return Outcome.Yes;
    }

    private Outcome AdmitTunnel(Reservation.ReverseProxy it, string id)
    {
        if (HostFault(it.Domain, it.User) is { } fault) return fault;
        switch (desired.Secrets.GetValueOrDefault(id))
        {
            case SecretState.Unreadable unreadable: return Refusal.Kind(unreadable.Reason);
            case SecretState.Unavailable unavailable: return new Outcome.Deferred(unavailable.Reason);
            case null: return new Outcome.Deferred("its secret was not decrypted yet");
        }

        if (ProofFault(it.Domain, it.User, id) is { } unproven) return unproven;
        HoldHost(it.Domain, it.User);
        return Outcome.Yes;
    }

    private static Outcome.Rejected? NameFault(DomainName name)
    {
        if (!name.IsHostName || name.LabelCount < 2) return Refusal.NotAName(name);
        for (var at = name; !at.IsRoot; at = at.Parent)
            if (at.FirstLabel == RedisSchema.OwnerField) return Refusal.OwnerLabel(name);
        return null;
    }

    private Outcome.Rejected? HostFault(DomainName host, long user)
    {
        if (NameFault(host) is { } fault) return fault;
        if (zones.Governing(host) is { } zone && !MayBeProven(zone, user) && ClaimFault(host, zone, user) is { } taken) return taken;
        if (_hosts.TryGetValue(host, out var holder)) return holder == user ? null : Refusal.RouteTaken(host);
        return StrayRouteFault(host, user) ?? RestFault(host, user);
    }

    // Anybody can say that a domain is his. One that the world does not know of keeps nobody away who can prove a host in it.
    private bool MayBeProven(DomainName zone, long user) =>
        desired.ForeignHosts is ForeignHosts.Proof && !zones.IsManaged(zone) && zones.OwnerOf(zone) != Text(user);

    // A host outside the managed domains is somebody's in the world: whoever has its visitors sent here has to show that it is his,
    // or that the world finds his domain here. Who holds it already has shown it.
    private Outcome? ProofFault(DomainName host, long user, string id)
    {
        if (desired.ForeignHosts is ForeignHosts.FirstCome || IsManaged(host) || _hosts.GetValueOrDefault(host) == user) return null;
        var zone = zones.Governing(host);
        var isForeign = zone is { } at && zones.OwnerOf(at) != Text(user);
        switch (desired.Proofs.GetValueOrDefault(id))
        {
            case null:
                _wantedProofs[id] = new WantedProof(isForeign ? null : zone);
                return new Outcome.Deferred("its proof was not looked for yet");
            case HostProof.Given { NamesUser: true }: return null;
            // Its user may well let a name in it lead here.
            case not null when isForeign: return Refusal.ForeignZone(host, zone!.Value);
            // An alias that was forgotten in the DNS still leads here: it does not say whose the host is now.
            case HostProof.Given { NamesUser: false } given when rests.WasOfAnother(user, host): return Refusal.LastOfAnother(host, given.Advice);
            case HostProof.Given: return null;
            case HostProof.Missing missing: return Refusal.Kind(missing.Reason);
            case HostProof.Unavailable unavailable: return new Outcome.Deferred(unavailable.Reason);
            default: throw new System.Diagnostics.UnreachableException();
        }
    }

    // A route in Redis that no reservation explains: an operator's, or one whose reservation was lost.
    private Outcome.Rejected? StrayRouteFault(DomainName host, long user)
    {
        if (before.Routes.ContainsKey(host) || !actual.Routes.TryGetValue(host, out var route) || !route.IsReadable) return null;
        if (route.Value!.User.Length == 0) return Refusal.RouteOfOperator(host);
        return route.Value.User == Text(user) ? null : Refusal.RouteTaken(host);
    }

    /// <summary>Whether a user may have a name in a zone: his own zone, or a managed one where nobody else holds it or a name above it.</summary>
    private Outcome.Rejected? ClaimFault(DomainName name, DomainName zone, long user)
    {
        if (!zones.IsManaged(zone)) return zones.OwnerOf(zone) == Text(user) ? null : Refusal.ForeignZone(name, zone);
        if (name == zone) return Refusal.ManagedRoot(zone);
        for (var at = name; at != zone; at = at.Parent)
        {
            // Who had a name server's address could answer for every zone of the gateway.
            if (desired.OwnNames.Contains(at)) return Refusal.OwnName(name, at);
            if (InternationalName.FaultOf(at.FirstLabel) is { } why) return Refusal.Label(name, at.FirstLabel, why);
            if (desired.ReservedLabels.Contains(at.FirstLabel)) return Refusal.ReservedLabel(name, at.FirstLabel);
            if (IsHeldByAnother(at, user)) return at == name ? Refusal.Taken(name) : Refusal.UnderForeignName(name, at);
        }

        return _namesBelow.OfAnother(name, user) is { } below ? Refusal.AboveForeignName(name, below) : null;
    }

    // Whoever had a name above could still be asked for this one.
    private Outcome.Rejected? RestFault(DomainName name, long user)
    {
        for (var at = name; !at.IsRoot; at = at.Parent)
            if (rests.ForOthersThan(user, at) is { } rest) return Refusal.Resting(name, at, rest.UntilText);
        return null;
    }

    private Outcome.Rejected? BelowRestFault(DomainName zone, long user) =>
        rests.BelowOf(user, zone) is { } below ? Refusal.Resting(zone, below, rests.ForOthersThan(user, below)!.UntilText) : null;

    private bool IsHeldByAnother(DomainName name, long user)
    {
        if (_names.TryGetValue(name, out var holder) || _hosts.TryGetValue(name, out holder)) return holder != user;
        return IsStrayNameOfAnother(name, user) || StrayRouteFault(name, user) is not null;
    }

    // The owner of a name that no reservation explains: it was reserved once, and nobody knows that it was given up. What cannot be read is nobody.
    private bool IsStrayNameOfAnother(DomainName name, long user) =>
        !before.Names.ContainsKey(name)
        && actual.NameOwners.TryGetValue(name, out var owner)
        && owner.IsReadable
        && owner.Raw != Text(user);

    private Outcome.Rejected? TargetFault(Reservation.Proxy it)
    {
        if (!UpstreamHost.TryParse(it.Address, out var host) || !IsPort(it.HttpPort) || !IsPort(it.TlsPort) || it.HttpPort + it.TlsPort == 0) return Refusal.BadTarget(it.Address);
        // Where a name leads is asked at each dial.
        return host is UpstreamHost.Literal literal ? PortFault(it, literal.Address, it.HttpPort) ?? PortFault(it, literal.Address, it.TlsPort) : null;
    }

    private Outcome.Rejected? PortFault(Reservation.Proxy it, IPAddress address, int port)
    {
        if (port == 0) return null;
        var to = new IPEndPoint(address, port);
        if (!desired.Dialling.Policy.Allows(to)) return Refusal.TargetNotAllowed(it.Address);
        return desired.Dialling.Allows(to, desired.OwnAddresses) ? null : Refusal.TargetIsGateway(it.Address);
    }

    // There a user needs no proof.
    private bool IsManaged(DomainName host) => zones.Governing(host) is { } zone && zones.IsManaged(zone);

    private bool IsOpenTo(DomainName zone, long user) => zones.IsManaged(zone) || zones.OwnerOf(zone) == Text(user);

    private bool TakeZone(Reservation.DelegateDomain it)
    {
        zones.Add(it.Domain, it.UserText);
        if (zones.OwnerOf(it.Domain) != it.UserText) return false;
        _zonesBelow.Add(it.Domain, it.User);
        return true;
    }

    private bool HoldName(Reservation.Subdomain it) => Hold(_names, it.Domain, it.User);

    private bool HoldHost(DomainName host, long user) => Hold(_hosts, host, user);

    private bool Hold(Dictionary<DomainName, long> held, DomainName name, long user)
    {
        if (!held.TryAdd(name, user)) return held[name] == user;
        if (zones.Governing(name) is { } zone && zones.IsManaged(zone)) _namesBelow.Add(name, user);
        return true;
    }

    private static bool IsPort(int port) => port is >= 0 and <= ushort.MaxValue;

    private static string Text(long user) => user.ToString(CultureInfo.InvariantCulture);
}

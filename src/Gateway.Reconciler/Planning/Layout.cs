using System.Collections.Frozen;
using System.Net;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;

namespace Gateway.Reconciler.Planning;

/// <summary>
/// What a set of reservations amounts to in Redis: zones, owners of names, addresses, routes. Several reservations may support
/// one record or one route; of several routes for a host the one reserved last stands.
/// </summary>
internal sealed class Layout(Zones zones, IReadOnlySet<long> frozen)
{
    private readonly Dictionary<DomainName, LiveReservation> _delegations = [];
    private readonly Dictionary<DomainName, long> _names = [];
    private readonly Dictionary<FieldAt, List<IPAddress>> _addresses = [];
    private readonly Dictionary<DomainName, LiveReservation> _routes = [];

    public Zones Zones => zones;

    /// <summary>Delegated zones, each with the earliest reservation that supports it.</summary>
    public IReadOnlyDictionary<DomainName, LiveReservation> Delegations => _delegations;

    /// <summary>Users by reserved name.</summary>
    public IReadOnlyDictionary<DomainName, long> Names => _names;

    /// <summary>Addresses by the field they belong into, earliest reservation first, without repeats.</summary>
    public IReadOnlyDictionary<FieldAt, List<IPAddress>> Addresses => _addresses;

    /// <summary>The reservation that decides a host's route.</summary>
    public IReadOnlyDictionary<DomainName, LiveReservation> Routes => _routes;

    /// <summary>Takes reservations in any order.</summary>
    /// <param name="reservations">What is served.</param>
    /// <param name="zones">Where their names lie.</param>
    /// <param name="frozen">Users whose names have no addresses.</param>
    public static Layout Of(IEnumerable<LiveReservation> reservations, Zones zones, IReadOnlySet<long>? frozen = null)
    {
        var layout = new Layout(zones, frozen ?? FrozenSet<long>.Empty);
        foreach (var reservation in reservations.Order(LiveReservation.ById)) layout.Add(reservation);
        return layout;
    }

    /// <summary>An address is written without brackets, in its one spelling: the old router understands no other.</summary>
    public static Target TargetOf(Reservation.Proxy it)
    {
        var isLiteral = UpstreamHost.TryParse(it.Address, out var host) && host is UpstreamHost.Literal;
        return new Target.Dial(isLiteral ? IpLiteral.Format(((UpstreamHost.Literal)host!).Address) : it.Address, it.HttpPort, it.TlsPort);
    }

    private void Add(LiveReservation reservation)
    {
        switch (reservation.Content)
        {
            case Reservation.DelegateDomain it: _delegations.TryAdd(it.Domain, reservation); break;
            case Reservation.Subdomain it: AddName(it); break;
            case Reservation.Proxy it: _routes[it.Domain] = reservation; break;
            case Reservation.ReverseProxy it: _routes[it.Domain] = reservation; break;
        }
    }

    private void AddName(Reservation.Subdomain it)
    {
        if (zones.Governing(it.Domain) is not { } zone) return;
        _names.TryAdd(it.Domain, it.User);
        if (frozen.Contains(it.User)) return;
        var at = new FieldAt(zone, it.Domain);
        if (!_addresses.TryGetValue(at, out var addresses)) _addresses[at] = addresses = [];
        foreach (var address in it.Addresses)
            if (!addresses.Contains(address)) addresses.Add(address);
    }
}

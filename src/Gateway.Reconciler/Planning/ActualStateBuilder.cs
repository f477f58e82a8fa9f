using System.Text;
using Gateway.Model;
using Gateway.Model.Records;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;

namespace Gateway.Reconciler.Planning;

/// <summary>Collects what was read from Redis. Values that cannot be decoded are kept as such, so that they are replaced knowingly.</summary>
internal sealed class ActualStateBuilder
{
    private readonly Dictionary<DomainName, Stored<string>> _zoneOwners = [];
    private readonly Dictionary<DomainName, Stored<string>> _nameOwners = [];
    private readonly Dictionary<FieldAt, Stored<IReadOnlyList<ResourceRecord>>> _records = [];
    private readonly Dictionary<DomainName, Stored<Route>> _routes = [];
    private readonly Dictionary<DomainName, Stored<NameRest>> _resting = [];
    private readonly Dictionary<DomainName, Stored<ProvenHost>> _proofs = [];

    /// <summary>Values that could not be decoded so far, as key and field.</summary>
    public List<string> Unreadable { get; } = [];

    public void AddZoneOwner(DomainName zone, string raw)
    {
        var isReadable = RedisSchema.TryDecodeZoneOwner(Encoding.UTF8.GetBytes(raw), out var owner);
        _zoneOwners[zone] = Note(new Stored<string>(raw, isReadable ? owner : null, isReadable), $"{RedisSchema.ZoneOwnersKey} {zone}");
    }

    public void AddNameOwner(DomainName name, string raw)
    {
        var isReadable = RedisSchema.TryDecodeNameOwner(raw, out _);
        _nameOwners[name] = Note(new Stored<string>(raw, isReadable ? raw : null, isReadable), $"{RedisSchema.NameOwnersKey} {name}");
    }

    public void AddRecords(FieldAt at, string raw)
    {
        var stored = RedisSchema.DecodeRecords(Encoding.UTF8.GetBytes(raw));
        _records[at] = Note(new Stored<IReadOnlyList<ResourceRecord>>(raw, stored?.Records, stored is not null), $"{RedisSchema.ZoneKey(at.Zone)} {at.Name}");
    }

    public void AddRoute(DomainName host, string raw)
    {
        var isReadable = RedisSchema.TryDecodeService(host, Encoding.UTF8.GetBytes(raw), out var route, out _);
        _routes[host] = Note(new Stored<Route>(raw, route, isReadable), RedisSchema.ServiceKey(host));
    }

    public void AddRest(DomainName name, string raw)
    {
        var isReadable = RedisSchema.TryDecodeRest(Encoding.UTF8.GetBytes(raw), out var rest);
        _resting[name] = Note(new Stored<NameRest>(raw, rest, isReadable), $"{RedisSchema.QuarantineKey} {name}");
    }

    public void AddProof(DomainName host, string raw)
    {
        var isReadable = RedisSchema.TryDecodeProof(Encoding.UTF8.GetBytes(raw), out var proof);
        _proofs[host] = Note(new Stored<ProvenHost>(raw, proof, isReadable), $"{RedisSchema.ProofsKey} {host}");
    }

    /// <summary>The proofs so far.</summary>
    public IReadOnlyDictionary<DomainName, Stored<ProvenHost>> Proofs => _proofs;

    public IEnumerable<DomainName> ZonesSoFar => _zoneOwners.Keys;

    public ActualState Build(IReadOnlyDictionary<string, LiveReservation> applied, IReadOnlyDictionary<string, PendingReport> outbox) => new()
    {
        ZoneOwners = _zoneOwners,
        NameOwners = _nameOwners,
        Records = _records,
        Routes = _routes,
        Resting = _resting,
        Proofs = _proofs,
        Applied = applied,
        Outbox = outbox,
    };

    private Stored<T> Note<T>(Stored<T> stored, string where)
    {
        if (!stored.IsReadable) Unreadable.Add(where);
        return stored;
    }
}

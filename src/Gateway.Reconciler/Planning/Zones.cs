using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>Which zones there are, and whose. The deepest zone at or above a name governs it.</summary>
internal sealed class Zones(string gatewayId)
{
    private readonly Dictionary<DomainName, string> _owners = [];

    public IReadOnlyDictionary<DomainName, string> Owners => _owners;

    public void Add(DomainName zone, string owner) => _owners.TryAdd(zone, owner);

    public bool Contains(DomainName zone) => _owners.ContainsKey(zone);

    public string? OwnerOf(DomainName zone) => _owners.GetValueOrDefault(zone);

    /// <summary>True when the gateway itself manages the zone: anybody may reserve a free name there.</summary>
    public bool IsManaged(DomainName zone) => OwnerOf(zone) == gatewayId;

    /// <summary>The deepest zone at or above the name; null when there is none.</summary>
    public DomainName? Governing(DomainName name)
    {
        for (var at = name; !at.IsRoot; at = at.Parent)
            if (_owners.ContainsKey(at)) return at;
        return null;
    }
}

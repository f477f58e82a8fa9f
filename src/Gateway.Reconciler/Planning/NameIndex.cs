using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>Reservation ids by name, and by every name above it.</summary>
internal sealed class NameIndex
{
    private readonly Dictionary<DomainName, string[]> _at = [];
    private readonly Dictionary<DomainName, HashSet<string>> _below = [];

    /// <summary>Ids at exactly this name.</summary>
    public IReadOnlyList<string> At(DomainName name) => _at.GetValueOrDefault(name) ?? [];

    /// <summary>Ids at names below this one.</summary>
    public IReadOnlyCollection<string> Below(DomainName name) => _below.GetValueOrDefault(name) ?? [];

    public void Add(DomainName name, string id)
    {
        var ids = _at.GetValueOrDefault(name) ?? [];
        if (!ids.Contains(id, StringComparer.Ordinal)) _at[name] = [.. ids, id];
        foreach (var above in Above(name))
        {
            if (!_below.TryGetValue(above, out var below)) _below[above] = below = [];
            below.Add(id);
        }
    }

    public void Remove(DomainName name, string id)
    {
        if (!_at.TryGetValue(name, out var ids)) return;
        string[] rest = [.. ids.Where(it => it != id)];
        if (rest.Length > 0) _at[name] = rest;
        else _at.Remove(name);
        foreach (var above in Above(name))
            if (_below.TryGetValue(above, out var below) && below.Remove(id) && below.Count == 0) _below.Remove(above);
    }

    // A zone has at least two labels, so nobody asks what lies below a top-level domain.
    private static IEnumerable<DomainName> Above(DomainName name)
    {
        for (var at = name.Parent; at.LabelCount >= 2; at = at.Parent) yield return at;
    }
}

using Gateway.Model;

namespace Gateway.Reconciler.Planning;

/// <summary>For each name whether anybody holds it or a name below it: nobody shall get a name above that of another user.</summary>
internal sealed class HoldersBelow
{
    // Two different users answer for any third one: at least one of them is another.
    private readonly Dictionary<DomainName, (Holder First, Holder? Other)> _holders = [];

    /// <summary>Notes that a user holds a name.</summary>
    public void Add(DomainName name, long user)
    {
        // Nobody can ask for a top-level domain.
        for (var at = name; at.LabelCount >= 2; at = at.Parent)
        {
            if (!_holders.TryGetValue(at, out var known)) _holders[at] = (new Holder(name, user), null);
            else if (known.Other is null && known.First.User != user) _holders[at] = (known.First, new Holder(name, user));
        }
    }

    /// <summary>A name at or below this one that another user holds; null when there is none.</summary>
    public DomainName? OfAnother(DomainName name, long user)
    {
        if (!_holders.TryGetValue(name, out var known)) return null;
        return known.First.User != user ? known.First.Name : known.Other?.Name;
    }

    private readonly record struct Holder(DomainName Name, long User);
}

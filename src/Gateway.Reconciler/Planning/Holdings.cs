using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Reconciler.Planning;

/// <summary>How many reservations of each kind, and how many different names, each user has.</summary>
/// <param name="below">What is counted already, and is not changed here; null for nothing.</param>
internal sealed class Holdings(Holdings? below = null)
{
    private readonly Dictionary<(long User, WorkloadType Kind), int> _kinds = [];
    private readonly Dictionary<(long User, DomainName Name), int> _uses = [];
    private readonly Dictionary<long, int> _names = [];

    /// <summary>A user's reservations of a kind.</summary>
    public int Of(long user, WorkloadType kind) => _kinds.GetValueOrDefault((user, kind)) + (below?.Of(user, kind) ?? 0);

    /// <summary>A user's different names, of whatever kind.</summary>
    public int NamesOf(long user) => _names.GetValueOrDefault(user) + (below?.NamesOf(user) ?? 0);

    /// <summary>True when the user has the name already.</summary>
    public bool Has(long user, DomainName name) => UsesOf(user, name) > 0;

    public void Add(LiveReservation it) => Count(it, 1);

    public void Remove(LiveReservation it) => Count(it, -1);

    private int UsesOf(long user, DomainName name) => _uses.GetValueOrDefault((user, name)) + (below?.UsesOf(user, name) ?? 0);

    private void Count(LiveReservation it, int change)
    {
        var user = it.Content.User;
        _kinds.Change((user, it.Category), change);
        if (it.Name is not { } name) return;
        var before = Has(user, name);
        _uses.Change((user, name), change);
        if (Has(user, name) != before) _names.Change(user, change);
    }
}

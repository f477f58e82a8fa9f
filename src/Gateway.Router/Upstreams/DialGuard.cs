using System.Net;
using Gateway.Model.Routes;

namespace Gateway.Router.Upstreams;

/// <summary>
/// The last word before a connection to an address: the address policy, which the operator's own routes need not keep, and that
/// the gateway does not dial itself. The visitors' listeners are refused to everybody, for a visitor sent there would come back
/// to us for ever; the node's other ports (Redis, admin, the reservation API) are refused to tenants even in an allowed network.
/// </summary>
internal sealed class DialGuard(AddressPolicy policy, OwnAddresses own)
{
    private volatile int[] _visitors = [];
    private volatile IPEndPoint[] _inner = [];

    /// <summary>Names the listeners through which visitors come, once they are bound.</summary>
    public void ProtectVisitors(IEnumerable<IPEndPoint> listeners) => _visitors = [.. listeners.Select(it => it.Port)];

    /// <summary>Names the node's other ports.</summary>
    public void ProtectInner(IEnumerable<IPEndPoint> listeners) => _inner = [.. listeners];

    /// <summary>True when this address and port may be dialled, for a tenant's route or one of the operator's.</summary>
    public bool Allows(IPEndPoint to, bool isOperators = false)
    {
        if (!isOperators && !policy.Allows(to)) return false;
        if (!own.Contains(to.Address)) return isOperators || !_inner.Contains(to);
        if (_visitors.Contains(to.Port)) return false;
        return isOperators || (policy.Opens(to.Address) && !Array.Exists(_inner, inner => inner.Port == to.Port));
    }
}

using System.Net;
using Gateway.Model.Routes;

namespace Gateway.Router.Upstreams;

/// <summary>
/// The last word before a connection to an address: the address policy, and that the gateway does not dial itself. Our own
/// listeners are refused even in an allowed network, for a visitor sent there would come back to us for ever.
/// </summary>
internal sealed class DialGuard(AddressPolicy policy, OwnAddresses own)
{
    private volatile IPEndPoint[] _listeners = [];

    /// <summary>Names our own listeners, once they are bound.</summary>
    public void Protect(IEnumerable<IPEndPoint> listeners) => _listeners = [.. listeners];

    /// <summary>True when this address and port may be dialled.</summary>
    public bool Allows(IPEndPoint to)
    {
        if (!policy.Allows(to)) return false;
        if (!own.Contains(to.Address)) return true;
        return policy.Opens(to.Address) && !Array.Exists(_listeners, listener => listener.Port == to.Port);
    }
}

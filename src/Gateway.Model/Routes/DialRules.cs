using System.Net;

namespace Gateway.Model.Routes;

/// <summary>
/// What the gateway dials: what the address policy allows, which the operator's own routes need not keep, and not itself. The
/// visitors' listeners are refused to everybody, for a visitor sent there would come back to us for ever; the node's other ports
/// (Redis, admin, the reservation API) are refused to tenants even in an allowed network.
/// </summary>
/// <param name="Policy">Which addresses and ports are dialled on a tenant's word.</param>
public sealed record DialRules(AddressPolicy Policy)
{
    /// <summary>Nothing beyond public unicast, and nothing is known of the node's ports.</summary>
    public static readonly DialRules PublicOnly = new(AddressPolicy.PublicOnly);

    /// <summary>The ports through which visitors and tunnel clients come, on whatever address of the machine.</summary>
    public IReadOnlyList<int> VisitorPorts { get; init; } = [];

    /// <summary>Where the node's other parts listen.</summary>
    public IReadOnlyList<IPEndPoint> InnerPorts { get; init; } = [];

    /// <summary>True when this address and port may be dialled, for a tenant's route or one of the operator's.</summary>
    /// <param name="to">The address that is really dialled.</param>
    /// <param name="own">The machine's addresses as they are now.</param>
    /// <param name="isOperators">The route is the operator's.</param>
    public bool Allows(IPEndPoint to, OwnAddresses own, bool isOperators = false)
    {
        if (!isOperators && !Policy.Allows(to)) return false;
        if (!own.Contains(to.Address)) return isOperators || !InnerPorts.Contains(to);
        if (VisitorPorts.Contains(to.Port)) return false;
        return isOperators || (Policy.Opens(to.Address) && !InnerPorts.Any(inner => inner.Port == to.Port));
    }
}

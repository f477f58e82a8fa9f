using System.Net;
using Gateway.Model.Routes;
using Gateway.Transport;

namespace Gateway.Router.Upstreams;

/// <summary>The last word before a connection to an address: the rules, asked with the addresses that the machine has now.</summary>
internal sealed class DialGuard(AddressPolicy policy, MachineAddresses machine)
{
    private volatile DialRules _rules = new(policy);

    /// <summary>What is refused, as far as it is known by now.</summary>
    public DialRules Rules => _rules;

    /// <summary>Names the listeners through which visitors come, once they are bound.</summary>
    public void ProtectVisitors(IEnumerable<IPEndPoint> listeners) => _rules = _rules with { VisitorPorts = [.. listeners.Select(it => it.Port)] };

    /// <summary>Names the node's other ports.</summary>
    public void ProtectInner(IEnumerable<IPEndPoint> listeners) => _rules = _rules with { InnerPorts = [.. listeners] };

    /// <summary>True when this address and port may be dialled, for a tenant's route or one of the operator's.</summary>
    public bool Allows(IPEndPoint to, bool isOperators = false) => _rules.Allows(to, machine.Current, isOperators);
}

using System.Net;
using Gateway.Dns.Tsig;

namespace Gateway.Dns.Transfer;

/// <summary>
/// Who may take whole zones. Nobody, unless keys or networks are given; when both are, both must be right. Who may ask for one
/// name after another may still not have them all at once.
/// </summary>
/// <param name="keys">The keys that a request may be signed with; none when no signature is asked for.</param>
/// <param name="networks">Where a request may come from; none when any place will do.</param>
internal sealed class TransferPolicy(TsigKeys keys, IReadOnlyList<IPNetwork> networks)
{
    /// <summary>True when nobody may.</summary>
    public bool IsClosed => keys.Count == 0 && networks.Count == 0;

    /// <summary>The keys.</summary>
    public TsigKeys Keys => keys;

    /// <summary>True for a client that may.</summary>
    /// <param name="address">Where it is; an IPv4 address not mapped into IPv6.</param>
    /// <param name="key">What it signed with; null when not, or wrongly.</param>
    public bool Allows(IPAddress address, TsigKey? key)
    {
        if (IsClosed || (keys.Count > 0 && key is null)) return false;
        return networks.Count == 0 || networks.Any(network => network.Contains(address));
    }
}

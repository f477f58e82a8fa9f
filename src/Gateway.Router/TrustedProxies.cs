using System.Net;

namespace Gateway.Router;

/// <summary>
/// The proxies in front of a listener. Who is trusted is decided by the address before a byte is read: a trusted proxy must
/// send a PROXY header, and from anybody else such a header is just bytes that mean nothing (proxy-protocol.txt section 2).
/// </summary>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> networks)
{
    /// <summary>Those of one listener: its own where it is named, else those of its kind.</summary>
    public static TrustedProxies Of(IPEndPoint listener, IReadOnlyList<ListenerProxy> own, IReadOnlyList<IPNetwork> ofItsKind)
    {
        var named = own.Where(proxy => proxy.IsFor(listener)).ToArray();
        return new TrustedProxies(named.Length == 0 ? ofItsKind : [.. named.Where(proxy => proxy.Network is not null).Select(proxy => proxy.Network!.Value)]);
    }

    /// <summary>True when this peer must send a PROXY header, and is believed.</summary>
    public bool Trusts(EndPoint? peer)
    {
        if (networks.Count == 0 || peer is not IPEndPoint { Address: var address }) return false;
        var real = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in networks)
            if (network.Contains(real)) return true;
        return false;
    }
}

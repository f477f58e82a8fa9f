using System.Net;
using Gateway.Model.Records;
using Microsoft.Extensions.Primitives;

namespace Gateway.Explorer.Http;

/// <summary>
/// Where a request comes from. Proxies write the address of whoever asked them at the end of X-Forwarded-For, so what stands left of the
/// last address that is no proxy of ours is his own invention.
/// </summary>
/// <param name="proxies">Whose word is taken.</param>
internal sealed class ClientAddresses(IReadOnlyList<IPNetwork> proxies)
{
    /// <summary>The last address that is not trusted; the peer's own where it is no proxy of ours, or names nobody that can be read.</summary>
    public IPAddress? Of(IPAddress? peer, StringValues forwardedFor)
    {
        if (peer is null) return null;
        var own = peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer;
        var client = own;
        if (!Trusts(client)) return client;
        // A header of several lines is one list (RFC 9110 section 5.3).
        foreach (var hop in forwardedFor.ToString().Split(',').Reverse())
        {
            if (!IpLiteral.TryParse(WithoutPort(hop.Trim(' ', '\t')), out client)) return own;
            if (!Trusts(client)) return client;
        }

        return client;
    }

    private bool Trusts(IPAddress address) => proxies.Any(network => network.Contains(address));

    // Some proxies add the port, and then brackets to an IPv6 address.
    private static string WithoutPort(string hop)
    {
        var colon = hop.LastIndexOf(':');
        var isBracketed = hop.StartsWith('[');
        var hasPort = isBracketed ? colon > 0 && hop[colon - 1] == ']' : colon >= 0 && hop.IndexOf(':', StringComparison.Ordinal) == colon;
        if (hasPort && !ushort.TryParse(hop.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out _)) return "";
        var address = hasPort ? hop[..colon] : hop;
        if (!isBracketed) return address;
        return address.EndsWith(']') ? address[1..^1] : "";
    }
}

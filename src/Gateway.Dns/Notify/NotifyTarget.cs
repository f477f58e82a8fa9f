using System.Diagnostics.CodeAnalysis;
using System.Net;
using Gateway.Dns.Tsig;
using Gateway.Model;

namespace Gateway.Dns.Notify;

/// <summary>A secondary that is told of changes.</summary>
/// <param name="Endpoint">Where it listens by UDP.</param>
/// <param name="Key">What its notifications are signed with; null for not.</param>
internal sealed record NotifyTarget(IPEndPoint Endpoint, TsigKey? Key)
{
    private const int DnsPort = 53;

    /// <summary>Reads <c>address</c>, <c>address:port</c> or <c>[address]:port</c>, and after a space the name of a key. On a fault, a sentence.</summary>
    public static bool TryParse(string text, TsigKeys keys, [NotNullWhen(true)] out NotifyTarget? target, out string fault)
    {
        target = null;
        fault = "";
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        TsigKey? key = null;
        if (parts.Length is not (1 or 2) || !IPEndPoint.TryParse(parts[0], out var endpoint))
            fault = $"'{text}' is not written address:port, with the name of a key after a space if its notifications are signed.";
        else if (parts.Length == 2 && !(DomainName.TryParse(parts[1], out var name) && keys.TryFind(name, out key)))
            fault = $"There is no TSIG key {parts[1]} for the secondary {parts[0]}.";
        else
            target = new NotifyTarget(endpoint.Port == 0 ? new IPEndPoint(endpoint.Address, DnsPort) : endpoint, key);
        return target is not null;
    }

    /// <summary>The address alone.</summary>
    public override string ToString() => Endpoint.ToString();
}

using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Gateway.Router;

/// <summary>
/// One proxy network that one listener of its own trusts, written as `192.0.2.1:443=10.0.0.0/8`. A listener that is named at all
/// trusts only what is named for it; `192.0.2.1:443=nobody` names it and trusts nobody.
/// </summary>
/// <param name="Listener">The listener's address; port 0 stands for every port of the address.</param>
/// <param name="Network">The network; null: nobody.</param>
public sealed record ListenerProxy(IPEndPoint Listener, IPNetwork? Network)
{
    /// <summary>The word for no network at all.</summary>
    private const string Nobody = "nobody";

    /// <summary>Reads one; false for anything else than an address, a port, an equals sign, and a network or `nobody`.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ListenerProxy? proxy)
    {
        proxy = null;
        var (listener, network) = text.Split('=') is [var left, var right] ? (left, right) : ("", "");
        // An address without a port would be read as one with port 0.
        if (!HasPort(listener) || !IPEndPoint.TryParse(listener, out var endPoint)) return false;
        if (network == Nobody) proxy = new ListenerProxy(endPoint, null);
        else if (IPNetwork.TryParse(network, out var trusted)) proxy = new ListenerProxy(endPoint, trusted);
        return proxy is not null;
    }

    /// <summary>True when this listener is meant.</summary>
    public bool IsFor(IPEndPoint listener) => Listener.Address.Equals(listener.Address) && (Listener.Port == 0 || Listener.Port == listener.Port);

    /// <inheritdoc/>
    public override string ToString() => $"{Listener}={Network?.ToString() ?? Nobody}";

    private static bool HasPort(string listener) => listener.LastIndexOf(':') is var colon and > 0 && (listener.IndexOf(':', StringComparison.Ordinal) == colon || listener[colon - 1] == ']');
}

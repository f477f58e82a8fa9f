using Gateway.Transport.Tls;

namespace Gateway.Cli.Expose;

/// <summary>A gateway's tunnel port, and how it is spoken to.</summary>
/// <param name="At">Where it is.</param>
/// <param name="IsTls">True: over TLS. False: as the old client did, readable on the way.</param>
/// <param name="Pin">The key that it must show; null: a certificate that this machine trusts.</param>
internal sealed record TunnelRemote(HostPort At, bool IsTls = false, KeyPin? Pin = null)
{
    /// <summary>Where gateways listen for tunnel clients when nobody says otherwise.</summary>
    public const int DefaultPort = 18000;

    private const string Tls = "tls://";
    private const string Plain = "tcp://";

    /// <summary>
    /// Reads <c>tls://host[:port][#sha256:…]</c>, <c>tcp://host[:port]</c>, or <c>host[:port]</c> as the old client took it.
    /// <paramref name="pin"/> holds for what names none itself, and asks for TLS.
    /// </summary>
    public static bool TryParse(string text, KeyPin? pin, out TunnelRemote remote, out string fault)
    {
        (remote, fault) = (null!, "");
        var trimmed = text.Trim();
        var (address, own) = trimmed.IndexOf('#', StringComparison.Ordinal) is >= 0 and var hash ? (trimmed[..hash], trimmed[(hash + 1)..]) : (trimmed, null);
        var isPlain = address.StartsWith(Plain, StringComparison.OrdinalIgnoreCase);
        if (isPlain && (own ?? pin?.ToString()) is not null) fault = $"'{trimmed}' is plain TCP, which has no key to pin: write tls://.";
        else if (own is not null && !TryReadPin(own, ref pin)) fault = $"'{own}' is no pin: write sha256: and 64 hexadecimal digits, as 'gateway reserve tunnel' prints it.";
        else if (!HostPort.TryParse(WithoutScheme(address), DefaultPort, out var at)) fault = $"--remote takes host:port, tls://host:port or tls://host:port#pin, not '{trimmed}'.";
        else remote = new TunnelRemote(at, pin is not null || address.StartsWith(Tls, StringComparison.OrdinalIgnoreCase), pin);
        return fault.Length == 0;
    }

    private static bool TryReadPin(string text, ref KeyPin? pin)
    {
        if (!KeyPin.TryParse(text, out var read)) return false;
        pin = read;
        return true;
    }

    private static string WithoutScheme(string address) =>
        address.StartsWith(Tls, StringComparison.OrdinalIgnoreCase) || address.StartsWith(Plain, StringComparison.OrdinalIgnoreCase) ? address[Tls.Length..] : address;
}

using Gateway.Model;
using Gateway.Transport.Tls;

namespace Gateway.Cli.Expose;

/// <summary>A gateway's tunnel port, and how it is spoken to.</summary>
/// <param name="At">Where it is.</param>
/// <param name="IsTls">True: over TLS. False: as the old client did, readable on the way.</param>
/// <param name="Pins">The keys of which it must show one, several while its operator changes the key; none: a certificate that this machine trusts.</param>
internal sealed record TunnelRemote(HostPort At, bool IsTls, EquatableList<KeyPin> Pins)
{
    /// <summary>Where gateways listen for tunnel clients when nobody says otherwise.</summary>
    public const int DefaultPort = 18000;

    private const string Tls = "tls://";
    private const string Plain = "tcp://";

    /// <summary>A gateway with these pins.</summary>
    public TunnelRemote(HostPort at, bool isTls = false, params IEnumerable<KeyPin> pins)
        : this(at, isTls, new EquatableList<KeyPin>(pins))
    {
    }

    /// <summary>
    /// Reads <c>tls://host[:port][#sha256:…]</c> with one or more pins, <c>tcp://host[:port]</c>, or <c>host[:port]</c> as the old client took it.
    /// <paramref name="pins"/> hold for what names none itself, and ask for TLS.
    /// </summary>
    public static bool TryParse(string text, IReadOnlyList<KeyPin> pins, out TunnelRemote remote, out string fault)
    {
        (remote, fault) = (null!, "");
        var trimmed = text.Trim();
        var (address, own) = trimmed.IndexOf('#', StringComparison.Ordinal) is >= 0 and var hash ? (trimmed[..hash], trimmed[(hash + 1)..]) : (trimmed, null);
        var isPlain = address.StartsWith(Plain, StringComparison.OrdinalIgnoreCase);
        if (isPlain && (own is not null || pins.Count > 0)) fault = $"'{trimmed}' is plain TCP, which has no key to pin: write tls://.";
        else if (own is not null && !TryReadPins(own, ref pins)) fault = $"'{own}' is no pin: write sha256: and 64 hexadecimal digits, as 'gateway reserve tunnel' prints it.";
        else if (!HostPort.TryParse(WithoutScheme(address), DefaultPort, out var at)) fault = $"--remote takes host:port, tls://host:port or tls://host:port#pin, not '{trimmed}'.";
        else remote = new TunnelRemote(at, pins.Count > 0 || address.StartsWith(Tls, StringComparison.OrdinalIgnoreCase), pins);
        return fault.Length == 0;
    }

    private static bool TryReadPins(string text, ref IReadOnlyList<KeyPin> pins)
    {
        var read = new List<KeyPin>();
        foreach (var part in text.Split('#'))
        {
            if (!KeyPin.TryParse(part, out var pin)) return false;
            read.Add(pin);
        }

        pins = read;
        return true;
    }

    private static string WithoutScheme(string address) =>
        address.StartsWith(Tls, StringComparison.OrdinalIgnoreCase) || address.StartsWith(Plain, StringComparison.OrdinalIgnoreCase) ? address[Tls.Length..] : address;
}

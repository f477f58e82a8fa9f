using System.Net;
using System.Text;
using Gateway.Model.Names;
using Gateway.Model.Reservations;

namespace Gateway.Model.ExplorerApi;

/// <summary>From the API's loose object to a reservation (the provisioning contract, section 2.3).</summary>
public static class WorkloadConversion
{
    private const int HighestPort = 65535;

    /// <summary>
    /// Never fails: a kind that no gateway serves, and content that cannot be read, become <see cref="Reservation.Unsupported"/>, whose reason is
    /// told to the user.
    /// </summary>
    public static Reservation ToReservation(this Workload workload)
    {
        var frame = new Frame(
            workload.Reference.Length > 0 ? workload.Reference : workload.GlobalId,
            workload.CustomerTid,
            workload.NodeId,
            workload.Epoch.ToTime());
        return workload.WorkloadType switch
        {
            WorkloadType.Proxy => Proxy(workload, frame),
            WorkloadType.ReverseProxy => ReverseProxy(workload, frame),
            WorkloadType.Subdomain => Subdomain(workload, frame),
            WorkloadType.DomainDelegate => Delegate(workload, frame),
            WorkloadType.Gateway4To6 => new Reservation.Gateway4To6(frame.Id, frame.User, frame.NodeId, frame.Created, workload.PublicKey ?? ""),
            _ => Unsupported(workload, frame, "type of reservation not supported"),
        };
    }

    /// <summary>Reads a name that may be reserved: letters, digits, hyphens, underscores, and at least two labels. The fault is told to the user.</summary>
    public static bool TryReadDomain(string? text, out DomainName name, out string fault)
    {
        if (text is not null && !Ascii.IsValid(text))
        {
            (name, fault) = (default, InternationalName.AsciiFormOf(text) is { } ascii
                ? $"'{ascii}' is the form in which that name has to be written: letters beyond ASCII are no part of the DNS"
                : "the domain name holds letters beyond ASCII that have no sure form in the DNS: write it as it is registered, with labels like 'xn--bcher-kva'");
            return false;
        }

        if (!DomainName.TryParse(text ?? "", out name) || !name.IsHostName || IPAddress.TryParse(text, out _)) fault = $"'{text}' is not a valid domain name";
        else fault = name.LabelCount < 2 ? $"'{text}' is not a full domain name: it needs at least one dot" : "";
        return fault.Length == 0;
    }

    private static Reservation Proxy(Workload workload, Frame frame)
    {
        if (!TryReadDomain(workload.Domain, out var name, out var fault)) return Unsupported(workload, frame, fault);
        if (string.IsNullOrWhiteSpace(workload.Address)) return Unsupported(workload, frame, "a proxy needs an address (addr)");
        if (workload.Port > HighestPort || workload.PortTls > HighestPort) return Unsupported(workload, frame, "a port is at most 65535");
        return new Reservation.Proxy(frame.Id, frame.User, frame.NodeId, frame.Created, name, workload.Address, (int)(workload.Port ?? 0), (int)(workload.PortTls ?? 0));
    }

    private static Reservation ReverseProxy(Workload workload, Frame frame) =>
        TryReadDomain(workload.Domain, out var name, out var fault)
            ? new Reservation.ReverseProxy(frame.Id, frame.User, frame.NodeId, frame.Created, name, workload.Secret ?? "", workload.Version)
            : Unsupported(workload, frame, fault);

    private static Reservation Subdomain(Workload workload, Frame frame)
    {
        if (!TryReadDomain(workload.Domain, out var name, out var fault)) return Unsupported(workload, frame, fault);
        var addresses = (workload.Ips ?? []).Select(ReadAddress).OfType<IPAddress>();
        return new Reservation.Subdomain(frame.Id, frame.User, frame.NodeId, frame.Created, name, new EquatableList<IPAddress>(addresses));
    }

    private static Reservation Delegate(Workload workload, Frame frame) =>
        TryReadDomain(workload.Domain, out var name, out var fault)
            ? new Reservation.DelegateDomain(frame.Id, frame.User, frame.NodeId, frame.Created, name)
            : Unsupported(workload, frame, fault);

    private static Reservation.Unsupported Unsupported(Workload workload, Frame frame, string reason) =>
        new(frame.Id, frame.User, frame.NodeId, frame.Created, workload.WorkloadType.Name, reason);

    /// <summary>A literal in full form; null for anything else, also for the short forms of IPv4 ("127.1") and for zones ("fe80::1%eth0").</summary>
    public static IPAddress? ReadAddress(string text)
    {
        if (text.Contains('%') || !IPAddress.TryParse(text, out var address)) return null;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        // Older libraries read "010.0.0.1" in two ways, so what does not print as it was written is refused.
        return !text.Contains(':') && address.ToString() != text ? null : address;
    }

    private readonly record struct Frame(string Id, long User, string NodeId, DateTimeOffset Created);
}

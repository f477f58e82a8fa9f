using System.Net;
using System.Net.Sockets;

namespace Gateway.Transport;

/// <summary>Opens listeners, and explains why one cannot be opened.</summary>
public static class Listening
{
    // SOL_SOCKET and SO_REUSEADDR. The runtime's own ReuseAddress sets SO_REUSEPORT too, and would hide that a port is taken.
    private const int SocketLevel = 1;
    private const int ReuseAddress = 2;

    /// <summary>
    /// Opens a TCP listener; an IPv6 one takes IPv6 visitors only. When it cannot, <paramref name="fault"/> is one sentence that
    /// names the port and, where /proc shows it, its holder.
    /// </summary>
    public static bool TryBind(IPEndPoint endpoint, int backlog, out Socket listener, out string fault)
    {
        listener = null!;
        Socket? socket = null;
        try
        {
            socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetRawSocketOption(SocketLevel, ReuseAddress, BitConverter.GetBytes(1));
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
            socket.Bind(endpoint);
            socket.Listen(backlog);
            (listener, fault) = (socket, "");
            return true;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            fault = Explain(endpoint, e, ProtocolType.Tcp);
            return false;
        }
    }

    /// <summary>Why a port cannot be opened, in one sentence that says what to do; names the port and, where /proc shows it, its holder.</summary>
    public static string Explain(IPEndPoint endpoint, SocketException e, ProtocolType protocol)
    {
        var port = $"{(protocol == ProtocolType.Udp ? "UDP" : "TCP")} port {endpoint.Port}";
        return e.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"{port} on {endpoint.Address} is taken{By(PortHolder.Find(endpoint.Port, protocol == ProtocolType.Udp))}; stop its holder or choose another port.",
            SocketError.AccessDenied => $"{port} on {endpoint.Address} needs a right we lack; run as root, grant CAP_NET_BIND_SERVICE, or choose a port above 1023.",
            SocketError.AddressNotAvailable => $"{endpoint.Address} is not an address of this machine, so {port} cannot be opened on it.",
            SocketError.AddressFamilyNotSupported => $"This machine has no {(endpoint.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4")}, so {port} cannot be opened on {endpoint.Address}.",
            _ => $"{port} on {endpoint.Address} cannot be opened: {e.Message}.",
        };
    }

    private static string By(string? holder) => holder is null ? "" : $" by {holder}";
}

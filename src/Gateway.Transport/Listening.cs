using System.Net;
using System.Net.Sockets;
using Gateway.Transport.Native;

namespace Gateway.Transport;

/// <summary>Opens listeners, and explains why one cannot be opened.</summary>
public static class Listening
{
    // SOL_SOCKET and SO_REUSEADDR. The runtime's own ReuseAddress sets SO_REUSEPORT too, and would hide that a port is taken.
    private const int SocketLevel = 1;
    private const int ReuseAddress = 2;
    private const int ReusePort = 15;

    /// <summary>
    /// The TCP listeners of one part: those that the service manager passed under its name, else one for each endpoint that is
    /// wanted. Faults are added to <paramref name="faults"/>, one for each that cannot be opened. With <paramref name="isShared"/>
    /// another process of the same user that says so too may have the same ports: the kernel deals visitors out to both (socket(7)).
    /// </summary>
    public static IReadOnlyList<Socket> Open(string name, IReadOnlyList<IPEndPoint> wanted, int backlog, PassedSockets passed, List<string> faults, bool isShared = false)
    {
        if (passed.Claim(name, SocketType.Stream) is { Count: > 0 } claimed) return claimed;
        var opened = new List<Socket>();
        foreach (var endpoint in wanted)
        {
            if (TryBind(endpoint, backlog, out var listener, out var fault, isShared)) opened.Add(listener);
            else faults.Add(fault);
        }

        return opened;
    }

    /// <summary>
    /// Opens a TCP listener; an IPv6 one takes IPv6 visitors only. When it cannot, <paramref name="fault"/> is one sentence that
    /// names the port and, where /proc shows it, its holder.
    /// </summary>
    public static bool TryBind(IPEndPoint endpoint, int backlog, out Socket listener, out string fault, bool isShared = false)
    {
        listener = null!;
        Socket? socket = null;
        try
        {
            socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetRawSocketOption(SocketLevel, ReuseAddress, BitConverter.GetBytes(1));
            if (isShared) socket.SetRawSocketOption(SocketLevel, ReusePort, BitConverter.GetBytes(1));
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

    /// <summary>A second descriptor of the same socket, for another thread; each is closed by itself.</summary>
    /// <exception cref="IOException">No descriptor is left.</exception>
    public static Socket Duplicate(Socket socket)
    {
        var copy = DescriptorCalls.Duplicate(socket.SafeHandle);
        return copy >= 0 ? new Socket(new SafeSocketHandle(copy, ownsHandle: true)) : throw new IOException("No descriptor is left.");
    }

    /// <summary>Why a port cannot be opened, in one sentence that says what to do; names the port and, where /proc shows it, its holder.</summary>
    public static string Explain(IPEndPoint endpoint, SocketException e, ProtocolType protocol)
    {
        var port = $"{(protocol == ProtocolType.Udp ? "UDP" : "TCP")} port {endpoint.Port}";
        return e.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"{port} on {endpoint.Address} is taken{By(PortHolder.Find(endpoint, protocol == ProtocolType.Udp))}; stop its holder or choose another port.",
            SocketError.AccessDenied => $"{port} on {endpoint.Address} needs a right we lack; run as root, grant CAP_NET_BIND_SERVICE, or choose a port above 1023.",
            SocketError.AddressNotAvailable => $"{endpoint.Address} is not an address of this machine, so {port} cannot be opened on it.",
            SocketError.AddressFamilyNotSupported => $"This machine has no {(endpoint.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4")}, so {port} cannot be opened on {endpoint.Address}.",
            _ => $"{port} on {endpoint.Address} cannot be opened: {e.Message}.",
        };
    }

    private static string By(string? holder) => holder is null ? "" : $" by {holder}";
}

using System.Collections;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gateway.Transport.Native;

namespace Gateway.Transport;

/// <summary>
/// Sockets that the service manager opened for this process and named (sd_listen_fds(3)). It keeps them over our restarts, so that
/// nobody is refused meanwhile. Each belongs to this until a part claims it; what nobody claims is a fault, not a silence.
/// </summary>
public sealed class PassedSockets : IDisposable
{
    /// <summary>The first descriptor after standard input, output and error (SD_LISTEN_FDS_START).</summary>
    private const int FirstDescriptor = 3;

    /// <summary>What the service manager writes for a socket without a name.</summary>
    private const string Unnamed = "unknown";

    private readonly List<(string Name, Socket Socket)> _unclaimed = [];
    private readonly List<string> _faults = [];

    private PassedSockets()
    {
    }

    /// <summary>None were passed.</summary>
    public static PassedSockets None { get; } = new();

    /// <summary>What was passed and cannot be used, and what nobody has claimed: each a sentence that says what to do.</summary>
    public IReadOnlyList<string> Faults => [.. _faults, .. _unclaimed.Select(it =>
        $"The service manager passed {Describe(it.Socket)} named '{it.Name}', which no part of this node takes: "
        + "name it dns, http, tls, tunnel, explorer or admin (FileDescriptorName=), and run the role that it is for.")];

    /// <summary>Takes over what LISTEN_FDS announces; nothing when it is not meant for this process.</summary>
    /// <param name="environment">The environment of the process.</param>
    /// <param name="processId">The process's number, which LISTEN_PID must name.</param>
    public static PassedSockets Take(IDictionary environment, int processId) => Take(environment, processId, FirstDescriptor);

    /// <summary>The same, for descriptors that begin elsewhere.</summary>
    internal static PassedSockets Take(IDictionary environment, int processId, int first)
    {
        var passed = new PassedSockets();
        if (Number(environment["LISTEN_PID"]) != processId) return passed;
        var count = Number(environment["LISTEN_FDS"]);
        var names = (environment["LISTEN_FDNAMES"] as string ?? "").Split(':');
        for (var i = 0; i < count; i++) passed.Adopt(first + i, i < names.Length && names[i].Length > 0 ? names[i] : Unnamed);
        return passed;
    }

    /// <summary>The sockets of this name, which are the caller's from now on; none when none were passed.</summary>
    public IReadOnlyList<Socket> Claim(string name, SocketType type)
    {
        var claimed = _unclaimed.FindAll(it => it.Name == name && it.Socket.SocketType == type);
        _unclaimed.RemoveAll(claimed.Contains);
        return claimed.ConvertAll(it => it.Socket);
    }

    /// <summary>Closes what nobody claimed.</summary>
    public void Dispose()
    {
        foreach (var (_, socket) in _unclaimed) socket.Dispose();
        _unclaimed.Clear();
    }

    private void Adopt(int descriptor, string name)
    {
        DescriptorCalls.KeepFromChildren(descriptor);
        DescriptorCalls.LetWait(descriptor);
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        if (FaultOf(socket) is not { } fault)
        {
            _unclaimed.Add((name, socket));
            return;
        }

        _faults.Add($"The service manager passed {Describe(socket)} named '{name}': {fault}");
        // Not left to the finalizer: by then the number of the descriptor may be somebody else's.
        socket.Dispose();
    }

    private static string? FaultOf(Socket socket)
    {
        const int socketLevel = 1, acceptsConnections = 30;
        if (socket.LocalEndPoint is not IPEndPoint) return "it has no address and port; pass those of ListenStream= and ListenDatagram= only.";
        // One rule for all listeners: an IPv6 one takes IPv6 only, so that an address always looks the same to limits and logs.
        if (socket is { AddressFamily: AddressFamily.InterNetworkV6, DualMode: true }) return "it takes IPv4 as well; set BindIPv6Only=ipv6-only and pass another one for 0.0.0.0.";
        if (socket.SocketType != SocketType.Stream) return null;
        var accepts = new byte[sizeof(int)];
        socket.GetRawSocketOption(socketLevel, acceptsConnections, accepts);
        return BitConverter.ToInt32(accepts) != 0 ? null : "it is a connection and no listener; set Accept=no.";
    }

    private static string Describe(Socket socket) => socket.LocalEndPoint is not IPEndPoint ? "something" : $"the {(socket.SocketType == SocketType.Dgram ? "UDP" : "TCP")} socket {socket.LocalEndPoint}";

    private static int Number(object? text) => int.TryParse(text as string, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

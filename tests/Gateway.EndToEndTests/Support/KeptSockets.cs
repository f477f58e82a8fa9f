using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Gateway.EndToEndTests.Support;

/// <summary>Sockets that outlive the programs that serve them, as those of a service manager's socket units do (sd_listen_fds(3)).</summary>
internal sealed partial class KeptSockets : IDisposable
{
    /* Far from what the shell uses for itself, and from where the sockets are to be. */
    private const int Above = 100;

    private const string Hand = """
        names=$1; shift; at=3
        while [ "$1" != -- ]; do eval "exec $at<&$1 $1<&-"; at=$((at + 1)); shift; done
        shift
        export LISTEN_PID=$$ LISTEN_FDNAMES=$names LISTEN_FDS=$((at - 3))
        exec "$@"
        """;

    private readonly List<(string Name, SafeSocketHandle Handle)> _kept = [];

    /// <summary>Command line that gives the sockets to the program that follows it, and becomes that program.</summary>
    public string[] Starter =>
        ["bash", "-c", Hand, "hand", string.Join(':', _kept.Select(it => it.Name)), .. _kept.Select(it => it.Handle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture)), "--"];

    /// <summary>Opens a TCP port of loopback.</summary>
    public IPEndPoint Listen(string name, int port = 0)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen(4096);
        return Keep(name, socket);
    }

    /// <summary>Opens a port of loopback for UDP and TCP.</summary>
    public IPEndPoint ListenForQueries(string name)
    {
        var tcp = Listen(name);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(tcp);
        return Keep(name, socket);
    }

    public void Dispose()
    {
        foreach (var (_, handle) in _kept) handle.Dispose();
    }

    private IPEndPoint Keep(string name, Socket socket)
    {
        const int duplicate = 0;
        // Without close-on-exec, unlike everything that .NET opens.
        var copy = fcntl(socket.SafeHandle, duplicate, Above);
        if (copy < 0) throw new IOException("No descriptor is left.");
        _kept.Add((name, new SafeSocketHandle(copy, ownsHandle: true)));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    [LibraryImport("libc")]
    private static partial int fcntl(SafeHandle descriptor, int command, int value);
}

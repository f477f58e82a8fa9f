using System.Net;
using System.Runtime.InteropServices;

namespace Gateway.Transport.Native;

/// <summary>
/// Congestion control that paces (BBR) sets a timer of the kernel for nearly each burst it sends. Towards the world that is worth
/// its price; between two processes of one machine there is no bottleneck to go easy on, and the timers cost more than the bytes.
/// </summary>
internal static unsafe partial class Pacing
{
    private const int TcpLevel = 6;
    private const int CongestionOption = 13;

    // TCP_CA_NAME_MAX.
    private const int LongestName = 16;

    private static ReadOnlySpan<byte> Pacer => "bbr"u8;

    // Built into every kernel, and allowed to everybody (tcp(7)).
    private static ReadOnlySpan<byte> WithoutPacing => "reno"u8;

    /// <summary>Has a socket whose peer is on this machine send without pacing; any other stays as the operator has set the system.</summary>
    public static void Spare(SafeHandle socket)
    {
        if (!IsPaced(socket)) return;
        if (SocketCalls.Local(socket) is not { } local || SocketCalls.Peer(socket) is not { } peer || !IsWithinMachine(local.Address, peer.Address)) return;
        fixed (byte* name = WithoutPacing) _ = setsockopt(socket, TcpLevel, CongestionOption, name, (uint)WithoutPacing.Length);
    }

    /// <summary>Whether a connection between these two never leaves the machine.</summary>
    public static bool IsWithinMachine(IPAddress local, IPAddress peer) => local.Equals(peer) || IPAddress.IsLoopback(peer);

    /// <summary>Whether the kernel paces what this socket sends.</summary>
    public static bool IsPaced(SafeHandle socket)
    {
        Span<byte> name = stackalloc byte[LongestName];
        uint size = LongestName;
        fixed (byte* at = name)
            return getsockopt(socket, TcpLevel, CongestionOption, at, &size) == 0 && name.StartsWith(Pacer);
    }

    [LibraryImport("libc")]
    private static partial int setsockopt(SafeHandle socket, int level, int option, byte* value, uint length);

    [LibraryImport("libc")]
    private static partial int getsockopt(SafeHandle socket, int level, int option, byte* value, uint* length);
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Gateway.Transport.Native;

/// <summary>
/// The socket calls of libc that never wait. Each gives a count, or a negative errno: no exception for what a peer did.
/// </summary>
internal static unsafe partial class SocketCalls
{
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int Peek = 0x2;
    private const int Stream = 1;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int ShutdownWrite = 1;
    private const int SocketLevel = 1;
    private const int ErrorOption = 4;

    /// <summary>Reads what is there.</summary>
    public static int Receive(SafeHandle socket, Span<byte> into) => Receive(socket, into, DontWait);

    /// <summary>Says whether there is something to read, without reading it: 1, 0 at the end, or a negative errno.</summary>
    public static int Look(SafeHandle socket)
    {
        Span<byte> one = stackalloc byte[1];
        return Receive(socket, one, DontWait | Peek);
    }

    /// <summary>Reads what is there and leaves it there.</summary>
    public static int Look(SafeHandle socket, Span<byte> into) => Receive(socket, into, DontWait | Peek);

    /// <summary>Hands over what fits.</summary>
    public static int Send(SafeHandle socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* at = bytes)
        {
            while (true)
            {
                var sent = TrySend(socket, at, bytes.Length);
                if (sent != -Errors.Interrupted) return sent;
            }
        }
    }

    /// <summary>Ends our direction.</summary>
    public static int EndSending(SafeHandle socket)
    {
        try
        {
            return shutdown(socket, ShutdownWrite) == 0 ? 0 : -Errno();
        }
        catch (ObjectDisposedException)
        {
            return -Errors.Closed;
        }
    }

    /// <summary>Opens a TCP socket that never blocks, and begins to dial. The handle is invalid when no socket could be opened.</summary>
    public static int BeginConnect(IPEndPoint to, out SafeSocketHandle socket)
    {
        var address = to.Serialize();
        var descriptor = SocketCalls.socket((int)to.AddressFamily == (int)AddressFamily.InterNetworkV6 ? 10 : 2, Stream | NonBlocking | CloseOnExec, 0);
        var opened = descriptor >= 0 ? 0 : -Errno();
        socket = new SafeSocketHandle(descriptor, ownsHandle: true);
        if (opened < 0) return opened;
        fixed (byte* at = address.Buffer.Span)
            return connect(socket, at, (uint)address.Size) == 0 ? 0 : -Errno();
    }

    /// <summary>The error that waits on a socket, as a negative errno; 0 when there is none. Reading takes it.</summary>
    public static int TakeError(SafeHandle socket)
    {
        int error;
        uint size = sizeof(int);
        return getsockopt(socket, SocketLevel, ErrorOption, &error, &size) == 0 ? -error : -Errno();
    }

    private static int Receive(SafeHandle socket, Span<byte> into, int flags)
    {
        fixed (byte* at = into)
        {
            while (true)
            {
                var read = TryReceive(socket, at, into.Length, flags);
                if (read != -Errors.Interrupted) return read;
            }
        }
    }

    private static int TryReceive(SafeHandle socket, byte* into, int length, int flags)
    {
        try
        {
            var read = recv(socket, into, (nuint)length, flags);
            return read >= 0 ? (int)read : -Errno();
        }
        catch (ObjectDisposedException)
        {
            return -Errors.Closed;
        }
    }

    private static int TrySend(SafeHandle socket, byte* bytes, int length)
    {
        try
        {
            var sent = send(socket, bytes, (nuint)length, DontWait | NoSignal);
            return sent >= 0 ? (int)sent : -Errno();
        }
        catch (ObjectDisposedException)
        {
            return -Errors.Closed;
        }
    }

    private static int Errno() => Marshal.GetLastPInvokeError();

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(SafeHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(SafeHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(SafeHandle socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(SafeHandle socket, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(SafeHandle socket, int level, int option, int* value, uint* length);
}

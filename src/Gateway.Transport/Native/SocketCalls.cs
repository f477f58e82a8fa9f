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
    private const int LingerOption = 13;
    private const int TcpLevel = 6;
    private const int NoDelayOption = 1;
    private const int LargestSegmentOption = 2;
    private const int DeferAcceptOption = 9;
    private const int InfoOption = 11;
    private const int QuickAcknowledgeOption = 12;
    private const int KeepAliveOption = 9;

    // 1,280 octets (RFC 8200 section 5) less the headers of IPv6 and TCP.
    private const int NarrowSegment = 1220;

    private const int KeepIdleOption = 4;
    private const int KeepIntervalOption = 5;
    private const int KeepCountOption = 6;
    private const nuint OutputQueue = 0x5411;

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

    /// <summary>Hands over what fits of the one and then of the other.</summary>
    public static int Send(SafeHandle socket, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (second.IsEmpty) return Send(socket, first);
        fixed (byte* one = first, two = second)
        {
            // struct iovec, twice, and struct msghdr around it.
            var parts = stackalloc nint[4] { (nint)one, first.Length, (nint)two, second.Length };
            var message = stackalloc nint[7] { 0, 0, (nint)parts, 2, 0, 0, 0 };
            while (true)
            {
                var sent = TrySend(socket, message);
                if (sent != -Errors.Interrupted) return sent;
            }
        }
    }

    /// <summary>Bytes handed over that the peer has not acknowledged (SIOCOUTQ in tcp(7)); 0 for a socket that is gone.</summary>
    public static int Unacknowledged(SafeHandle socket)
    {
        try
        {
            int waiting;
            return ioctl(socket, OutputQueue, &waiting) == 0 ? waiting : 0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
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

    /// <summary>Opens a TCP socket that never blocks and sends what it is given at once: a descriptor, or a negative errno.</summary>
    public static int Open(AddressFamily family)
    {
        var opened = socket(family == AddressFamily.InterNetworkV6 ? SocketAddress.IPv6 : SocketAddress.IPv4, Stream | NonBlocking | CloseOnExec, 0);
        if (opened < 0) return -Errno();
        var one = 1;
        _ = setsockopt(opened, TcpLevel, NoDelayOption, &one, sizeof(int));
        return opened;
    }

    /// <summary>Begins to dial.</summary>
    public static int BeginConnect(SafeHandle socket, IPEndPoint to, ConnectOptions options)
    {
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        var length = SocketAddress.Write(to, address);
        if (options.SpeaksFirst) AnswerWithBytes(socket);
        if (options.IsNarrow) Set(socket, TcpLevel, LargestSegmentOption, NarrowSegment);
        fixed (byte* at = address)
            return connect(socket, at, (uint)length) == 0 ? 0 : -Errno();
    }

    /// <summary>Takes its connection off a socket, with a reset if it stands, so that it may dial again (connect(2), AF_UNSPEC).</summary>
    public static int Disconnect(int socket)
    {
        Span<byte> nowhere = stackalloc byte[SocketAddress.MaxLength];
        nowhere.Clear();
        fixed (byte* at = nowhere)
            return connect(socket, at, SocketAddress.MaxLength) == 0 ? 0 : -Errno();
    }

    /// <summary>True when the connection is over for both sides, and nothing of it is left to be sent or acknowledged.</summary>
    public static bool IsOver(SafeHandle socket)
    {
        const byte closed = 7;
        // struct tcp_info begins with the state (tcp(7)).
        byte state = 0;
        uint size = sizeof(byte);
        return getsockopt(socket, TcpLevel, InfoOption, &state, &size) == 0 && state == closed;
    }

    /// <summary>Takes the next visitor from a listener's queue. The descriptor is null when the answer is a negative errno.</summary>
    public static int Accept(SafeHandle listener, out Descriptor? visitor, out IPEndPoint? remote)
    {
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        (visitor, remote) = (null, null);
        var length = (uint)address.Length;
        fixed (byte* at = address)
        {
            var accepted = TryAccept(listener, at, &length);
            if (accepted < 0) return accepted;
            visitor = new Descriptor(accepted);
        }
        remote = SocketAddress.Read(address[..(int)length]);
        return 0;
    }

    /// <summary>Our own end of a connection; null when it is gone.</summary>
    public static IPEndPoint? Local(SafeHandle socket)
    {
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        var length = (uint)address.Length;
        fixed (byte* at = address)
            return getsockname(socket, at, &length) == 0 ? SocketAddress.Read(address[..(int)length]) : null;
    }

    /// <summary>True when the peer has answered our dial already.</summary>
    public static bool IsConnected(SafeHandle socket)
    {
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        var length = (uint)address.Length;
        fixed (byte* at = address) return getpeername(socket, at, &length) == 0;
    }

    /// <summary>The other end of a connection; null when it is gone.</summary>
    public static IPEndPoint? Peer(SafeHandle socket)
    {
        Span<byte> address = stackalloc byte[SocketAddress.MaxLength];
        var length = (uint)address.Length;
        fixed (byte* at = address)
            return getpeername(socket, at, &length) == 0 ? SocketAddress.Read(address[..(int)length]) : null;
    }

    /// <summary>Small pieces are sent at once (TCP_NODELAY). What a listener accepts has it from the listener.</summary>
    public static void SendAtOnce(SafeHandle socket) => Set(socket, TcpLevel, NoDelayOption, 1);

    /// <summary>
    /// The last packet of the handshake waits for our first bytes, at most some 200 ms, and carries them (TCP_QUICKACK in tcp(7)).
    /// </summary>
    private static void AnswerWithBytes(SafeHandle dialling) => Set(dialling, TcpLevel, QuickAcknowledgeOption, 0);

    /// <summary>
    /// A visitor is given to us with its first bytes, not before (TCP_DEFER_ACCEPT), or after about so many seconds without any: one
    /// that says nothing costs no descriptor meanwhile.
    /// </summary>
    public static void AcceptWithBytes(SafeHandle listener, int seconds) => Set(listener, TcpLevel, DeferAcceptOption, seconds);

    /// <summary>The kernel asks a silent peer for a sign of life after so many seconds and as often again, twice (tcp(7)).</summary>
    public static void KeepAlive(SafeHandle socket, int seconds)
    {
        const int questions = 2;
        Set(socket, TcpLevel, KeepIdleOption, seconds);
        Set(socket, TcpLevel, KeepIntervalOption, seconds);
        Set(socket, TcpLevel, KeepCountOption, questions);
        Set(socket, SocketLevel, KeepAliveOption, 1);
    }

    /// <summary>The close that follows sends a reset.</summary>
    public static void ResetOnClose(SafeHandle socket)
    {
        // struct linger: on, for no time at all.
        Span<int> linger = [1, 0];
        fixed (int* at = linger) _ = setsockopt(socket, SocketLevel, LingerOption, at, 2 * sizeof(int));
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

    private static int TryAccept(SafeHandle listener, byte* address, uint* length)
    {
        try
        {
            var accepted = accept4(listener, address, length, NonBlocking | CloseOnExec);
            return accepted >= 0 ? accepted : -Errno();
        }
        catch (ObjectDisposedException)
        {
            return -Errors.Closed;
        }
    }

    private static void Set(SafeHandle socket, int level, int option, int value)
    {
        try
        {
            _ = setsockopt(socket, level, option, &value, sizeof(int));
        }
        catch (ObjectDisposedException)
        {
            // We have closed it meanwhile: there is nothing to set.
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

    private static int TrySend(SafeHandle socket, nint* message)
    {
        try
        {
            var sent = sendmsg(socket, message, DontWait | NoSignal);
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
    private static partial nint sendmsg(SafeHandle socket, nint* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(SafeHandle socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(SafeHandle socket, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int socket, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(SafeHandle listener, byte* address, uint* length, int flags);

    [LibraryImport("libc")]
    private static partial int ioctl(SafeHandle socket, nuint request, int* value);

    [LibraryImport("libc")]
    private static partial int getsockname(SafeHandle socket, byte* address, uint* length);

    [LibraryImport("libc")]
    private static partial int getpeername(SafeHandle socket, byte* address, uint* length);

    [LibraryImport("libc")]
    private static partial int setsockopt(SafeHandle socket, int level, int option, int* value, uint length);

    [LibraryImport("libc")]
    private static partial int setsockopt(int socket, int level, int option, int* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(SafeHandle socket, int level, int option, void* value, uint* length);
}

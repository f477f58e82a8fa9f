using System.Runtime.InteropServices;

namespace Gateway.Dns.Sockets;

/// <summary>The system calls that move many datagrams at once (Linux, recvmmsg(2) and sendmmsg(2)), and their structures on 64-bit machines.</summary>
internal static unsafe partial class DatagramCalls
{
    /// <summary>Wait for the first datagram only.</summary>
    public const int WaitForOne = 0x10000;

    /// <summary>EINVAL.</summary>
    public const int InvalidArgument = 22;

    /// <summary>EIO: what a send says whose device cannot compute checksums of segments.</summary>
    public const int InputOutputError = 5;

    /// <summary>Receives up to <paramref name="count"/> datagrams. Returns how many, or -1 and sets the last error.</summary>
    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int Receive(SafeHandle socket, Message* messages, uint count, int flags, void* timeout);

    /// <summary>Sends up to <paramref name="count"/> datagrams. Returns how many, or -1 when the first one failed, and sets the last error.</summary>
    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    public static partial int Send(SafeHandle socket, Message* messages, uint count, int flags);

    /// <summary>Sleeps for microseconds, 1 to 1,000; the kernel may make some fifty more of it. The runtime's own sleep counts in milliseconds.</summary>
    public static void Pause(int microseconds)
    {
        var time = new Time { Nanoseconds = microseconds * 1_000L };
        // Cut short by a signal, it was long enough.
        _ = Sleep(&time, null);
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int Sleep(Time* time, Time* left);

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public byte* Start;
        public nuint Length;
    }

    /// <summary>struct mmsghdr, its msghdr included.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public byte* Address;
        public uint AddressLength;
        public uint AddressPadding;
        public Buffer* Buffers;
        public nuint BufferCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
        public int FlagsPadding;
        public uint Length;
        public uint LengthPadding;
    }
}

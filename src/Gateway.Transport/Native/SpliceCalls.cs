using System.Runtime.InteropServices;

namespace Gateway.Transport.Native;

/// <summary>Pipes and splice(2), for bytes that need not pass through us. Counts, or a negative errno.</summary>
internal static unsafe partial class SpliceCalls
{
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int SetPipeSize = 1031;
    private const int GetPipeSize = 1032;
    private const uint MoveWithoutWait = 1 | 2;

    /// <summary>A pipe of the wished size in bytes, or of the size that the user's limits allow; false when there is none to be had.</summary>
    public static bool TryOpenPipe(int wished, out int readEnd, out int writeEnd, out int size)
    {
        var ends = stackalloc int[2];
        var opened = pipe2(ends, NonBlocking | CloseOnExec) == 0;
        (readEnd, writeEnd, size) = opened ? (ends[0], ends[1], 0) : (-1, -1, 0);
        if (!opened) return false;
        if (DescriptorReserve.IsTouchedBy(Math.Max(readEnd, writeEnd)))
        {
            Close(readEnd);
            Close(writeEnd);
            return false;
        }

        _ = fcntl(writeEnd, SetPipeSize, wished);
        size = fcntl(writeEnd, GetPipeSize, 0);
        return true;
    }

    public static void Close(int descriptor) => _ = close(descriptor);

    /// <summary>Moves bytes from one descriptor to the other; one of them is a pipe, both never block.</summary>
    public static int Splice(int from, int to, int most)
    {
        while (true)
        {
            var moved = splice(from, null, to, null, (nuint)most, MoveWithoutWait);
            if (moved >= 0) return (int)moved;
            if (Marshal.GetLastPInvokeError() is not Errors.Interrupted and var error) return -error;
        }
    }

    /// <summary>splice(2) asks the socket, not the call, whether it may block.</summary>
    public static void NeverBlock(int descriptor)
    {
        var flags = fcntl(descriptor, GetFlags, 0);
        if ((flags & NonBlocking) == 0) _ = fcntl(descriptor, SetFlags, flags | NonBlocking);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint splice(int from, long* fromOffset, int to, long* toOffset, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, int value);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}

using System.Runtime.InteropServices;

namespace Gateway.Transport.Native;

/// <summary>The flags of a descriptor that another process opened (fcntl(2)).</summary>
internal static partial class DescriptorCalls
{
    private const int DuplicateCloseOnExec = 1030;
    private const int SetDescriptorFlags = 2;
    private const int GetStatusFlags = 3;
    private const int SetStatusFlags = 4;
    private const int CloseOnExec = 1;
    private const int NonBlocking = 0x800;

    /// <summary>Our own children shall not inherit it.</summary>
    public static void KeepFromChildren(int descriptor) => _ = fcntl(descriptor, SetDescriptorFlags, CloseOnExec);

    /// <summary>Calls on it wait, whatever its opener had set.</summary>
    public static void LetWait(int descriptor) => _ = fcntl(descriptor, SetStatusFlags, fcntl(descriptor, GetStatusFlags, 0) & ~NonBlocking);

    /// <summary>How many descriptors this process may have (RLIMIT_NOFILE).</summary>
    public static long Limit()
    {
        const int openFiles = 7;
        return getrlimit(openFiles, out var limits) == 0 && limits.Soft < long.MaxValue ? (long)limits.Soft : long.MaxValue;
    }

    /// <summary>A second descriptor of the same socket; negative when there is none left.</summary>
    public static int Duplicate(SafeHandle descriptor) => fcntl(descriptor, DuplicateCloseOnExec, 0);

    private record struct Limits(ulong Soft, ulong Hard);

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, out Limits limits);

    [LibraryImport("libc")]
    private static partial int fcntl(int descriptor, int command, int value);

    [LibraryImport("libc")]
    private static partial int fcntl(SafeHandle descriptor, int command, int value);
}

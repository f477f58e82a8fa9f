using System.Runtime.InteropServices;

namespace Gateway.Cli.Doctor;

/// <summary>The kernel's own word about its clock (adjtimex(2)).</summary>
internal static partial class KernelClock
{
    private const int Unsynchronized = 5;

    /* struct timex has 208 octets on 64-bit Linux. */
    private const int Length = 512;

    /// <summary>False when nothing keeps the clock right; null when the kernel does not say.</summary>
    public static bool? IsSynchronized()
    {
        // All zero: nothing is set, everything is read.
        var timex = new byte[Length];
        var state = Read(ref timex[0]);
        return state < 0 ? null : state != Unsynchronized;
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int Read(ref byte timex);
}

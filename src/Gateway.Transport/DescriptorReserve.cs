using System.Runtime.InteropServices;
using Gateway.Transport.Native;

namespace Gateway.Transport;

/// <summary>
/// The last descriptors of the process, which connections may not have. A runtime that can open nothing more cannot load a
/// library or start a thread, and ends the process; so visitors are turned away while there are still some.
/// </summary>
public static class DescriptorReserve
{
    /// <summary>Files, threads and Redis need a handful at once; a small limit gives a quarter of itself.</summary>
    private const long Most = 128;

    /// <summary>The runtime holds some 250 for its libraries before the first visitor comes.</summary>
    private const long Least = 512;

    private static readonly long First = FirstReserved();

    /// <summary>One line that says what to do when this process may open too few files to live; null when there are enough.</summary>
    public static string? Fault() => DescriptorCalls.Limit() is var limit and < Least
        ? $"descriptors: this process may open {limit} files, and a node needs {Least} at least: raise LimitNOFILE= of its unit, or 'ulimit -n'."
        : null;

    /// <summary>True when this descriptor is one of the last: close it, and back off. The kernel always gives the lowest free one.</summary>
    public static bool IsTouchedBy(SafeHandle descriptor) => IsTouchedBy(descriptor.DangerousGetHandle());

    /// <summary>The same for a bare descriptor.</summary>
    internal static bool IsTouchedBy(nint descriptor) => descriptor >= First;

    private static long FirstReserved()
    {
        var limit = DescriptorCalls.Limit();
        return limit - Math.Min(Most, limit / 4);
    }
}

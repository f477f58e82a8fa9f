using System.Runtime.InteropServices;
using Xunit;

namespace Gateway.IntegrationTests.Transport;

/// <summary>How many files this process may have open.</summary>
internal static class OpenFiles
{
    /// <summary>Sets the soft limit, and gives the former one.</summary>
    public static ulong Limit(ulong soft)
    {
        const int openFiles = 7;
        Assert.Equal(0, getrlimit(openFiles, out var limits));
        Assert.Equal(0, setrlimit(openFiles, limits with { Soft = soft }));
        return limits.Soft;
    }

    [StructLayout(LayoutKind.Sequential)]
    private record struct Limits(ulong Soft, ulong Hard);

    [DllImport("libc")]
    private static extern int getrlimit(int resource, out Limits limits);

    [DllImport("libc")]
    private static extern int setrlimit(int resource, in Limits limits);
}

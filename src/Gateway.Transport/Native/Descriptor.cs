using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gateway.Transport.Native;

/// <summary>A descriptor that is ours alone: closed by close(2), once nobody uses it any more.</summary>
internal partial class Descriptor : SafeHandleMinusOneIsInvalid
{
    public Descriptor()
        : base(ownsHandle: true)
    {
    }

    /// <summary>Owns this one from now on; -1 is none.</summary>
    public Descriptor(int descriptor)
        : this() => SetHandle(descriptor);

    protected override bool ReleaseHandle() => close((int)handle) == 0;

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}

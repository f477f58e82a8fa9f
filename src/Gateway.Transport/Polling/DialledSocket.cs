using System.Net;
using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>A socket of ours that dials an address, and may dial it again when its connection is over.</summary>
internal sealed class DialledSocket(int descriptor, IPEndPoint to) : Descriptor(descriptor)
{
    /// <summary>
    /// Instead of a close: its connection ends, with a reset if it still stands, and the next dial of this thread to the same address has
    /// the socket. For one whose options are as they were.
    /// </summary>
    public bool MayDialAgain { get; set; }

    // Nobody uses it any more: only now can it be given to somebody else.
    protected override bool ReleaseHandle() => (MayDialAgain && SpareSockets.TryKeep((int)handle, to)) || base.ReleaseHandle();
}

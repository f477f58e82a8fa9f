using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>Wakes the task that reads a socket, and the one that writes it.</summary>
internal sealed class SocketReadiness : IPolled
{
    /// <summary>There may be something to read: bytes, an end, or an error.</summary>
    public Signal Readable { get; } = new();

    /// <summary>There may be room to write, or an error to learn of.</summary>
    public Signal Writable { get; } = new();

    public void OnReady(Ready ready)
    {
        const Ready broken = Ready.Error | Ready.HungUp;
        if ((ready & (Ready.Read | Ready.PeerEnded | broken)) != 0) Readable.Set();
        if ((ready & (Ready.Write | broken)) != 0) Writable.Set();
    }

    /// <summary>Wakes both, to look again.</summary>
    public void WakeAll()
    {
        Readable.Set();
        Writable.Set();
    }
}

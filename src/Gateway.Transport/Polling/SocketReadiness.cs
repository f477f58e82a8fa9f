using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>Wakes the task that reads a socket, and the one that writes it.</summary>
internal sealed class SocketReadiness : IPolled
{
    /// <summary>There may be something to read: bytes, an end, or an error.</summary>
    public Signal Readable { get; } = new();

    /// <summary>There may be room to write, or an error to learn of.</summary>
    public Signal Writable { get; } = new();

    /// <summary>The connection is over, or never came about.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The peer's end, or a break, is behind what can be read; no further event tells of it.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Told on the poller: with false when the peer's end has come, with true when a break has. Each at most once, and nothing after a break.</summary>
    public Action<bool>? OnEnding { get; set; }

    /// <summary>Both go on on the poller, wherever their waits began.</summary>
    public bool StayOnPoller
    {
        set => (Readable.StaysOnPoller, Writable.StaysOnPoller) = (value, value);
    }

    public void OnReady(Ready ready)
    {
        const Ready broken = Ready.Error | Ready.HungUp;
        if ((ready & broken) != 0) Break();
        else if ((ready & Ready.PeerEnded) != 0) End();
        if ((ready & (Ready.Read | Ready.PeerEnded | broken)) != 0) Readable.Set();
        if ((ready & (Ready.Write | broken)) != 0) Writable.Set();
    }

    /// <summary>Wakes both, to look again.</summary>
    public void WakeAll()
    {
        Readable.Set();
        Writable.Set();
    }

    private void End()
    {
        if (IsEnding) return;
        IsEnding = true;
        OnEnding?.Invoke(false);
    }

    private void Break()
    {
        (IsBroken, IsEnding) = (true, true);
        var told = OnEnding;
        OnEnding = null;
        told?.Invoke(true);
    }
}

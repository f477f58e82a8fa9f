using System.Runtime.InteropServices;

using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>Who is told when a descriptor is ready. Called on the poller's thread: it must not wait.</summary>
internal interface IPolled
{
    void OnReady(Ready ready);
}

/// <summary>One descriptor's place at a poller. Whom it tells may change; the registration with the kernel does not.</summary>
internal sealed class PollSlot(Poller poller, int index, uint generation, IPolled? target)
{
    private IPolled? _target = target;
    private int _hearsOfRoom;

    public Poller Poller { get; } = poller;

    public int Index { get; } = index;

    /// <summary>What the kernel gives back with an event: the place, and whose it is, so that a late event finds nobody.</summary>
    public ulong Tag { get; } = ((ulong)generation << 32) | (uint)index;

    /// <summary>
    /// Has the target told of room to write from now on, and at once if there is some. A socket that takes everything, as most do,
    /// is never asked for it, and tells of nothing when it is registered.
    /// </summary>
    public void HearOfRoom(SafeHandle descriptor)
    {
        if (Interlocked.Exchange(ref _hearsOfRoom, 1) == 0) Poller.HearOfRoom(descriptor, this);
    }

    /// <summary>Whom to tell; null: nobody.</summary>
    public IPolled? Target
    {
        get => Volatile.Read(ref _target);
        set => Volatile.Write(ref _target, value);
    }
}

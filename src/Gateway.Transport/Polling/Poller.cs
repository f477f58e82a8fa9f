using System.Runtime.InteropServices;
using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>
/// One thread and its epoll instance. It tells slots what their descriptors are ready for, and runs the visits that were accepted on
/// it and the relays; nothing on it ever waits, so every socket of it is served at once. The runtime's own socket engine never sees these descriptors, so no event is
/// handled twice. The threads last as long as the process and hold nothing when nothing runs.
/// </summary>
internal sealed class Poller
{
    private const int EventsPerWait = 256;
    private const ulong BellTag = ulong.MaxValue;

    private static readonly Lock Making = new();
    private static Poller[]? _all;
    private static uint _next;

    [ThreadStatic]
    private static Poller? _current;

    private readonly Descriptor _epoll = EpollCalls.Create();
    private readonly Descriptor _bell = EpollCalls.CreateBell();
    private readonly EpollEvents _events = new(EventsPerWait);
    private readonly Lock _gate = new();
    private readonly Stack<int> _free = new();
    private PollSlot?[] _slots = new PollSlot?[64];
    private int _used;
    private int _unused;
    private uint _generation;
    private List<IPollWork> _mail = [];
    private List<IPollWork> _opened = [];

    private Poller()
    {
        EpollCalls.Add(_epoll, _bell, Ready.Read | Ready.EdgeTriggered, BellTag);
        Rounds = new PollRounds();
        new Thread(Run) { IsBackground = true, Name = "gateway-poll" }.Start();
    }

    /// <summary>What runs on this thread, round by round; touched by it alone.</summary>
    public PollRounds Rounds { get; }

    /// <summary>The one whose thread this is; null elsewhere.</summary>
    public static Poller? Current => _current;

    /// <summary>How many descriptors are registered.</summary>
    public int Load => Volatile.Read(ref _used) - Volatile.Read(ref _unused);

    /// <summary>All of them, one for each processor.</summary>
    /// <exception cref="IOException">No descriptor is left to make one.</exception>
    public static Poller[] All()
    {
        if (Volatile.Read(ref _all) is { } all) return all;
        lock (Making) return _all ??= [.. Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount, 1, 16)).Select(_ => new Poller())];
    }

    /// <summary>The poller for a socket: the one we are on, else each in turn.</summary>
    /// <exception cref="IOException">No descriptor is left to make one.</exception>
    public static Poller Choose()
    {
        if (_current is { } current) return current;
        var all = All();
        return all[(int)(Interlocked.Increment(ref _next) % (uint)all.Length)];
    }

    /// <summary>The poller with the fewest descriptors.</summary>
    public static Poller Lightest()
    {
        var lightest = All()[0];
        foreach (var poller in All())
            if (poller.Load < lightest.Load) lightest = poller;
        return lightest;
    }

    private const Ready Reading = Ready.Read | Ready.PeerEnded | Ready.EdgeTriggered;

    /// <summary>
    /// Registers a descriptor, edge-triggered, until it is closed; what is ready already is told too. Of room to write it is told
    /// after <see cref="PollSlot.HearOfRoom"/>.
    /// </summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public PollSlot Add(SafeHandle descriptor, IPolled? target) => Add(descriptor, target, Reading);

    /// <summary>Registers a descriptor that dials: it has room to write when it is connected.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public PollSlot AddDialling(SafeHandle descriptor, IPolled target) => Add(descriptor, target, Reading | Ready.Write);

    /// <summary>See <see cref="PollSlot.HearOfRoom"/>.</summary>
    internal void HearOfRoom(SafeHandle descriptor, PollSlot slot) => EpollCalls.Change(_epoll, descriptor, Reading | Ready.Write, slot.Tag);

    /// <summary>Registers a listener: told as long as somebody waits in its queue, at this poller or at another that waits for it.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public PollSlot AddListener(SafeHandle descriptor, IPolled target) => Add(descriptor, target, Ready.Read | Ready.Exclusive);

    private PollSlot Add(SafeHandle descriptor, IPolled? target, Ready wanted)
    {
        var slot = Take(target);
        var added = EpollCalls.Add(_epoll, descriptor, wanted, slot.Tag);
        if (added == 0) return slot;
        Free(slot);
        throw Errors.ToException(added);
    }

    /// <summary>Takes a descriptor off, to be registered elsewhere.</summary>
    public void Remove(SafeHandle descriptor, PollSlot slot)
    {
        EpollCalls.Remove(_epoll, descriptor);
        Free(slot);
    }

    /// <summary>The descriptor is closed, or is about to be: the kernel forgets it by itself.</summary>
    public void Free(PollSlot slot)
    {
        slot.Target = null;
        lock (_gate)
        {
            if (_slots[slot.Index] != slot) return;
            Volatile.Write(ref _slots[slot.Index], null);
            _free.Push(slot.Index);
            _unused++;
        }
    }

    /// <summary>Has work done on this thread.</summary>
    public void Post(IPollWork work)
    {
        lock (_gate)
        {
            _mail.Add(work);
            if (_mail.Count > 1) return;
        }
        EpollCalls.Ring(_bell);
    }

    private PollSlot Take(IPolled? target)
    {
        lock (_gate)
        {
            if (_free.TryPop(out var index)) _unused--;
            else index = _used++;
            if (index == _slots.Length) Array.Resize(ref _slots, 2 * _slots.Length);
            var slot = new PollSlot(this, index, ++_generation & int.MaxValue, target);
            Volatile.Write(ref _slots[index], slot);
            return slot;
        }
    }

    private void Run()
    {
        _current = this;
        while (true)
        {
            var count = EpollCalls.Wait(_epoll, _events, Rounds.Pause);
            for (var i = 0; i < count; i++)
            {
                var (ready, tag) = _events[i];
                if (tag == BellTag) OpenMail();
                else if (Find(tag) is { } target) target.OnReady(ready);
            }
            Rounds.Run();
        }
    }

    private IPolled? Find(ulong tag)
    {
        var slots = Volatile.Read(ref _slots);
        var index = (uint)tag;
        return index < slots.Length && Volatile.Read(ref slots[index]) is { } slot && slot.Tag == tag ? slot.Target : null;
    }

    private void OpenMail()
    {
        EpollCalls.Silence(_bell);
        lock (_gate) (_mail, _opened) = (_opened, _mail);
        foreach (var work in _opened) work.OnPosted();
        _opened.Clear();
    }
}

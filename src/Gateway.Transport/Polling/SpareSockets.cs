using System.Net;
using Gateway.Transport.Native;

namespace Gateway.Transport.Polling;

/// <summary>
/// Sockets of one poller's thread whose connections are over and which dial their upstream again: to take a connection off a socket
/// and give it the next one (connect(2), AF_UNSPEC) costs the kernel a fifth less than to end the one socket and make another. Never
/// another upstream: the numbers of the next connection's bytes follow from the last one's, which its peer knows (RFC 6528).
/// </summary>
internal sealed class SpareSockets : IPollWork
{
    // Those that end while as many begin; more would only be descriptors that nobody else can have.
    private const int Most = 16;

    [ThreadStatic]
    private static SpareSockets? _here;

    private readonly List<(int Descriptor, IPEndPoint To)> _spares = new(Most);

    // So many were there at every moment since the last sweep.
    private int _unneeded;

    bool IPollWork.IsQueued { get; set; }

    int IPollWork.SweepIndex { get; set; } = -1;

    /// <summary>
    /// Ends the connection of a socket that nobody uses any more, with a reset if it stands, and keeps the socket for a second or less.
    /// False: there is no room, or this is no poller's thread; it is to be closed.
    /// </summary>
    public static bool TryKeep(int descriptor, IPEndPoint to) =>
        SocketCalls.Disconnect(descriptor) == 0 && Poller.Current is { } poller && (_here ??= new SpareSockets()).TryAdd(descriptor, to, poller.Rounds);

    /// <summary>Takes one that has dialled this address before.</summary>
    public static bool TryTake(IPEndPoint to, out int descriptor)
    {
        descriptor = -1;
        return _here is { } here && here.TryRemove(to, out descriptor);
    }

    void IPollWork.OnPosted()
    {
    }

    bool IPollWork.Work() => false;

    // The oldest come first.
    void IPollWork.Sweep()
    {
        for (var i = 0; i < _unneeded; i++) new Descriptor(_spares[i].Descriptor).Dispose();
        _spares.RemoveRange(0, _unneeded);
        _unneeded = _spares.Count;
        if (_unneeded == 0) Poller.Current!.Rounds.Unwatch(this);
    }

    private bool TryAdd(int descriptor, IPEndPoint to, PollRounds rounds)
    {
        if (_spares.Count == Most) return false;
        _spares.Add((descriptor, to));
        if (((IPollWork)this).SweepIndex < 0) rounds.Watch(this);
        return true;
    }

    private bool TryRemove(IPEndPoint to, out int descriptor)
    {
        descriptor = -1;
        var at = _spares.Count - 1;
        while (at >= 0 && !_spares[at].To.Equals(to)) at--;
        if (at < 0) return false;
        descriptor = _spares[at].Descriptor;
        _spares.RemoveAt(at);
        _unneeded = Math.Min(_unneeded, _spares.Count);
        return true;
    }
}

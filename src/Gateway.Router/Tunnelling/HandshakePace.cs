using System.Net;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// How fast tunnel clients are let in: so many a second in all, and so many from one address, each with a small burst. When all come
/// back at once, after a restart, they wait in turn instead of being sent away to try again together.
/// </summary>
internal sealed class HandshakePace(int perSecond, int perAddress, int burstPerAddress, TimeProvider time)
{
    /// <summary>A client that would wait longer than this is sent away; its own back-off spreads it better than our queue.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(8);

    /// <summary>So much of a second may be used up at once, for a handful of clients is no storm.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(0.1);

    /// <summary>Beyond this many addresses those that have been quiet are forgotten.</summary>
    private const int MaxAddresses = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, TimeSpan> _addresses = [];
    private TimeSpan _next;

    /// <summary>How many addresses are remembered.</summary>
    public int Addresses
    {
        get
        {
            lock (_gate) return _addresses.Count;
        }
    }

    /// <summary>Takes a turn: how long to wait for it, or null when there is none.</summary>
    public TimeSpan? Take(EndPoint? who)
    {
        var now = time.GetElapsedTime(0);
        lock (_gate)
        {
            if (!TryTakeOf(AddressBudget.HolderOf(who), now)) return null;
            var turn = _next > now - Burst ? _next : now - Burst;
            if (turn - now > LongestWait) return null;
            _next = turn + TimeSpan.FromSeconds(1.0 / perSecond);
            return turn > now ? turn - now : TimeSpan.Zero;
        }
    }

    // The address's share is used up by those who are then sent away for the queue's length too: they would only come again.
    private bool TryTakeOf(IPAddress address, TimeSpan now)
    {
        var step = TimeSpan.FromSeconds(1.0 / perAddress);
        var earliest = now - (step * burstPerAddress);
        var turn = _addresses.GetValueOrDefault(address, earliest);
        if (turn < earliest) turn = earliest;
        if (turn > now) return false;
        if (_addresses.Count >= MaxAddresses) Forget(earliest);
        _addresses[address] = turn + step;
        return true;
    }

    private void Forget(TimeSpan quietSince)
    {
        foreach (var (address, turn) in _addresses)
            if (turn <= quietSince) _addresses.Remove(address);
        // All of them busy: a storm from everywhere, which the pace in all bounds.
        if (_addresses.Count >= MaxAddresses) _addresses.Clear();
    }
}

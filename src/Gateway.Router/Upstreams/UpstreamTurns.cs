using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Gateway.Model.Routes;

namespace Gateway.Router.Upstreams;

/// <summary>
/// Whose turn it is among the addresses of one route: round robin, and whoever did not answer is asked last for a while. Asked
/// last, not never: when all have failed, one of them may be back.
/// </summary>
internal sealed class UpstreamTurns(TimeProvider time)
{
    /// <summary>Long enough to spare visitors a dead server, short enough that a restarted one is soon back in turn.</summary>
    private static readonly TimeSpan Ejection = TimeSpan.FromSeconds(10);

    /// <summary>Beyond this many failing addresses the oldest news is not worth its memory.</summary>
    private const int MaxEjected = 10_000;

    private readonly ConcurrentDictionary<(string Address, int Port), long> _ejected = new();
    private readonly ConcurrentDictionary<(Target.Dial Target, string Address, int Port), bool> _down = new();

    // Each route has turns of its own, which go with it: else the visitors of another one could take every second turn away.
    private readonly ConditionalWeakTable<Target.Dial, StrongBox<uint>> _turns = [];

    /// <summary>How many addresses the health checks ask, each for each route and port.</summary>
    public int CheckedCount { get; set; }

    /// <summary>How many addresses the health checks found ill.</summary>
    public int DownCount => _down.Count;

    /// <summary>The place of the address whose turn it is (<see cref="Target.Dial.AddressAt"/>); -1 when all were tried.</summary>
    /// <param name="dial">The route's addresses.</param>
    /// <param name="port">That of the visitor's kind of traffic.</param>
    /// <param name="tried">A bit for each place that was tried for this visitor; there are fewer places than bits.</param>
    public int Next(Target.Dial dial, int port, uint tried = 0)
    {
        var count = 1 + dial.More.Count;
        if (count == 1) return tried == 0 ? 0 : -1;
        var first = (int)(Interlocked.Increment(ref _turns.GetOrAdd(dial, static _ => new StrongBox<uint>()).Value) % (uint)count);
        var ill = -1;
        for (var i = 0; i < count; i++)
        {
            var place = (first + i) % count;
            if ((tried & (1u << place)) != 0) continue;
            if (IsWell(dial, dial.AddressAt(place), port)) return place;
            if (ill < 0) ill = place;
        }

        return ill;
    }

    /// <summary>A health check found it ill: it is asked last until it is well again.</summary>
    public void Down(Target.Dial target, string address, int port) => _down[(target, address, port)] = true;

    /// <summary>It is well, or nobody asks any more.</summary>
    public void Up(Target.Dial target, string address, int port) => _down.TryRemove((target, address, port), out _);

    /// <summary>It did not answer.</summary>
    public void Failed(string address, int port)
    {
        if (_ejected.Count >= MaxEjected) _ejected.Clear();
        _ejected[(address, port)] = time.GetTimestamp();
    }

    /// <summary>It answered.</summary>
    public void Answered(string address, int port)
    {
        if (!_ejected.IsEmpty) _ejected.TryRemove((address, port), out _);
    }

    private bool IsWell(Target.Dial dial, string address, int port) =>
        (_down.IsEmpty || !_down.ContainsKey((dial, address, port))) && (_ejected.IsEmpty || !IsEjected(address, port));

    private bool IsEjected(string address, int port)
    {
        if (!_ejected.TryGetValue((address, port), out var since)) return false;
        if (time.GetElapsedTime(since) < Ejection) return true;
        _ejected.TryRemove(new KeyValuePair<(string, int), long>((address, port), since));
        return false;
    }
}

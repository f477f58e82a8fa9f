using System.Collections.Concurrent;
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
    private uint _turn;

    /// <summary>How many addresses the health checks ask, each for each route and port.</summary>
    public int CheckedCount { get; set; }

    /// <summary>How many addresses the health checks found ill.</summary>
    public int DownCount => _down.Count;

    /// <summary>All addresses of the route in the order in which to try them.</summary>
    public IEnumerable<string> Order(Target.Dial dial, int port)
    {
        string[] all = [dial.Address, .. dial.More];
        var first = (int)(Interlocked.Increment(ref _turn) % (uint)all.Length);
        var turns = Enumerable.Range(0, all.Length).Select(i => all[(first + i) % all.Length]);
        return _ejected.IsEmpty && _down.IsEmpty ? turns : turns.OrderBy(address => _down.ContainsKey((dial, address, port)) || IsEjected(address, port));
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

    private bool IsEjected(string address, int port)
    {
        if (!_ejected.TryGetValue((address, port), out var since)) return false;
        if (time.GetElapsedTime(since) < Ejection) return true;
        _ejected.TryRemove(new KeyValuePair<(string, int), long>((address, port), since));
        return false;
    }
}

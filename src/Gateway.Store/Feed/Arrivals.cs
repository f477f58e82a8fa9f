using System.Threading.Channels;

namespace Gateway.Store.Feed;

/// <summary>Keyspace events that have come and were not looked at yet, counted by key, and the bell that somebody should.</summary>
internal sealed class Arrivals : IDisposable
{
    // Past this many keys a comparison is cheaper than the bookkeeping.
    private const int MaxKeys = 65_536;

    private readonly TimeSpan _coalesce;
    private readonly ITimer _timer;
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _lock = new();
    private Dictionary<string, int> _events = new(StringComparer.Ordinal);
    private bool _overflowed;

    internal Arrivals(TimeSpan coalesce, TimeProvider time)
    {
        _coalesce = coalesce;
        _timer = time.CreateTimer(_ => Ring(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Counts one event of a key; the bell rings a little later, so that a burst is looked at once.</summary>
    internal void Add(string key)
    {
        lock (_lock)
        {
            if (_events.Count == 0) _timer.Change(_coalesce, Timeout.InfiniteTimeSpan);
            if (_events.TryGetValue(key, out var count)) _events[key] = count + 1;
            else if (_events.Count < MaxKeys) _events.Add(key, 1);
            else _overflowed = true;
        }
    }

    /// <summary>Rings at once.</summary>
    internal void Ring() => _bell.Writer.TryWrite(true);

    /// <summary>Ends when the bell has rung since the last time.</summary>
    internal async ValueTask WaitAsync(CancellationToken stop) => await _bell.Reader.ReadAsync(stop);

    /// <summary>Hands over everything that has come.</summary>
    /// <param name="overflowed">True when some keys did not fit and are not among the answer.</param>
    internal Dictionary<string, int> Take(out bool overflowed)
    {
        lock (_lock)
        {
            var taken = _events;
            (overflowed, _overflowed) = (_overflowed, false);
            if (taken.Count > 0) _events = new(StringComparer.Ordinal);
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return taken;
        }
    }

    public void Dispose() => _timer.Dispose();
}

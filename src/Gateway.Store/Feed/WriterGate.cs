using Gateway.Model;
using StackExchange.Redis;

namespace Gateway.Store.Feed;

/// <summary>
/// The readers' side of the fence: a Redis whose highest fencing number is lower than one that was seen shows an older state (a
/// backup, or a replica that lagged behind), and whoever writes there under a lower number does not know the newer one. It is
/// not followed until somebody writes under at least the number that was seen.
/// </summary>
internal sealed class WriterGate(TimeProvider time)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private long _highest;
    private volatile bool _isClosed;

    /// <summary>True while Redis shows an older state.</summary>
    internal bool IsClosed => _isClosed;

    /// <summary>Looks at the number in Redis. True when the gate opened or closed by it.</summary>
    internal async Task<bool> LookAsync(IDatabase database, CancellationToken stop)
    {
        var stored = (RedisValue)await database.ExecuteAsync("GET", RedisSchema.FenceKey).WaitAsync(Deadline, time, stop);
        var number = stored.TryParse(out long read) ? read : 0;
        var wasClosed = _isClosed;
        _isClosed = number < Volatile.Read(ref _highest);
        if (!_isClosed) Volatile.Write(ref _highest, number);
        return _isClosed != wasClosed;
    }

    /// <summary>The operator's word that the older state is the right one. False when the gate was open.</summary>
    internal bool Accept()
    {
        if (!_isClosed) return false;
        Volatile.Write(ref _highest, 0);
        return true;
    }
}

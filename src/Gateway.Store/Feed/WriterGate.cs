using System.Globalization;
using System.Text;
using Gateway.Model;

namespace Gateway.Store.Feed;

/// <summary>
/// The readers' side of the fence: a Redis whose highest fencing number is lower than one that was seen shows an older state (a
/// backup, or a replica that lagged behind), and whoever writes there under a lower number does not know the newer one. It is
/// not followed until somebody writes under at least the number that was seen.
/// </summary>
internal sealed class WriterGate
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly LastKnownGood? _file;
    private long _highest;
    private volatile bool _isClosed;

    /// <param name="time">The clock of the deadline.</param>
    /// <param name="file">Where the highest number is kept over a restart, for it may be Redis that was restored meanwhile; null: nowhere.</param>
    internal WriterGate(TimeProvider time, LastKnownGood? file = null)
    {
        (_time, _file) = (time, file);
        if (file is null || !file.TryLoad(out var values, out _)) return;
        foreach (var value in values)
            if (value.Key == RedisSchema.FenceKey && long.TryParse(Encoding.ASCII.GetString(value.Value.Span), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) _highest = number;
    }

    /// <summary>True while Redis shows an older state.</summary>
    internal bool IsClosed => _isClosed;

    /// <summary>Looks at the number in Redis. True when the gate opened or closed by it.</summary>
    internal async Task<bool> LookAsync(RedisCommands redis, CancellationToken stop)
    {
        var stored = await redis.StringGetAsync(RedisSchema.FenceKey).WaitAsync(Deadline, _time, stop);
        var number = stored.TryParse(out long read) ? read : 0;
        var wasClosed = _isClosed;
        _isClosed = number < Volatile.Read(ref _highest);
        if (!_isClosed && number != Interlocked.Exchange(ref _highest, number)) await KeepAsync(number, stop);
        return _isClosed != wasClosed;
    }

    private Task KeepAsync(long number, CancellationToken stop) =>
        _file?.SaveAsync([new StoredValue(RedisSchema.FenceKey, null, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)))], stop) ?? Task.CompletedTask;

    /// <summary>The operator's word that the older state is the right one. False when the gate was open.</summary>
    internal bool Accept()
    {
        if (!_isClosed) return false;
        Volatile.Write(ref _highest, 0);
        return true;
    }
}

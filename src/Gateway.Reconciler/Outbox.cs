using System.Collections.Concurrent;
using Gateway.Model;
using Gateway.Reconciler.Exploring;
using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Storing;
using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Reconciler;

/// <summary>
/// What the explorer has still to hear. The loop puts in what its plans wrote into Redis; here it is sent, again and again until
/// the explorer takes it, and then removed from Redis. There is at most one entry for a reservation, so the number of
/// reservations bounds it.
/// </summary>
internal sealed partial class Outbox(ReportSender sender, PlanApplier applier, ReconcilerOptions options, TimeProvider time, ReconcilerMetrics metrics, ILogger<Outbox> log) : IDisposable
{
    /// <summary>Entries that are sent before their removal is written: one script for many.</summary>
    private const int Batch = 256;

    /// <summary>What the name server and the router need, at most, for what a catching-up wrote last; nothing that costs much begins before.</summary>
    internal static readonly TimeSpan ReadersTurn = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan HoldBeat = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, WaitingReport> _waiting = [];
    private readonly ConcurrentQueue<string> _accepted = [];
    private readonly ConcurrentQueue<string> _turn = [];
    private readonly ConcurrentDictionary<string, byte> _inTurn = [];
    private readonly SemaphoreSlim _filled = new(0, 1);
    private readonly Pauses _backoff = new(FirstPause, LongestPause);
    private bool _isAway;
    private long _heldSince;
    private long _heldUntil;
    private long _saidAt;
    private int _told;

    /// <summary>How many reports wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Ids of the reservations that reports wait about.</summary>
    public IReadOnlySet<string> Waiting => _waiting.Keys.ToHashSet();

    /// <summary>What waits, as a plan sees it.</summary>
    public IReadOnlyDictionary<string, PendingReport> Pending(BookSlice? slice)
    {
        var ids = slice is null ? _waiting.Keys : slice.Ids.Where(_waiting.ContainsKey);
        var pending = new Dictionary<string, PendingReport>();
        foreach (var id in ids)
            if (_waiting.TryGetValue(id, out var it)) pending[id] = PendingReport.From(it.Entry);
        return pending;
    }

    /// <summary>True when something about this reservation waits, or was told a moment ago.</summary>
    public bool Knows(string id) => _waiting.ContainsKey(id) || _accepted.Contains(id, StringComparer.Ordinal);

    /// <summary>True when the end of this reservation waits to be told.</summary>
    public bool EndsSoon(string id) => _waiting.TryGetValue(id, out var it) && it.Entry.Delete;

    /// <summary>Takes what Redis holds, at start and after each reconnection: ends first, for Redis keeps no order.</summary>
    public void Load(Dictionary<string, WaitingReport> entries)
    {
        foreach (var id in _waiting.Keys.Where(id => !entries.ContainsKey(id))) _waiting.TryRemove(id, out _);
        foreach (var entry in EndsFirst(entries.Values)) Add(entry);
    }

    /// <summary>
    /// Redis lost what was written to it, and shows an older state: what waits here waits still. Gives what has to be written so that Redis
    /// says the same.
    /// </summary>
    /// <param name="entries">What Redis holds now.</param>
    public IReadOnlyList<LedgerWrite> Keep(Dictionary<string, WaitingReport> entries) =>
    [
        .. _waiting.Values.Where(it => !entries.TryGetValue(it.Id, out var older) || older.Raw != it.Raw).Select(it => new LedgerWrite.SetField(RedisSchema.OutboxKey, it.Id, it.Raw)),
        .. entries.Keys.Where(id => !_waiting.ContainsKey(id)).Select(id => new LedgerWrite.DeleteField(RedisSchema.OutboxKey, id)),
    ];

    /// <summary>Takes what a plan wrote.</summary>
    public void Add(WaitingReport report)
    {
        _waiting[report.Id] = report;
        TakeTurn(report.Id);
        Wake();
    }

    /// <summary>Ids whose good result the explorer took since the last call.</summary>
    public List<string> TakeAccepted()
    {
        var ids = new List<string>();
        while (_accepted.TryDequeue(out var id)) ids.Add(id);
        return ids;
    }

    /// <summary>There is much to serve, and whoever reserved wants his name first: reports wait a moment. To be said again while it is so; reports wait no longer than a bound in all.</summary>
    public void Hold()
    {
        var now = time.GetTimestamp();
        if (_heldSince == 0) _heldSince = now;
        if (time.GetElapsedTime(_heldSince) < LongestHold) Volatile.Write(ref _heldUntil, now + (long)(HoldTime.TotalSeconds * time.TimestampFrequency));
    }

    /// <summary>There is nothing left to serve first, once the readers have taken what was written last: reports that were held wait that long.</summary>
    public void GoOn()
    {
        if (_heldSince == 0) return;
        _heldSince = 0;
        Volatile.Write(ref _heldUntil, time.GetTimestamp() + (long)(ReadersTurn.TotalSeconds * time.TimestampFrequency));
    }

    /// <summary>Sends until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (_turn.IsEmpty) await _filled.WaitAsync(stop);
            while (time.GetTimestamp() < Volatile.Read(ref _heldUntil)) await Task.Delay(HoldBeat, time, stop);
            var pause = await SendSomeAsync(stop) ? TimeSpan.Zero : _backoff.Next();
            if (pause > TimeSpan.Zero) await Task.Delay(pause, time, stop);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _filled.Dispose();

    /// <summary>One batch; false when something has to be tried again later.</summary>
    internal async Task<bool> SendSomeAsync(CancellationToken stop)
    {
        var batch = NextBatch();
        var sent = new ConcurrentQueue<WaitingReport>();
        var isAway = false;
        var bounds = new ParallelOptions { MaxDegreeOfParallelism = options.ReportsAtOnce, CancellationToken = stop };
        await Parallel.ForEachAsync(batch, bounds, async (report, end) =>
        {
            if (Volatile.Read(ref isAway))
            {
                TakeTurn(report.Id);
                return;
            }

            var outcome = await sender.SendAsync(report.Id, report.Entry, end);
            if (outcome is Sent.Later { IsAway: true }) Volatile.Write(ref isAway, true);
            if (Note(report, outcome)) sent.Enqueue(report);
            else TakeTurn(report.Id);
        });
        var isRemoved = await RemoveAsync([.. sent], stop);
        if (isRemoved && !sent.IsEmpty) _backoff.Reset();
        SayProgress(sent.Count);
        return isRemoved && sent.Count == batch.Count;
    }

    // Who got a name that another one lost shall not be told of it before that one.
    private static IEnumerable<WaitingReport> EndsFirst(IEnumerable<WaitingReport> reports) => reports.OrderByDescending(it => it.Entry.Delete);

    // First come, first told, but ends before the rest; those that failed go to the end, so that no number of them keeps the others waiting.
    private List<WaitingReport> NextBatch()
    {
        var batch = new List<WaitingReport>();
        while (batch.Count < Batch && _turn.TryDequeue(out var id))
        {
            _inTurn.TryRemove(id, out _);
            if (_waiting.TryGetValue(id, out var report)) batch.Add(report);
        }

        return [.. EndsFirst(batch)];
    }

    private void TakeTurn(string id)
    {
        if (_inTurn.TryAdd(id, 0)) _turn.Enqueue(id);
    }

    // Hundreds of thousands after a first start take a minute: somebody may be looking.
    private void SayProgress(int more)
    {
        if (_told == 0) _saidAt = time.GetTimestamp();
        _told += more;
        if (time.GetElapsedTime(_saidAt) < SayEvery) return;
        if (_told > Batch) Progress(_told, _waiting.Count);
        _told = 0;
    }

    private bool Note(WaitingReport report, Sent outcome)
    {
        switch (outcome)
        {
            case Sent.Accepted:
                if (_isAway) ExplorerTakes(_waiting.Count);
                _isAway = false;
                metrics.Reports.Add(1, new KeyValuePair<string, object?>("outcome", "accepted"));
                return true;
            case Sent.GivenUp it:
                NotTaken(report.Id, it.Reason);
                metrics.Reports.Add(1, new KeyValuePair<string, object?>("outcome", "given_up"));
                return true;
            case Sent.Later it:
                if (!_isAway) ExplorerDoesNotTake(report.Id, it.Reason);
                _isAway = true;
                metrics.Reports.Add(1, new KeyValuePair<string, object?>("outcome", "later"));
                break;
        }

        return false;
    }

    /// <summary>Out of Redis first, then out of memory: a crash between the two sends once more what is harmless to hear twice.</summary>
    private async Task<bool> RemoveAsync(List<WaitingReport> sent, CancellationToken stop)
    {
        if (sent.Count == 0) return true;
        try
        {
            var outcome = await applier.RemoveReportsAsync(sent.Select(it => (it.Id, it.Raw)), stop);
            if (outcome is WriteOutcome.Conflict && sent.Count > 1)
            {
                foreach (var it in sent) await RemoveAsync([it], stop);
                return true;
            }

            // Replaced in Redis by the loop, which told us of the new entry as well; or displaced: then it is not ours any more.
            foreach (var it in sent) Forget(it);
            return true;
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            foreach (var it in sent) TakeTurn(it.Id);
            return false;
        }
    }

    private void Forget(WaitingReport it)
    {
        if (it.Entry is { State: 1, Delete: false }) _accepted.Enqueue(it.Id);
        _waiting.TryRemove(KeyValuePair.Create(it.Id, it));
    }

    private void Wake()
    {
        lock (_filled)
        {
            if (_filled.CurrentCount == 0) _filled.Release();
        }
    }

    [LoggerMessage(3101, LogLevel.Warning, "The explorer does not take the report about {Reservation}: {Reason}; reports are kept and tried again")]
    private partial void ExplorerDoesNotTake(string reservation, string reason);

    [LoggerMessage(3104, LogLevel.Information, "{Told} results were reported; {Waiting} wait")]
    private partial void Progress(int told, int waiting);

    [LoggerMessage(3102, LogLevel.Information, "The explorer takes reports again; {Waiting} wait")]
    private partial void ExplorerTakes(int waiting);

    [LoggerMessage(3103, LogLevel.Warning, "The explorer refuses the report about {Reservation} for good, so it is dropped: {Reason}")]
    private partial void NotTaken(string reservation, string reason);
}

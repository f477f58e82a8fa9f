using Gateway.Model;
using Gateway.Store.Connecting;
using Gateway.Store.Feed;
using Gateway.Store.Ledger;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Store;

/// <summary>
/// Tells readers what changed in Redis. Keyspace events are the doorbell, the change ledger says which places our own writers
/// changed, and an event that no entry explains is somebody else's write, whose key is read again whole. After a connection,
/// after a gap in the ledger, and every few minutes each reader compares everything, one at a time, while the others go on.
/// </summary>
public sealed partial class ChangeFeed
{
    // Also without any event the ledger is read this often, so that even with events switched off our own writes arrive.
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    // Events that an entry promised travel on another connection; later than this they are lost.
    private static readonly TimeSpan EventsPatience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan SubscribeDeadline = TimeSpan.FromSeconds(5);

    private readonly RedisConnection _redis;
    private readonly ChangeFeedOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ChangeFeed> _log;
    private readonly ReaderLane[] _lanes;
    private readonly LedgerCursor _cursor;
    private readonly WriterGate _gate;
    private RedisSession? _following;
    private long _lastEvent;
    private long _lastCurrent;

    /// <summary>Prepares the feed; nothing is read from Redis before <see cref="RunAsync"/>.</summary>
    /// <param name="redis">Whose changes.</param>
    /// <param name="readers">Who is told.</param>
    /// <param name="options">How it behaves.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where to tell.</param>
    /// <param name="fence">Keeps the highest fencing number over a restart; null: it is not kept.</param>
    public ChangeFeed(RedisConnection redis, IReadOnlyList<IChangeReader> readers, ChangeFeedOptions options, TimeProvider time, ILogger<ChangeFeed> log, LastKnownGood? fence = null)
    {
        var turn = new CompareTurn();
        (_redis, _options, _time, _log) = (redis, options, time, log);
        _cursor = new LedgerCursor(time);
        _gate = new WriterGate(time, fence);
        _lanes = [.. readers.Select(reader => new ReaderLane(reader, turn, _gate, options, time, log))];
        turn.Freed += () => Array.ForEach(_lanes, static lane => lane.Ring());
    }

    /// <summary>True while events are followed and every reader has compared everything since changes may last have been missed: what they show is moments old.</summary>
    public bool IsCurrent => Volatile.Read(ref _following) is { IsLost: false } && _lanes.All(static lane => lane.IsCurrent);

    /// <summary>When <see cref="IsCurrent"/> was last seen to hold, within a second; null: never yet.</summary>
    public DateTimeOffset? LastCurrent => IsCurrent ? _time.GetUtcNow() : Interlocked.Read(ref _lastCurrent) is > 0 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    /// <summary>Names of the readers that have to compare before they are current again.</summary>
    public IReadOnlyList<string> Behind => [.. _lanes.Where(static lane => !lane.IsCurrent).Select(static lane => lane.Name)];

    /// <summary>When the last event of a key came that concerns a reader; null when none came yet.</summary>
    public DateTimeOffset? LastEvent => Interlocked.Read(ref _lastEvent) is > 0 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    /// <summary>Number of the last ledger entry that was read; 0 when none was yet.</summary>
    public long Sequence => _cursor.Sequence;

    /// <summary>True while Redis shows an older state than was seen before: readers keep what they have until a writer has caught up.</summary>
    public bool ShowsOlderState => _gate.IsClosed;

    /// <summary>The operator's word that the older state is the right one. False when there is none.</summary>
    public bool AcceptOlderState()
    {
        if (!_gate.Accept()) return false;
        CompareSoon();
        return true;
    }

    /// <summary>Lets every reader compare everything soon, for somebody who cannot wait for the next routine.</summary>
    public void CompareSoon() => Array.ForEach(_lanes, static lane => lane.CompareSoon());

    /// <summary>Follows Redis until it is time to stop, over any number of reconnections.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(await _redis.SessionAsync(stop), stop);
            }
            catch (OperationCanceledException)
            {
                // The session is lost, and the next one is waited for; or it is time to stop.
                if (_redis.Closed.IsCancellationRequested) return;
            }
            catch (Exception e) when (RedisFaults.IsRedis(e))
            {
                NotFollowed(_redis.Endpoint, RedisFaults.Describe(e));
                await Task.Delay(Tick, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FollowAsync(RedisSession session, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, session.Lost);
        using var arrivals = new Arrivals(_options.Coalesce, _time);
        var channels = await SubscribeAsync(session, Hear, either.Token);
        try
        {
            await MendAsync(session, either.Token);
            // Subscribed first, then to the end of the ledger, then the comparison: nothing falls between.
            await LookAtFenceAsync(session, either.Token);
            await _cursor.OpenAsync(session.Commands, either.Token);
            Array.ForEach(_lanes, static lane => lane.Miss());
            Volatile.Write(ref _following, session);
            await WorkAsync(session, arrivals, either);
        }
        finally
        {
            Volatile.Write(ref _following, null);
            foreach (var channel in session.IsLost ? [] : channels) await session.UnsubscribeAsync(channel).WaitAsync(SubscribeDeadline, _time, CancellationToken.None);
        }

        void Hear(RedisChannel from, RedisValue name)
        {
            if (KeyspaceChannel.KeyOf(from!) is { } key) Heard(arrivals, key, name!);
        }
    }

    // Only what concerns a reader: a busy explorer beside us changes many keys. A user who may hear of all keys alone, may not of some.
    private async Task<IReadOnlyList<RedisChannel>> SubscribeAsync(RedisSession session, Action<RedisChannel, RedisValue> hear, CancellationToken stop)
    {
        // One change of the counter for each script, where the ledger changes with each entry.
        string[] wanted = [.. _lanes.SelectMany(static lane => lane.Patterns).Append(RedisSchema.LedgerSequenceKey).Distinct(StringComparer.Ordinal)];
        try
        {
            if (!wanted.Contains("*", StringComparer.Ordinal)) return await SubscribeAsync(session, wanted, hear, stop);
        }
        catch (RedisServerException e)
        {
            AllHeard(RedisFaults.Describe(e));
            foreach (var key in wanted) await session.UnsubscribeAsync(Channel(session, key)).WaitAsync(SubscribeDeadline, _time, stop);
        }

        return await SubscribeAsync(session, ["*"], hear, stop);
    }

    private async Task<IReadOnlyList<RedisChannel>> SubscribeAsync(RedisSession session, string[] patterns, Action<RedisChannel, RedisValue> hear, CancellationToken stop)
    {
        RedisChannel[] channels = [.. patterns.Select(pattern => Channel(session, pattern))];
        foreach (var channel in channels) await session.SubscribeAsync(channel, hear).WaitAsync(SubscribeDeadline, _time, stop);
        return channels;
    }

    private static RedisChannel Channel(RedisSession session, string pattern) => new(KeyspaceChannel.Of(session.Database.Database, pattern), RedisChannel.PatternMode.Pattern);

    // Who may only read leaves that to the writers.
    private async Task MendAsync(RedisSession session, CancellationToken stop)
    {
        try
        {
            if (await LedgerMending.RunAsync(session.Commands, SubscribeDeadline, _time, stop) is { Length: > 0 } mended) LedgerWriter.Mended(_log, string.Join("; ", mended));
        }
        catch (RedisServerException e) when (!RedisFaults.IsNotReadable(e))
        {
            NotMended(RedisFaults.Describe(e));
        }
    }

    private void Heard(Arrivals arrivals, string key, string name)
    {
        // A read of what is not there, and the birth of a key, are no changes; they may be switched on by somebody else.
        if (name is "keymiss" or "new") return;
        if (key == RedisSchema.LedgerSequenceKey)
        {
            arrivals.Ring();
            return;
        }

        if (!Concerns(key)) return;
        Interlocked.Exchange(ref _lastEvent, _time.GetUtcNow().ToUnixTimeMilliseconds());
        arrivals.Add(key);
    }

    private bool Concerns(string key) => Array.Exists(_lanes, lane => lane.Concerns(key));

    // Ends with the first of its parts, which is an exception in all cases: lost, stopped, or Redis refused.
    private async Task WorkAsync(RedisSession session, Arrivals arrivals, CancellationTokenSource either)
    {
        Task[] parts = [PumpAsync(session, arrivals, either.Token), TickAsync(session, arrivals, either.Token), .. _lanes.Select(lane => lane.WorkAsync(either.Token))];
        try
        {
            await await Task.WhenAny(parts);
        }
        finally
        {
            await either.CancelAsync();
            await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TickAsync(RedisSession session, Arrivals arrivals, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick, _time);
        for (var lapses = 0; await timer.WaitForNextTickAsync(stop);)
        {
            if (session.EventsLapses > lapses) Array.ForEach(_lanes, static lane => lane.Miss());
            lapses = session.EventsLapses;
            arrivals.Ring();
            Array.ForEach(_lanes, static lane => lane.Tick());
            if (IsCurrent) Interlocked.Exchange(ref _lastCurrent, _time.GetUtcNow().ToUnixTimeMilliseconds());
        }
    }

    private async Task PumpAsync(RedisSession session, Arrivals arrivals, CancellationToken stop)
    {
        var balance = new Balance(EventsPatience, _time);
        await CatchUpAsync(session, balance: null, stop);
        while (true)
        {
            await arrivals.WaitAsync(stop);
            var came = arrivals.Take(out var overflowed);
            foreach (var (key, events) in came) balance.Add(key, events);
            if (overflowed) Missed(balance, "more keys changed at once than are followed one by one");
            // Where events do not come, or were not counted, entries have nothing to be set against.
            await CatchUpAsync(session, overflowed || session.EventsFault is not null ? null : balance, stop);
            var foreign = balance.TakeUnexplained();
            StoreMetrics.ForeignKeys(foreign.Count);
            foreign.ForEach(key => Tell(new KeyChange(key, null)));
        }
    }

    // Reads the ledger to its end. The events of entries that are older than the subscription are not awaited: no balance.
    private async Task CatchUpAsync(RedisSession session, Balance? balance, CancellationToken stop)
    {
        // Before the entries: what an older writer added is not looked at.
        await LookAtFenceAsync(session, stop);
        LedgerPage page;
        do
        {
            page = await _cursor.ReadAsync(session.Commands, stop);
            foreach (var entry in page.Entries)
            {
                if (!Concerns(entry.Key)) continue;
                balance?.Explain(entry.Key, entry.Events);
                Tell(new KeyChange(entry.Key, entry.Field));
            }

            StoreMetrics.EntriesRead(page.Entries.Count);
            if (page.Gap) Missed(balance, "entries of the change ledger are missing");
        }
        while (page.IsFull);
    }

    private async Task LookAtFenceAsync(RedisSession session, CancellationToken stop)
    {
        if (!await _gate.LookAsync(session.Commands, stop)) return;
        if (_gate.IsClosed)
        {
            OlderState();
            return;
        }

        NewerState();
        Array.ForEach(_lanes, static lane => lane.Miss());
    }

    private void Tell(KeyChange change) => Array.ForEach(_lanes, lane => lane.Add(change));

    private void Missed(Balance? balance, string why)
    {
        StoreMetrics.GapFound();
        Comparing(why);
        balance?.Clear();
        Array.ForEach(_lanes, static lane => lane.Miss());
    }

    [LoggerMessage(1211, LogLevel.Warning, "Changes in Redis at {Endpoint} cannot be followed: {Fault}; trying again")]
    private partial void NotFollowed(RedisEndpoint endpoint, string fault);

    [LoggerMessage(1213, LogLevel.Debug, "The keys of the ledger cannot be checked from here: {Fault}")]
    private partial void NotMended(string fault);

    [LoggerMessage(1216, LogLevel.Debug, "This user may not hear of some keys alone, and hears of all: {Fault}")]
    private partial void AllHeard(string fault);

    [LoggerMessage(1214, LogLevel.Error, "Redis shows an older state than the one that is served (a backup, or a replica that lagged): it is not followed until a reconciler has written again. If the older one is meant: gatewayd accept-loss")]
    private partial void OlderState();

    [LoggerMessage(1215, LogLevel.Information, "Redis is followed again")]
    private partial void NewerState();

    [LoggerMessage(1212, LogLevel.Information, "Every reader compares everything: {Why}")]
    private partial void Comparing(string why);
}

using Gateway.ExplorerApi;
using Gateway.Model.ExplorerApi;
using Gateway.Reconciler.Exploring;
using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Proving;
using Gateway.Reconciler.Storing;
using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Reconciler;

/// <summary>
/// Turns reservations into configuration: reads what Redis and the explorer say, plans, writes, reports. It starts whatever is
/// missing, keeps what it has while the explorer or Redis is away, and compares everything again and again.
/// </summary>
public sealed partial class ReconcileLoop : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>The first comparison with the explorer comes soon after the start: a deletion may have been lost meanwhile.</summary>
    private static readonly TimeSpan FirstResync = TimeSpan.FromMinutes(1);

    /// <summary>Entries of one answer from the work queue; as many again wait behind them, and move up as reports are accepted.</summary>
    private const int FullQueue = 200;

    /// <summary>Users that one log line names.</summary>
    private const int LongestList = 20;

    /// <summary>Before the first word from Redis, its silence is no fault to report.</summary>
    private const string NotReadYet = "not read yet";

    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FullQueuePause = TimeSpan.FromMilliseconds(200);

    private readonly ReconcilerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ReconcileLoop> _log;
    private readonly ReservationBook _book = new();
    private readonly ReconcilerMetrics _metrics;
    private readonly IActualReader _reader;
    private readonly PlanApplier _applier;
    private readonly ILedger _ledger;
    private readonly Outbox _outbox;
    private readonly Inbox _inbox;
    private readonly Planner _planner;
    private readonly ProofWatch _watch;
    private readonly Registration _registration;
    private readonly Uri _explorer;
    private readonly HashSet<string> _deferred = [];
    private readonly Pauses _storePause = new(FirstPause, LongestPause);
    private readonly Pauses _explorerPause = new(FirstPause, LongestPause);
    private volatile ReconcilerStatus _status = new(0, 0, 0, IsLoaded: false, ExplorerFault: null, StoreFault: NotReadYet);
    private volatile bool _mustLoad = true;
    private volatile bool _mustResync;
    private DateTimeOffset _resyncDue;
    private bool _isQueueFull;
    private long _caughtUpTo;
    private long _saidAt;

    /// <summary>Puts the parts together; nothing is asked or written before <see cref="RunAsync"/>.</summary>
    /// <param name="options">The operator's word.</param>
    /// <param name="node">The node to work for.</param>
    /// <param name="redis">Where configuration is kept.</param>
    /// <param name="explorer">The reservation API, signing as the gateway.</param>
    /// <param name="explorerUrl">Its address: how far it was read is remembered under it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">Where log lines go.</param>
    public ReconcileLoop(ReconcilerOptions options, ReconciledNode node, RedisConnection redis, ExplorerClient explorer, Uri explorerUrl, TimeProvider time, ILoggerFactory logs)
        : this(options, node, new ActualReader(redis, time), new RedisLedger(redis, node.Instance, time, logs.CreateLogger<ReconcileLoop>()), explorer, explorerUrl, time, logs)
    {
    }

    internal ReconcileLoop(ReconcilerOptions options, ReconciledNode node, IActualReader reader, ILedger ledger, ExplorerClient explorer, Uri explorerUrl, TimeProvider time, ILoggerFactory logs)
    {
        (_options, _reader, _ledger, _explorer, _time, _log) = (options, reader, ledger, explorerUrl, time, logs.CreateLogger<ReconcileLoop>());
        _metrics = new ReconcilerMetrics(() => Status, time);
        _applier = new PlanApplier(ledger, node.Identity, explorerUrl);
        _outbox = new Outbox(new ReportSender(explorer, node.Identity), _applier, options, time, _metrics, logs.CreateLogger<Outbox>());
        _inbox = new Inbox(node.Identity.Id, explorer, _book, _outbox, _metrics);
        _planner = new Planner(node, options, _book, _reader, new TunnelSecrets(node.Identity, new UserKeys(explorer, time)), new HostProofs(node, new StubResolver(options.Resolvers, time), time), _applier, _outbox, _inbox, _metrics, time, logs.CreateLogger<Planner>());
        // One of its own: it looks beside the loop.
        _watch = new ProofWatch(new HostProofs(node, new StubResolver(options.Resolvers, time), time));
        _registration = new Registration(node, options, explorer, time, logs.CreateLogger<Registration>());
        Doorbell = new Doorbell(node.Identity.Id, time);
    }

    /// <summary>To be put among the readers of the change feed, so that a new reservation is noticed at once.</summary>
    public Doorbell Doorbell { get; }

    /// <summary>How it stands now.</summary>
    // The gauges may be read while the parts are still put together.
    public ReconcilerStatus Status => _status with { Waiting = _outbox?.Count ?? 0, IsRegistered = _registration?.IsRegistered ?? false };

    /// <summary>Runs until told to stop. While another reconciler holds the lease on this Redis it stands by: it writes nothing.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _ledger.Connected += LoadAgain;
        var reconciling = ReconcileAsync(end.Token);
        Task[] all = [reconciling, RenewAsync(end.Token), _outbox.RunAsync(end.Token), _registration.RunAsync(end.Token), _watch.RunAsync(Doorbell.Ring, end.Token)];
        var first = await Task.WhenAny(all);
        _ledger.Connected -= LoadAgain;
        await end.CancelAsync();
        await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _inbox.EndAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await GiveBackAsync();
        await first;
    }

    /// <summary>
    /// What would be written now, a line for each change and for each refusal, without writing or reporting anything. Not beside
    /// <see cref="RunAsync"/> of the same object.
    /// </summary>
    /// <exception cref="Exception">Redis cannot be read: see <see cref="RedisFaults.IsRedis"/>.</exception>
    public async Task<IReadOnlyList<string>> DryRunAsync(CancellationToken stop)
    {
        var (served, _) = await _reader.ReadReservationsAsync(stop);
        var (waiting, _) = await _reader.ReadOutboxAsync(stop);
        _outbox.Load(waiting);
        _book.Load(served, _outbox.Waiting);
        _planner.Frozen = (await _reader.ReadFrozenAsync(stop)).Keys.ToHashSet();
        for (var from = 0L; await _inbox.PollAsync(from, stop) is { Count: > 0 } page && page.Highest >= from; from = page.Highest + 1)
        {
            // The inbox has taken the page into the book; there is nothing else to do with it.
        }

        var plan = await _planner.PreviewAsync(stop);
        var lines = plan.Changes.Select(it => it.ToString());
        if (_inbox.Fault is { } fault) lines = lines.Prepend($"The explorer cannot be asked, so this is what Redis alone says: {fault}");
        return [.. lines.Concat(plan.Outcomes.Where(it => it.Value is not Outcome.Accepted).Select(it => $"{it.Key}: {it.Value}"))];
    }

    /// <summary>Reads everything again and compares it, in Redis and with the explorer, as soon as the round under way is done.</summary>
    public void CompareNow()
    {
        _mustResync = true;
        LoadAgain();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Dispose();
        _outbox.Dispose();
        Doorbell.Dispose();
    }

    private void LoadAgain()
    {
        _mustLoad = true;
        Doorbell.Ring();
    }

    private async Task ReconcileAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested) await Doorbell.WaitAsync(await TurnAsync(stop), stop);
    }

    /// <summary>Does what is to be done now, as far as it can be, and says how long it may rest.</summary>
    internal async Task<TimeSpan> TurnAsync(CancellationToken stop)
    {
        var rung = Doorbell.TakeRungAt();
        try
        {
            var isWriter = await RoundAsync(stop);
            if (isWriter) StoreStands();
            if (isWriter && _inbox.Fault is null) Through(rung);
            else if (isWriter) Doorbell.PutBack(rung);
            return !isWriter ? LeaseBeat : _inbox.Fault is not null ? _explorerPause.Next() : _isQueueFull ? FullQueuePause : _options.PollInterval;
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            StoreFails(RedisFaults.Describe(e));
            _metrics.Failed("store");
            Doorbell.PutBack(rung);
            _mustLoad = true;
            return _storePause.Next();
        }
    }

    private void Through(long? rung)
    {
        _metrics.Succeeded();
        if (rung is { } at) _metrics.Lag.Record(_time.GetElapsedTime(at).TotalSeconds);
    }

    /// <summary>Tells the explorer some of what waits; false when something has to be tried again later.</summary>
    internal Task<bool> ReportSomeAsync(CancellationToken stop) => _outbox.SendSomeAsync(stop);

    /// <summary>One turn: Redis first if it has to be, then the explorer. False when another writes.</summary>
    private async Task<bool> RoundAsync(CancellationToken stop)
    {
        if (!await HoldLeaseAsync(stop)) return false;
        if (Doorbell.TakeMissed() && await _applier.IsLostAsync(stop)) Lost();
        if (_mustLoad && !await LoadAsync(stop)) return false;
        if (Doorbell.TakeFrozen() && !await FreezeAsync(stop)) return false;
        if (!await ReviewProofsAsync(stop)) return false;
        if (_mustResync || _time.GetUtcNow() >= _resyncDue) return await ResyncAsync(stop);
        return await PollAsync(stop);
    }

    // Memory has what Redis lost; the explorer is asked for everything, for it may have lost something as well.
    private void Lost()
    {
        StoreLostWrites(_book.Live.Count);
        _lostFrozen = true;
        _mustLoad = true;
        _resyncDue = _time.GetUtcNow();
        _registration.Again();
    }

    /// <summary>Reads the reservations that Redis keeps and makes everything as they say, before anybody else is asked.</summary>
    private async Task<bool> LoadAsync(CancellationToken stop)
    {
        _mustLoad = false;
        var (waiting, lost) = await _reader.ReadOutboxAsync(stop);
        foreach (var fault in lost) NotReadable(fault);
        _outbox.Load(waiting);
        _inbox.Cursor = await _reader.ReadCursorAsync(_explorer, stop);
        if (!await ReadFrozenAsync(stop)) return Displaced() is not null;
        if (_resyncDue == default) _resyncDue = _time.GetUtcNow() + (FirstResync < _options.ResyncInterval ? FirstResync : _options.ResyncInterval);
        if (await RepairAsync(stop) is null) return false;
        _registration.ZonesStand();
        Loaded(_book.Applied.Count, waiting.Count);
        return true;
    }

    /// <summary>Compares everything in Redis with what it should say, the cache of reservations included.</summary>
    private async Task<Plan?> RepairAsync(CancellationToken stop)
    {
        var (served, faults) = await _reader.ReadReservationsAsync(stop);
        foreach (var fault in faults) NotReadable(fault);
        _book.Load(served, _outbox.Waiting);
        var plan = await _planner.RoundAsync(changed: null, cursor: null, conflicts: null, stop);
        if (plan is null) return Displaced();
        var repairs = plan.Changes.Where(it => it is not (Change.Report or Change.Remember or Change.Forget)).Select(it => it.GetType().Name).ToList();
        _metrics.Repairs.Add(repairs.Count);
        var kinds = string.Join(", ", repairs.CountBy(it => it).Select(it => $"{it.Key} {it.Value}"));
        // A first start claims the managed domains in an empty Redis: nothing is damaged then.
        if (repairs.Count > 0) Repaired(_book.Applied.Count > 0 ? LogLevel.Warning : LogLevel.Information, repairs.Count, kinds);
        NoteOutcomes(plan);
        return plan;
    }

    /// <summary>Takes pages until one brings nothing further.</summary>
    private async Task<bool> PollAsync(CancellationToken stop)
    {
        var retry = _deferred.ToList();
        while (true)
        {
            var from = _inbox.Cursor + 1;
            if (await _inbox.PollAsync(from, stop) is not { } page)
            {
                NoteFault();
                return true;
            }

            _explorerPause.Reset();
            if (WentBack(page)) return true;
            if (!await PlanAsync([.. page.Changed, .. retry], page.Highest, stop)) return false;
            retry = [];
            _isQueueFull = page.Count >= FullQueue && page.Highest < from;
            if (page.Highest < from)
            {
                CaughtUp();
                return true;
            }

            CatchUp(page);
        }
    }

    private async Task<bool> PlanAsync(IReadOnlyCollection<string> changed, long highest, CancellationToken stop)
    {
        long? cursor = highest > _inbox.Cursor ? highest : null;
        if (changed.Count == 0 && cursor is null) return true;
        var plan = await _planner.RoundAsync(changed, cursor, () => _inbox.DrainAsync(stop), stop);
        if (plan is null) return Displaced() is not null;
        _inbox.Cursor = cursor ?? _inbox.Cursor;
        NoteOutcomes(plan);
        return true;
    }

    /// <summary>Everything the explorer knows, then everything Redis says. What no page showed is asked for one by one, and kept unless the explorer says that it ended.</summary>
    private async Task<bool> ResyncAsync(CancellationToken stop)
    {
        _mustResync = false;
        _resyncDue = _time.GetUtcNow() + _options.ResyncInterval;
        var before = _book.Live.Keys.ToHashSet();
        for (var from = 0L; ;)
        {
            var page = await _inbox.PollAsync(from, stop);
            if (page is null) break;
            if (!await PlanAsync(page.Changed, page.Highest, stop)) return false;
            before.ExceptWith(page.Ids);
            if (page.Count == 0 || page.Highest < from)
            {
                if (!await AskAboutAsync(before, stop)) return false;
                break;
            }

            CatchUp(page);
            from = page.Highest + 1;
        }

        CaughtUp();
        if (_inbox.Fault is not null) NoteFault();
        if (await RepairAsync(stop) is null) return false;
        if (_inbox.Fault is null) _metrics.Resyncs.Add(1);
        return true;
    }

    // Names first, reports later; and somebody may be looking.
    private void CatchUp(InboxPage page)
    {
        if (page.Changed.Count < FullQueue) return;
        _outbox.Hold();
        if (_caughtUpTo == 0) _saidAt = _time.GetTimestamp();
        _caughtUpTo = page.Highest;
        if (_time.GetElapsedTime(_saidAt) < SayEvery) return;
        CatchingUp(_book.Applied.Count, page.Highest);
        _saidAt = _time.GetTimestamp();
    }

    private void CaughtUp()
    {
        _outbox.GoOn();
        if (_caughtUpTo > 0) HasCaughtUp(_book.Applied.Count, _outbox.Count);
        _caughtUpTo = 0;
    }

    private async Task<bool> AskAboutAsync(HashSet<string> unseen, CancellationToken stop)
    {
        // Enough to find every lost deletion within a few resyncs, and no flood when the explorer lost everything.
        const int Most = 1000;
        var (changed, unknown) = (new List<string>(), new List<string>());
        foreach (var id in unseen.Take(Most))
            if (_book.Live.TryGetValue(id, out var it) && !await _inbox.AskAsync(it, changed, unknown, stop)) break;
        if (unknown.Count > 0) UnknownToExplorer(unknown.Count, unknown[0]);
        return await PlanAsync(changed, highest: 0, stop);
    }

    // Its ids are lower than those we know: it was emptied, or restored from a backup.
    private bool WentBack(InboxPage page)
    {
        if (page.Count > 0 || page.LastId == 0 || page.LastId >= _inbox.Cursor) return false;
        ExplorerWentBack(page.LastId, _inbox.Cursor);
        _inbox.Cursor = 0;
        _resyncDue = _time.GetUtcNow();
        Doorbell.Ring();
        return true;
    }

    private void NoteOutcomes(Plan plan)
    {
        foreach (var (id, outcome) in plan.Outcomes)
        {
            if (outcome is Outcome.Deferred it && _deferred.Add(id)) Deferred(id, it.Reason);
            else if (outcome is not Outcome.Deferred) _deferred.Remove(id);
        }

        _deferred.RemoveWhere(id => !_book.Live.ContainsKey(id));
        _registration.Serve(Count());
        _status = _status with { Served = _book.Applied.Count, Deferred = _deferred.Count, IsLoaded = true };
    }

    private WorkloadAmount Count()
    {
        return new WorkloadAmount
        {
            Proxy = Of(WorkloadType.Proxy),
            ReverseProxy = Of(WorkloadType.ReverseProxy),
            Subdomain = Of(WorkloadType.Subdomain),
            DelegateDomain = Of(WorkloadType.DomainDelegate),
        };

        ushort Of(WorkloadType kind) => (ushort)Math.Min(_book.ServedOf(kind), ushort.MaxValue);
    }

    private void NoteFault()
    {
        _metrics.Failed("explorer");
        if (_status.ExplorerFault is null) ExplorerAway(_inbox.Fault!);
        _status = _status with { ExplorerFault = _inbox.Fault };
    }

    private void StoreStands()
    {
        if (_status.StoreFault is not null and not NotReadYet && _status.IsLoaded) StoreIsBack();
        if (_status.ExplorerFault is not null && _inbox.Fault is null) ExplorerIsBack();
        _storePause.Reset();
        _status = _status with { StoreFault = null, ExplorerFault = _inbox.Fault };
    }

    private void StoreFails(string fault)
    {
        if (_status.StoreFault != fault) StoreAway(fault);
        _status = _status with { StoreFault = fault };
    }

    // A later writer: whose, the next look at the lease tells.
    private Plan? Displaced()
    {
        StandBehind("another reconciler");
        return null;
    }
}

using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Reconciler.Exploring;
using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Proving;
using Gateway.Reconciler.Storing;
using Gateway.Store;
using Gateway.Transport.Questions;
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

    /// <summary>Users that one log line names.</summary>
    private const int LongestList = 20;

    private static readonly TimeSpan FullQueuePause = TimeSpan.FromMilliseconds(200);

    private readonly ReconcilerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ReconcileLoop> _log;
    private readonly ReservationBook _book = new();
    private readonly ReconcilerMetrics _metrics;
    private readonly IActualReader _reader;
    private readonly PlanApplier _applier;
    private readonly ILedger _ledger;
    private readonly IBooksCopy _copy;
    private readonly Outbox _outbox;
    private readonly Inbox _inbox;
    private readonly Planner _planner;
    private readonly ProofWatch _watch;
    private readonly Registration _registration;
    private readonly Uri _explorer;
    private readonly IReadOnlyList<DomainName> _managed;
    private readonly Pauses _storePause = new(FirstPause, LongestPause);
    private readonly Pauses _explorerPause = new(FirstPause, LongestPause);
    private volatile bool _mustLoad = true;
    private volatile bool _mustResync;
    private DateTimeOffset _resyncDue;

    /// <summary>Puts the parts together; nothing is asked or written before <see cref="RunAsync"/>.</summary>
    /// <param name="options">The operator's word.</param>
    /// <param name="node">The node to work for.</param>
    /// <param name="redis">Where configuration is kept.</param>
    /// <param name="explorer">The reservation API, signing as the gateway.</param>
    /// <param name="explorerUrl">Its address: how far it was read is remembered under it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">Where log lines go.</param>
    /// <param name="copy">Keeps a copy of what Redis holds about reservations, for the day on which Redis loses it; null: there is none.</param>
    public ReconcileLoop(ReconcilerOptions options, ReconciledNode node, RedisConnection redis, ExplorerClient explorer, Uri explorerUrl, TimeProvider time, ILoggerFactory logs, LastKnownGood? copy = null)
        : this(options, node, redis, new SealCheck(node.Identity), explorer, explorerUrl, time, logs, copy)
    {
    }

    private ReconcileLoop(ReconcilerOptions options, ReconciledNode node, RedisConnection redis, SealCheck seals, ExplorerClient explorer, Uri explorerUrl, TimeProvider time, ILoggerFactory logs, LastKnownGood? copy)
        : this(options, node, new ActualReader(redis, seals, time), new RedisLedger(redis, node.Instance, time, logs.CreateLogger<ReconcileLoop>()), copy is null ? new NoBooksCopy() : new BooksFile(copy, redis, explorerUrl, seals, time, logs.CreateLogger<ReconcileLoop>()), explorer, explorerUrl, time, logs)
    {
    }

    internal ReconcileLoop(ReconcilerOptions options, ReconciledNode node, IActualReader reader, ILedger ledger, IBooksCopy copy, ExplorerClient explorer, Uri explorerUrl, TimeProvider time, ILoggerFactory logs)
    {
        (_options, _managed, _reader, _ledger, _copy, _explorer, _time, _log) = (options, node.ManagedDomains, reader, ledger, copy, explorerUrl, time, logs.CreateLogger<ReconcileLoop>());
        _metrics = new ReconcilerMetrics(() => Status, time);
        _applier = new PlanApplier(ledger, node.Identity, explorerUrl);
        _outbox = new Outbox(new ReportSender(explorer, node.Identity), _applier, options, time, _metrics, logs.CreateLogger<Outbox>());
        _inbox = new Inbox(node.Identity.Id, explorer, _book, _outbox, _metrics);
        _enquiries = new Enquiries(_inbox, _book);
        _planner = new Planner(node, options, _book, _reader, new TunnelSecrets(node.Identity, new UserKeys(explorer, time)), new HostProofs(node, new StubResolver(options.Resolvers, time), time), _applier, _outbox, _inbox, _metrics, time, logs.CreateLogger<Planner>());
        // One of its own: it looks beside the loop.
        _watch = new ProofWatch(new HostProofs(node, new StubResolver(options.Resolvers, time), time));
        _registration = new Registration(node, options, new ServedProofs(node, new StubResolver(options.Resolvers, time), time), explorer, time, logs.CreateLogger<Registration>());
        Doorbell = new Doorbell(node.Identity.Id, time);
    }

    /// <summary>To be put among the readers of the change feed, so that a new reservation is noticed at once.</summary>
    public Doorbell Doorbell { get; }

    /// <summary>Runs until told to stop. While another reconciler holds the lease on this Redis it stands by: it writes nothing.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _ledger.Connected += LoadAgain;
        var reconciling = ReconcileAsync(end.Token);
        Task[] all = [reconciling, RenewAsync(end.Token), _outbox.RunAsync(end.Token), _registration.RunAsync(end.Token), _watch.RunAsync(Doorbell.Ring, end.Token), _copy.RunAsync(end.Token)];
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
        for (var from = 0L; await _inbox.ReadAsync(from, stop) is { Count: > 0 } page && page.Highest >= from; from = page.Highest + 1)
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
            return !isWriter ? LeaseBeat : _inbox.Fault is not null ? _explorerPause.Next() : _isQueueFull || _inbox.HasToLookAgain ? FullQueuePause : _options.PollInterval;
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
        if ((Doorbell.TakeMissed() || _mustLoad) && await _applier.IsLostAsync(stop)) Lost();
        if (_mustLoad && !await LoadAsync(stop)) return false;
        if (Doorbell.TakeFrozen() && !await FreezeAsync(stop)) return false;
        if (!await ReviewProofsAsync(stop)) return false;
        if (_mustResync || _time.GetUtcNow() >= _resyncDue) return await ResyncAsync(stop);
        if (!await PollAsync(stop) || !await LookAgainAsync(stop) || !await EnquireAsync(stop)) return false;
        NoteCompared();
        if (_isUnsettled) await SettleAsync(stop);
        return true;
    }
}

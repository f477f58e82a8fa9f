using Gateway.Reconciler.Exploring;

namespace Gateway.Reconciler;

/// <summary>The explorer is read: page after page what is new, and now and then everything.</summary>
public sealed partial class ReconcileLoop
{
    /// <summary>Entries of one answer from the work queue; as many again wait behind them, and move up as reports are accepted.</summary>
    private const int FullQueue = 200;

    /// <summary>Pages that one turn looks at once more, so that what is new does not wait long for them.</summary>
    private const int SecondLooksAtOnce = 3;

    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(5);

    private readonly Enquiries _enquiries;
    private bool _isQueueFull;
    private bool _isComparing;
    private long _caughtUpTo;
    private long _saidAt;

    /// <summary>Takes pages until one brings nothing further.</summary>
    private async Task<bool> PollAsync(CancellationToken stop)
    {
        var retry = _deferred.ToList();
        while (true)
        {
            var from = _inbox.Cursor + 1;
            if (await _inbox.ReadAsync(from, stop) is not { } page)
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

    /// <summary>Looks again at what was reported since: only the collection shows a deletion that the result struck from the queue.</summary>
    private async Task<bool> LookAgainAsync(CancellationToken stop)
    {
        for (var pages = 0; pages < SecondLooksAtOnce && _inbox is { HasToLookAgain: true, Fault: null }; pages++)
        {
            if (!await PlanAsync(await _inbox.LookAgainAsync(stop), highest: 0, stop)) return false;
            if (_inbox.Fault is not null) NoteFault();
        }

        return true;
    }

    private async Task<bool> PlanAsync(IReadOnlyCollection<string> changed, long highest, CancellationToken stop)
    {
        long? cursor = highest > _inbox.Cursor ? highest : null;
        if (changed.Count == 0 && cursor is null) return true;
        var plan = await _planner.RoundAsync(changed, cursor, refused => AskAboutOpponentsAsync(refused, stop), stop);
        if (plan is null) return Displaced() is not null;
        _inbox.Cursor = cursor ?? _inbox.Cursor;
        NoteOutcomes(plan);
        return true;
    }

    // What ended may wait in the queue; where Redis holds what ended long ago, only the explorer knows.
    private async Task<IReadOnlyCollection<string>?> AskAboutOpponentsAsync(IEnumerable<string> refused, CancellationToken stop)
    {
        var changed = new List<string>(await _inbox.DrainAsync(stop));
        foreach (var id in refused)
        {
            if (await _inbox.AskAboutOpponentsAsync(id, stop) is not { } more) return null;
            changed.AddRange(more);
        }

        return changed;
    }

    /// <summary>Everything the explorer knows, then everything Redis says. What no page showed is asked for one by one, and kept unless the explorer says that it ended.</summary>
    private async Task<bool> ResyncAsync(CancellationToken stop)
    {
        _resyncDue = _time.GetUtcNow() + _options.ResyncInterval;
        var isDone = false;
        try
        {
            if (!await RecallAsync(stop)) return Displaced() is not null;
            _mustResync = false;
            if (!await TakeEverythingAsync(stop)) return false;
            if (CaughtUp()) await Task.Delay(Outbox.ReadersTurn, _time, stop);
            if (_inbox.Fault is not null) NoteFault();
            else _explorerPause.Reset();
            if (await RepairAsync(stop) is null) return false;
            if (_inbox.Fault is not null) return true;
            if (!await CleanAsync(stop)) return Displaced() is not null;
            await SettleAsync(stop);
            _isComparing = true;
            NoteCompared();
            return isDone = true;
        }
        finally
        {
            // One that was cut short has told nothing yet.
            if (!isDone) _mustResync = true;
        }
    }

    private async Task<bool> TakeEverythingAsync(CancellationToken stop)
    {
        var before = _book.Live.Keys.ToHashSet();
        for (var from = 0L; await _inbox.ReadAsync(from, stop) is { } page; from = page.Highest + 1)
        {
            if (!await PlanAsync(page.Changed, page.Highest, stop)) return false;
            before.ExceptWith(page.Ids);
            if (page.Count > 0 && page.Highest >= from)
            {
                CatchUp(page);
                continue;
            }

            _enquiries.Begin(before.Order(StringComparer.Ordinal));
            return await EnquireAsync(stop);
        }

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

    /// <summary>True when there was much to catch up with.</summary>
    private bool CaughtUp()
    {
        _outbox.GoOn();
        if (_caughtUpTo == 0) return false;
        HasCaughtUp(_book.Applied.Count, _outbox.Count);
        _caughtUpTo = 0;
        return true;
    }

    /// <summary>Asks about some of what no page showed; what the explorer does not answer for stays as it is, and is asked about at the next turn.</summary>
    private async Task<bool> EnquireAsync(CancellationToken stop)
    {
        if (_enquiries.Count == 0) return true;
        var before = _enquiries.Fault;
        var (changed, unknown) = await _enquiries.AskSomeAsync(stop);
        if (unknown.Count > 0) UnknownToExplorer(unknown.Count, unknown[0]);
        if (_enquiries.Fault is { } fault)
        {
            _metrics.Failed("explorer");
            if (before is null) NotSaid(_enquiries.Count, _enquiries.Next!, fault);
        }

        return await PlanAsync(changed, highest: 0, stop);
    }

    /// <summary>A comparison is over when the explorer has told of everything, one by one if need be.</summary>
    private void NoteCompared()
    {
        _status = _status with { Unconfirmed = _enquiries.Count, EnquiryFault = _enquiries.Fault };
        if (!_isComparing || _enquiries.Count > 0) return;
        _isComparing = false;
        _status = _status with { ComparedAt = _time.GetUtcNow() };
        _metrics.Resyncs.Add(1);
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
}

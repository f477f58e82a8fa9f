using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Storing;
using Gateway.Store;
using Microsoft.Extensions.Logging;

namespace Gateway.Reconciler;

/// <summary>What Redis keeps is read at the start, after each reconnection and within each comparison, and written again where it is not as it should be.</summary>
public sealed partial class ReconcileLoop
{
    private IReadOnlyList<string> _unreadable = [];
    private bool _lostReports;

    // Memory has what Redis lost; the explorer is asked for everything, for it may have lost something as well.
    private void Lost()
    {
        StoreLostWrites(_book.Live.Count);
        _metrics.Losses.Add(1);
        _status = _status with { LostAt = _time.GetUtcNow() };
        _lostFrozen = _lostReports = true;
        _isRecalled = false;
        _mustLoad = true;
        _resyncDue = _time.GetUtcNow();
        _registration.Again();
    }

    /// <summary>Reads the reservations that Redis keeps and makes everything as they say, before anybody else is asked.</summary>
    private async Task<bool> LoadAsync(CancellationToken stop)
    {
        _mustLoad = false;
        await _applier.SeeAsync(stop);
        var (waiting, lost) = await _reader.ReadOutboxAsync(stop);
        foreach (var fault in lost) NotReadable(fault);
        if (!await LoadReportsAsync(waiting, stop)) return Displaced() is not null;
        _inbox.Cursor = await _reader.ReadCursorAsync(_explorer, stop);
        if (!await RecallAsync(stop)) return Displaced() is not null;
        if (!await ReadFrozenAsync(stop)) return Displaced() is not null;
        if (_resyncDue == default) _resyncDue = _time.GetUtcNow() + (FirstResync < _options.ResyncInterval ? FirstResync : _options.ResyncInterval);
        if (await RepairAsync(stop) is null) return false;
        // Somebody has something, and nobody here knows what: before anybody new gets it, the explorer tells of everything.
        if (_unreadable.Any(id => !_book.Live.ContainsKey(id))) _mustResync = true;
        await SettleAsync(stop);
        Loaded(_book.Applied.Count, waiting.Count);
        return true;
    }

    /// <summary>What was decided and not told yet stays decided, whatever Redis lost. False when another reconciler writes.</summary>
    private async Task<bool> LoadReportsAsync(Dictionary<string, WaitingReport> waiting, CancellationToken stop)
    {
        if (_lostReports)
        {
            if (await _applier.WriteAgainAsync(_outbox.Keep(waiting), stop) is WriteOutcome.Fenced) return false;
            _lostReports = false;
            return true;
        }

        _outbox.Load(waiting);
        return true;
    }

    /// <summary>Compares everything in Redis with what it should say, the cache of reservations included.</summary>
    private async Task<Plan?> RepairAsync(CancellationToken stop)
    {
        var (served, faults) = await _reader.ReadReservationsAsync(stop);
        foreach (var (id, fault) in faults) NotReadable($"{id}: {fault}");
        _unreadable = [.. faults.Select(it => it.Id)];
        _status = _status with { Unreadable = _unreadable.Count };
        _book.Load(served, _outbox.Waiting);
        var plan = await _planner.RoundAsync(changed: null, cursor: null, refused => AskAboutOpponentsAsync(refused, stop), stop);
        if (plan is null) return Displaced();
        var repairs = plan.Changes.Where(it => it is not (Change.Report or Change.Remember or Change.Forget)).Select(it => it.GetType().Name).ToList();
        _metrics.Repairs.Add(repairs.Count);
        var kinds = string.Join(", ", repairs.CountBy(it => it).Select(it => $"{it.Key} {it.Value}"));
        // A first start claims the managed domains in an empty Redis: nothing is damaged then.
        if (repairs.Count > 0) Repaired(_book.Applied.Count > 0 ? LogLevel.Warning : LogLevel.Information, repairs.Count, kinds);
        if (_reader.Unsealed.Count > 0 && await _applier.SealAsync(_reader.Unsealed, stop) is WriteOutcome.Fenced) return Displaced();
        NoteOutcomes(plan);
        return plan;
    }

    // What cannot be read and is no reservation that the explorer knows of would stay for ever.
    private async Task<bool> CleanAsync(CancellationToken stop)
    {
        var nobodys = _unreadable.Where(id => !_book.Live.ContainsKey(id)).ToList();
        return nobodys.Count == 0 || await _applier.ForgetAsync(nobodys, stop) is not WriteOutcome.Fenced;
    }
}

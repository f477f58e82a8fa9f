using Gateway.Reconciler.Storing;
using Gateway.Store;

namespace Gateway.Reconciler;

/// <summary>Redis was emptied or shows an older state: what it lost of the books comes back from the copy beside it.</summary>
public sealed partial class ReconcileLoop
{
    private bool _isUnsettled = true;

    // The copy is asked again at each try to compare with an explorer that does not answer.
    private bool _isRecalled;

    /// <summary>
    /// Who has what is taken into memory, and the next comparison writes it; names that rest, proofs and frozen users are written at once.
    /// The explorer is asked for everything, for the copy may be some seconds old. False when another reconciler writes.
    /// </summary>
    private async Task<bool> RecallAsync(CancellationToken stop)
    {
        if (await _copy.LostAsync(stop) is not { } books)
        {
            if (_copy.IsMissing) _mustResync = true;
            return true;
        }

        var (inRedis, _) = await _reader.ReadReservationsAsync(stop);
        _book.Recall(books.Served, books.IsWhole ? books.Latest : 0, inRedis);
        if (!books.IsWhole)
        {
            Vanished(books.Served.Count);
            return true;
        }

        _mustResync = true;
        return (_isRecalled || await WriteOthersAsync(books, inRedis.Count, stop)) && await ReadFrozenAsync(stop);
    }

    // Once: what the operator says after it, for example that somebody is frozen no more, holds.
    private async Task<bool> WriteOthersAsync(Books books, int inRedis, CancellationToken stop)
    {
        var standing = new Dictionary<string, Dictionary<string, string>>();
        foreach (var key in books.Others.Select(it => it.Key).Distinct()) standing[key] = await _reader.ReadBookAsync(key, stop);
        var lost = books.LostOf(standing);
        if (await _applier.WriteAgainAsync(lost, stop) is WriteOutcome.Fenced) return false;
        Recalled(books.Served.Count, inRedis, lost.Count);
        return _isRecalled = true;
    }

    /// <summary>
    /// Says that Redis holds everything again, once it does: the explorer has told everything, none of what it knows as served waits for
    /// a decision, and nothing was lost since.
    /// </summary>
    private async Task SettleAsync(CancellationToken stop)
    {
        _isUnsettled = _mustResync || _deferred.Any(_book.Reported.Contains);
        if (_isUnsettled || await _applier.IsBehindAsync(stop)) return;
        await _copy.SettledAsync(stop);
        _isRecalled = false;
    }
}

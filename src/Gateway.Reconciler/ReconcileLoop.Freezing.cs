using System.Collections.Frozen;
using Gateway.Store;

namespace Gateway.Reconciler;

/// <summary>The operator freezes a user: what he has is not served from then on, and is again when he is unfrozen.</summary>
public sealed partial class ReconcileLoop
{
    private IReadOnlyDictionary<long, string> _frozen = FrozenDictionary<long, string>.Empty;
    private bool _lostFrozen;

    /// <summary>Plans anew what the users have who are frozen or unfrozen now. False when another reconciler writes.</summary>
    private async Task<bool> FreezeAsync(CancellationToken stop)
    {
        var before = _planner.Frozen;
        if (!await ReadFrozenAsync(stop)) return Displaced() is not null;
        var changed = before.Except(_planner.Frozen).Concat(_planner.Frozen.Except(before)).ToHashSet();
        if (changed.Count == 0) return true;
        FrozenChanged(_planner.Frozen.Count, string.Join(", ", changed.Order().Take(LongestList)));
        return await PlanAsync(_book.OfUsers(changed), highest: 0, stop);
    }

    /// <summary>A Redis that lost everything lost this too: nobody is unfrozen by an accident. False when another reconciler writes.</summary>
    private async Task<bool> ReadFrozenAsync(CancellationToken stop)
    {
        var stored = await _reader.ReadFrozenAsync(stop);
        var missing = _frozen.Where(it => !stored.ContainsKey(it.Key)).ToList();
        // Whether the operator took them out or Redis was emptied just now, only a look after the reading can tell.
        if (missing.Count > 0 && await _applier.IsLostAsync(stop)) Lost();
        var lost = _lostFrozen ? missing : [];
        if (lost.Count > 0 && await _applier.FreezeAgainAsync(lost, stop) is WriteOutcome.Fenced) return false;
        _lostFrozen = false;
        _frozen = stored.Concat(lost).ToDictionary();
        _planner.Frozen = _frozen.Keys.ToHashSet();
        return true;
    }
}

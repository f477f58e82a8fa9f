using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Proving;
using Gateway.Store;

namespace Gateway.Reconciler;

/// <summary>Proofs of hosts outside all zones are looked at again and again: a domain that was sold, or an alias that is gone, ends its route.</summary>
public sealed partial class ReconcileLoop
{
    private DateTimeOffset _proofsDue;

    /// <summary>Asks for a look when it is time, and takes over what the last one found. False when another reconciler writes.</summary>
    private async Task<bool> ReviewProofsAsync(CancellationToken stop)
    {
        if (_options.ForeignHosts is ForeignHosts.FirstCome || _options.ProofInterval == TimeSpan.Zero) return true;
        var now = _time.GetUtcNow();
        if (_proofsDue == default) _proofsDue = now + (FirstResync < _options.ProofInterval ? FirstResync : _options.ProofInterval);
        var findings = _watch.Take();
        var isDue = now >= _proofsDue;
        if (findings is null && !isDue) return true;
        var proofs = await _reader.ReadProofsAsync(stop);
        if (isDue)
        {
            _proofsDue = now + _options.ProofInterval;
            _watch.Ask([.. proofs.Where(it => it.Value.IsReadable).Select(it => new ProofQuestion(it.Key, it.Value.Value!.User, _book.ZoneOf(it.Key, it.Value.Value!.User)))]);
        }

        return findings is null || await TakeOverAsync(ProofReview.Of(findings, proofs, now, _options.ProofGrace), stop);
    }

    private async Task<bool> TakeOverAsync(ProofReview review, CancellationToken stop)
    {
        if (review.Held > 0) ProofsHeld(review.Held);
        foreach (var it in review.Noted)
        {
            if (it.Content.Missing is null) ProofIsBack(it.Host.ToString(), it.Content.User);
            else ProofIsGone(it.Host.ToString(), it.Content.User, _options.ProofGrace);
        }

        if (review.Noted.Count > 0 && await _applier.NoteProofsAsync(review.Noted, stop) is WriteOutcome.Fenced) return Displaced() is not null;
        if (review.Lapsed.Count == 0) return true;
        _planner.Lapsed = review.Lapsed;
        var isWriter = await PlanAsync([.. review.Lapsed.Keys.SelectMany(it => _book.At(it.Host))], highest: 0, stop);
        _planner.Lapsed = null;
        return isWriter;
    }
}

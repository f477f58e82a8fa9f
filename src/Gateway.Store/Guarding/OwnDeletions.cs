using Gateway.Model;

namespace Gateway.Store.Guarding;

/// <summary>What our own writers took away, according to the ledger: of several entries for a place the last one counts. One owner.</summary>
internal sealed class OwnDeletions
{
    private readonly Dictionary<KeyChange, (long Sequence, bool IsDeletion)> _last = [];

    /// <summary>True when nothing was taken away.</summary>
    internal bool IsEmpty => !_last.Values.Any(static it => it.IsDeletion);

    // Of a key of which nothing was taken away, nothing has to be known.
    private readonly HashSet<string> _keys = [];

    /// <summary>Takes the next entry of the ledger.</summary>
    internal void Add(RedisSchema.LedgerEntry entry)
    {
        if (entry.IsDeletion) _keys.Add(entry.Key);
        if (_keys.Contains(entry.Key)) _last[new KeyChange(entry.Key, entry.Field)] = (entry.Sequence, entry.IsDeletion);
    }

    /// <summary>True when the last word about the place, or about its key as a whole, was to take it away.</summary>
    internal bool Explain(KeyChange place)
    {
        var own = _last.GetValueOrDefault(place);
        var whole = _last.GetValueOrDefault(place with { Field = null });
        return own.Sequence >= whole.Sequence ? own.IsDeletion : whole.IsDeletion;
    }
}

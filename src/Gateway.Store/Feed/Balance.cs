namespace Gateway.Store.Feed;

/// <summary>
/// Sets events against the ledger entries that explain them. What is left over after the ledger was read to its end was
/// written by somebody else. Owned by the one loop that reads the ledger.
/// </summary>
/// <remarks>
/// An event and its entry come from one script, but on two connections. An event that was counted before a read of the ledger
/// began has its entry in that read, so a surplus of events is certain. A surplus of entries means that the events are still on
/// their way; if they never come, the key is read again as well, since another's event may have been set against the entry.
/// </remarks>
internal sealed class Balance(TimeSpan patience, TimeProvider time)
{
    private readonly Dictionary<string, (int Count, long Since)> _keys = new(StringComparer.Ordinal);

    /// <summary>Keys that do not balance at the moment.</summary>
    internal int Count => _keys.Count;

    /// <summary>Events that came.</summary>
    internal void Add(string key, int events) => Change(key, events);

    /// <summary>Events that an entry accounts for.</summary>
    internal void Explain(string key, int events) => Change(key, -events);

    /// <summary>Keys to read again as a whole; they begin anew.</summary>
    internal List<string> TakeUnexplained()
    {
        List<string> unexplained = [];
        foreach (var (key, (count, since)) in _keys)
        {
            if (count > 0 || time.GetElapsedTime(since) > patience) unexplained.Add(key);
        }

        foreach (var key in unexplained) _keys.Remove(key);
        return unexplained;
    }

    /// <summary>Forgets everything, for a comparison that reads everything.</summary>
    internal void Clear() => _keys.Clear();

    private void Change(string key, int by)
    {
        // Events that do come renew the patience with those that are still missing.
        if (!_keys.TryGetValue(key, out var now) || by > 0) now.Since = time.GetTimestamp();
        now.Count += by;
        if (now.Count == 0) _keys.Remove(key);
        else _keys[key] = now;
    }
}

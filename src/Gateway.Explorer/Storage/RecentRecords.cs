using Gateway.Model;
using Gateway.Store;

namespace Gateway.Explorer.Storage;

/// <summary>The records that this explorer wrote since its last copy of them was made, so that a Redis that is emptied meanwhile costs nothing. Any number of callers.</summary>
internal sealed class RecentRecords
{
    /// <summary>Some 50 MB; where more is written between two copies, what a loss takes of it is gone.</summary>
    private const int Most = 50_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Hash, string Field), (long Version, StoredValue Value)> _records = [];
    private bool _isIncomplete;
    private long _copied;

    /// <summary>The hashes that hold records. All other keys follow from these.</summary>
    public static IReadOnlyList<string> Hashes { get; } = [RedisSchema.ExplorerUsersKey, RedisSchema.ExplorerGatewaysKey, RedisSchema.ExplorerPoolsKey, RedisSchema.ExplorerWorkloadsKey];

    /// <summary>True when more than gateways was written, which report all the time how long they have been up.</summary>
    public bool AreUrgent
    {
        get
        {
            lock (_lock) return _isIncomplete || _records.Keys.Any(it => it.Hash != RedisSchema.ExplorerGatewaysKey);
        }
    }

    /// <summary>Takes the records of a change that was made.</summary>
    /// <param name="change">The change.</param>
    /// <param name="id">The number it got.</param>
    /// <param name="version">The number of the write.</param>
    public void Note(StoreChange change, long id, long version)
    {
        foreach (var value in change.SetFields(id))
            if (Hashes.Contains(value.Key)) Note(value, version);
    }

    /// <summary>A copy was made that holds everything up to this write.</summary>
    public void Forget(long version)
    {
        lock (_lock)
        {
            _copied = version;
            foreach (var (at, _) in _records.Where(it => it.Value.Version <= version).ToList()) _records.Remove(at);
            _isIncomplete = false;
        }
    }

    /// <summary>What was written since the last copy; null when it is not known, or is nothing.</summary>
    public IReadOnlyList<StoredValue>? Take()
    {
        lock (_lock) return _isIncomplete || _records.Count == 0 ? null : [.. _records.Values.Select(it => it.Value)];
    }

    private void Note(StoredValue value, long version)
    {
        lock (_lock)
        {
            // Its answer was slow: the copy has it, or what came after it.
            if (version <= _copied) return;
            if (_isIncomplete || (_records.TryGetValue((value.Key, value.Field!), out var known) && known.Version > version)) return;
            _records[(value.Key, value.Field!)] = (version, value);
            if (_records.Count <= Most) return;
            _records.Clear();
            _isIncomplete = true;
        }
    }
}

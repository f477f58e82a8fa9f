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

    /// <summary>The hashes that hold records. All other keys follow from these.</summary>
    public static IReadOnlyList<string> Hashes { get; } = [RedisSchema.ExplorerUsersKey, RedisSchema.ExplorerGatewaysKey, RedisSchema.ExplorerPoolsKey, RedisSchema.ExplorerWorkloadsKey];

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
            if (_isIncomplete || (_records.TryGetValue((value.Key, value.Field!), out var known) && known.Version > version)) return;
            _records[(value.Key, value.Field!)] = (version, value);
            if (_records.Count <= Most) return;
            _records.Clear();
            _isIncomplete = true;
        }
    }
}

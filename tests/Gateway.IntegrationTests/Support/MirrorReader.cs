using System.Collections.Concurrent;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.IntegrationTests.Support;

/// <summary>A reader that keeps a full copy of every key with a prefix, and counts how it was called.</summary>
/// <remarks>As every reader, it ends with the connection: the client library never answers what was asked of one that broke.</remarks>
public sealed class MirrorReader(Func<IDatabase> database, string prefix) : IChangeReader
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private int _applied;
    private int _compared;
    private int _inside;

    /// <summary>Key to its fields; a string is one field named <c>=</c>.</summary>
    public ConcurrentDictionary<string, SortedDictionary<string, string>> Copy { get; private set; } = new();

    public ConcurrentQueue<KeyChange> Changes { get; } = new();

    public int Applied => Volatile.Read(ref _applied);

    public int Compared => Volatile.Read(ref _compared);

    /// <summary>Called at the beginning of each comparison; may throw, and may wait.</summary>
    public Func<Task> BeforeCompare { get; set; } = () => Task.CompletedTask;

    /// <summary>Called at the beginning of each application; may throw, and may wait.</summary>
    public Func<Task> BeforeApply { get; set; } = () => Task.CompletedTask;

    /// <summary>True when two calls ever overlapped.</summary>
    public bool WasCalledTwiceAtOnce { get; private set; }

    public string Name => prefix;

    public bool Concerns(string key) => key.StartsWith(prefix, StringComparison.Ordinal);

    public async Task ApplyAsync(IReadOnlyList<KeyChange> changes, CancellationToken stop)
    {
        Enter();
        try
        {
            Interlocked.Increment(ref _applied);
            await BeforeApply();
            foreach (var change in changes)
            {
                Changes.Enqueue(change);
                if (change.Field is null) Keep(change.Key, await ReadAsync(change.Key, stop));
                else await ReadFieldAsync(change.Key, change.Field, stop);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }

    public async Task CompareAsync(CancellationToken stop)
    {
        Enter();
        try
        {
            await BeforeCompare();
            var fresh = new ConcurrentDictionary<string, SortedDictionary<string, string>>();
            foreach (var key in ((string[]?)await database().ExecuteAsync("KEYS", prefix + "*").WaitAsync(stop))!)
            {
                if (await ReadAsync(key, stop) is { Count: > 0 } fields) fresh[key] = fields;
            }

            Copy = fresh;
            Interlocked.Increment(ref _compared);
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }

    /// <summary>What Redis holds now, for the comparison at the end of a test.</summary>
    public async Task<bool> IsEqualToRedisAsync()
    {
        using var late = new CancellationTokenSource(Patience);
        var keys = (string[])(await database().ExecuteAsync("KEYS", prefix + "*").WaitAsync(late.Token))!;
        if (keys.Length != Copy.Count) return false;
        foreach (var key in keys)
        {
            if (!Copy.TryGetValue(key, out var fields) || !fields.SequenceEqual(await ReadAsync(key, late.Token))) return false;
        }

        return true;
    }

    private void Enter() => WasCalledTwiceAtOnce |= Interlocked.Increment(ref _inside) > 1;

    private async Task ReadFieldAsync(string key, string field, CancellationToken stop)
    {
        var value = await database().HashGetAsync(key, field).WaitAsync(stop);
        var fields = Copy.TryGetValue(key, out var known) ? new SortedDictionary<string, string>(known, StringComparer.Ordinal) : new(StringComparer.Ordinal);
        if (value.IsNull) fields.Remove(field);
        else fields[field] = value!;
        Keep(key, fields);
    }

    private async Task<SortedDictionary<string, string>> ReadAsync(string key, CancellationToken stop)
    {
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal);
        switch (await database().KeyTypeAsync(key).WaitAsync(stop))
        {
            case RedisType.Hash:
                foreach (var entry in await database().HashGetAllAsync(key).WaitAsync(stop)) fields[entry.Name!] = entry.Value!;
                break;
            case RedisType.String:
                var value = await database().StringGetAsync(key).WaitAsync(stop);
                if (!value.IsNull) fields["="] = value!;
                break;
        }

        return fields;
    }

    private void Keep(string key, SortedDictionary<string, string> fields)
    {
        if (fields.Count > 0) Copy[key] = fields;
        else Copy.TryRemove(key, out _);
    }
}

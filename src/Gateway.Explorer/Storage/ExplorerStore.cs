using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Explorer.Storage;

/// <summary>
/// Reads and writes of the explorer in Redis. Every call has a deadline; when Redis is away it throws at once
/// (<see cref="RedisFaults.IsRedis"/>), which ends as one clear 503.
/// </summary>
internal sealed class ExplorerStore(RedisConnection redis, ExplorerEvents events, IdFloor ids, RecentRecords recent, TimeProvider time)
{
    /* A healthy Redis answers in under a millisecond; behind a slow one the caller shall try again rather than pile up. */
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>One object of a hash; null when absent. Throws <see cref="StoredValueDamagedException"/> when it cannot be read.</summary>
    public async Task<Stored<T>?> ReadAsync<T>(string hash, string field, CancellationToken stop) where T : class, new()
    {
        var value = await Within(redis.Commands.HashGetAsync(hash, field), stop);
        if (value.IsNull) return null;
        return TryRead<T>(hash, field, value, out var stored, out var fault) ? stored : throw new StoredValueDamagedException(Name(hash, field), fault);
    }

    /// <summary>Objects of a hash in the order of the fields; absent ones and damaged ones are left out.</summary>
    public async Task<IReadOnlyList<T>> ReadAsync<T>(string hash, IReadOnlyList<RedisValue> fields, CancellationToken stop) where T : class, new()
    {
        if (fields.Count == 0) return [];
        var values = await Within(redis.Commands.HashGetAsync(hash, [.. fields]), stop);
        return [.. Readable<T>(hash, fields.Zip(values))];
    }

    /// <summary>The same objects as the octets that are stored, of which each is one JSON object.</summary>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadJsonAsync(string hash, IReadOnlyList<RedisValue> fields, CancellationToken stop)
    {
        if (fields.Count == 0) return [];
        var values = await Within(redis.Commands.HashGetAsync(hash, [.. fields]), stop);
        var objects = new List<ReadOnlyMemory<byte>>(values.Length);
        foreach (var (field, value) in fields.Zip(values))
        {
            if (value.IsNull) continue;
            var json = (byte[])value!;
            if (JsonObject.IsOne(json, out var fault)) objects.Add(json);
            else events.StoredValueDamaged(Name(hash, field.ToString()), fault);
        }

        return objects;
    }

    /// <summary>All objects of a hash but the damaged ones: for the few gateways only.</summary>
    public async Task<IReadOnlyList<T>> ReadAllAsync<T>(string hash, CancellationToken stop) where T : class, new()
    {
        var entries = await Within(redis.Commands.HashGetAllAsync(hash), stop);
        return [.. Readable<T>(hash, entries.Select(entry => (entry.Name, entry.Value)))];
    }

    /// <summary>Objects in a hash.</summary>
    public async Task<long> CountFieldsAsync(string hash, CancellationToken stop) => await Within(redis.Commands.HashLengthAsync(hash), stop);

    /// <summary>A field that holds a number; 0 when absent.</summary>
    public async Task<long> ReadNumberAsync(string hash, string field, CancellationToken stop)
    {
        var value = await Within(redis.Commands.HashGetAsync(hash, field), stop);
        return value.TryParse(out long number) ? number : 0;
    }

    /// <summary>A counter; 0 when nothing was counted.</summary>
    public async Task<long> ReadCounterAsync(string key, CancellationToken stop)
    {
        var value = await Within(redis.Commands.StringGetAsync(key), stop);
        return value.TryParse(out long number) ? number : 0;
    }

    /// <summary>Members of a sorted set with a score from <paramref name="from"/> on, lowest first.</summary>
    public async Task<IReadOnlyList<RedisValue>> MembersFromAsync(string set, double from, long skip, long count, CancellationToken stop) =>
        await Within(redis.Commands.SortedSetRangeByScoreAsync(set, from, skip, count), stop);

    /// <summary>Members of a sorted set.</summary>
    public async Task<long> CountAsync(string set, CancellationToken stop) => await Within(redis.Commands.SortedSetLengthAsync(set), stop);

    /// <summary>The second ids of all pairs that begin with <paramref name="first"/>, in order, a page of them.</summary>
    public async Task<IReadOnlyList<RedisValue>> PairedAsync(string set, long first, long skip, long count, CancellationToken stop)
    {
        var (from, to) = Range(first);
        var pairs = await Within(redis.Commands.SortedSetRangeByValueAsync(set, from, to, skip, count), stop);
        return [.. pairs.Select(SecondOf).Where(id => id > 0).Select(id => (RedisValue)id)];
    }

    /// <summary>How many pairs begin with <paramref name="first"/>.</summary>
    public async Task<long> CountPairsAsync(string set, long first, CancellationToken stop)
    {
        var (from, to) = Range(first);
        return await Within(redis.Commands.SortedSetLengthByValueAsync(set, from, to), stop);
    }

    /// <summary>Makes a change; gives the new number (0 when it takes none), or null when what was expected is no longer so.</summary>
    public async Task<long?> CommitAsync(StoreChange change, CancellationToken stop) => await TryCommitAsync(change, stop) is >= 0 and var answer ? answer : null;

    /// <summary>Makes a change with limits; gives the new number, or an answer for <see cref="StoreChange.LimitOf"/>. Throws <see cref="StoreLostException"/> when Redis has lost what was numbered before.</summary>
    public async Task<long> TryCommitAsync(StoreChange change, CancellationToken stop)
    {
        var counter = change.Counter is { } it ? ids.FloorOf(it) : Floor.None;
        var (answer, second) = await EvaluateAsync(change, change.Arguments(ids.FloorOf(RedisSchema.ExplorerVersionKey), counter), stop);
        if (answer == StoreChange.IsLost) throw Lost(second == 1 ? RedisSchema.ExplorerVersionKey : change.Counter!);
        if (answer < 0) return answer;
        if (change.Counter is { } taken) ids.Give((RedisSchema.ExplorerVersionKey, second), (taken, answer));
        else ids.Give((RedisSchema.ExplorerVersionKey, second));
        recent.Note(change, answer, second);
        return answer;
    }

    /// <summary>Puts back what was there before a loss: it counts as no write, and is made whatever was lost.</summary>
    public Task PutBackAsync(StoreChange change, CancellationToken stop) => EvaluateAsync(change, change.Arguments(Floor.None, Floor.None, isCounted: false), stop);

    /// <summary>Throws <see cref="StoreLostException"/> when Redis counts fewer writes than were made: whatever was read before this call may be from an emptied or older Redis.</summary>
    public async Task DemandWholeAsync(CancellationToken stop)
    {
        // First the floor, for it may rise while Redis is asked.
        var floor = ids.FloorOf(RedisSchema.ExplorerVersionKey);
        if (!floor.GoesOn && await ReadCounterAsync(RedisSchema.ExplorerVersionKey, stop) < floor.Number) throw Lost(RedisSchema.ExplorerVersionKey);
    }

    private StoreLostException Lost(string counter)
    {
        ids.Lost(counter);
        return new StoreLostException(ids.Loss ?? "the operator has just accepted a loss: try again");
    }

    private async Task<(long Answer, long Second)> EvaluateAsync(StoreChange change, RedisValue[] arguments, CancellationToken stop)
    {
        var answer = (RedisResult[])(await Within(redis.Commands.ScriptEvaluateAsync(StoreChange.Script, change.Keys(), arguments, CommandFlags.NoScriptCache), stop))!;
        return ((long)answer[0], (long)answer[1]);
    }

    /// <summary>An id as a field name.</summary>
    public static string Field(long id) => id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The members of a set of pairs that begin with an id: from the first text to before the second.</summary>
    // The colon is followed by digits only, and ';' comes right behind ':'.
    public static (string From, string To) Range(long first) => (RedisSchema.ExplorerPairStart(first), RedisSchema.ExplorerPadded(first) + ";");

    private static long SecondOf(RedisValue pair) => RedisSchema.TryReadExplorerPair(pair.ToString(), out var second) ? second : 0;

    private IEnumerable<T> Readable<T>(string hash, IEnumerable<(RedisValue Field, RedisValue Value)> entries) where T : class, new()
    {
        foreach (var (field, value) in entries)
        {
            if (value.IsNull) continue;
            if (TryRead<T>(hash, field.ToString(), value, out var stored, out _)) yield return stored.Value;
        }
    }

    private bool TryRead<T>(string hash, string field, RedisValue value, [NotNullWhen(true)] out Stored<T>? stored, out string fault) where T : class, new()
    {
        var json = (byte[])value!;
        stored = JsonObject.IsOne(json, out fault) && ExplorerJson.TryRead<T>(json, out var it, out fault) ? new Stored<T>(it, json) : null;
        if (stored is null) events.StoredValueDamaged(Name(hash, field), fault);
        return stored is not null;
    }

    // As the operator and the asker know it: "workload 54".
    private static string Name(string hash, string field) => $"{Kind(hash)} {field}";

    private static string Kind(string hash) => hash switch
    {
        RedisSchema.ExplorerWorkloadsKey => "workload",
        RedisSchema.ExplorerUsersKey => "user",
        RedisSchema.ExplorerGatewaysKey => "gateway",
        RedisSchema.ExplorerPoolsKey => "pool",
        _ => hash,
    };

    private Task<T> Within<T>(Task<T> command, CancellationToken stop) => command.WaitAsync(Deadline, time, stop);
}

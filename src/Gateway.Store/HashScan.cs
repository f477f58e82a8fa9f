using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace Gateway.Store;

/// <summary>Reads much of Redis in pieces that keep nobody waiting.</summary>
/// <exception cref="Exception">Every call: see <see cref="RedisFaults.IsRedis"/>.</exception>
public sealed class HashScan(RedisConnection redis, TimeProvider time)
{
    private const int Piece = 2_000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>All fields of a hash. A key of another type holds none of ours.</summary>
    public async Task<Dictionary<string, string>> ReadAsync(string key, CancellationToken stop)
    {
        var all = new Dictionary<string, string>();
        try
        {
            await foreach (var (field, value) in FieldsAsync(key, stop)) all[field] = value!;
        }
        catch (RedisServerException e) when (RedisFaults.IsMistyped(e))
        {
            // The write that replaces it says so.
        }

        return all;
    }

    /// <summary>The fields of a hash as they come: one that changes meanwhile may come twice.</summary>
    public async IAsyncEnumerable<(string Field, RedisValue Value)> FieldsAsync(string key, [EnumeratorCancellation] CancellationToken stop)
    {
        var cursor = "0";
        do
        {
            (cursor, var items) = await ScanAsync("HSCAN", [key, cursor, "COUNT", Piece], stop);
            for (var i = 0; i + 1 < items.Length; i += 2) yield return (items[i]!, items[i + 1]);
        }
        while (cursor != "0");
    }

    /// <summary>Names of all keys of a pattern.</summary>
    public async Task<IReadOnlySet<string>> KeysAsync(string pattern, CancellationToken stop)
    {
        var keys = new HashSet<string>();
        var cursor = "0";
        do
        {
            (cursor, var items) = await ScanAsync("SCAN", [cursor, "MATCH", pattern, "COUNT", Piece], stop);
            foreach (var key in items) keys.Add(key!);
        }
        while (cursor != "0");
        return keys;
    }

    /// <summary>One piece, and where the next one begins.</summary>
    public async Task<(string Cursor, RedisValue[] Items)> ScanAsync(string command, object[] arguments, CancellationToken stop)
    {
        var answer = (RedisResult[])(await redis.Commands.ExecuteAsync(command, arguments).WaitAsync(Deadline, time, stop))!;
        return ((string)answer[0]!, (RedisValue[])answer[1]!);
    }
}

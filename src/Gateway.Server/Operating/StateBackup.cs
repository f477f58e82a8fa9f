using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Model;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Server.Operating;

/// <summary>
/// The node's whole state as lines of JSON: a head with the node's seed file, a line for each Redis key as DUMP gives it, and an
/// end that counts them. A file without its end is never restored.
/// </summary>
/// <param name="seedFile">The node's seed file; it need not exist.</param>
/// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>.</exception>
internal sealed class StateBackup(LedgerView view, RedisConnection redis, string seedFile, TimeProvider time)
{
    private const string Format = "gateway-backup";
    private const int Version = 1;

    /* Keys in one round trip: some megabytes of the largest zones. */
    private const int Piece = 100;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>What belongs to the running writers and readers, and must not go back in time.</summary>
    private static readonly HashSet<string> NotKept = [RedisSchema.LedgerKey, RedisSchema.LedgerSequenceKey, RedisSchema.FenceKey, RedisSchema.EventsTrialKey, RedisSchema.ExplorerPuttingBackKey];

    /// <summary>Writes everything; who reads it holds the node's identity and every tunnel's secret.</summary>
    public async Task WriteAsync(Stream output, CancellationToken stop)
    {
        var head = new JsonObject { ["format"] = Format, ["version"] = Version, ["made"] = time.GetUtcNow().ToString("O"), ["seed"] = File.Exists(seedFile) ? await File.ReadAllTextAsync(seedFile, stop) : null };
        await WriteLineAsync(output, head, stop);
        var count = 0L;
        foreach (var keys in (await KeysAsync(stop)).Order(StringComparer.Ordinal).Chunk(Piece))
        {
            var dumps = await Task.WhenAll(keys.Select(key => redis.Commands.KeyDumpAsync(key))).WaitAsync(Deadline, time, stop);
            for (var i = 0; i < keys.Length; i++)
            {
                if (dumps[i] is not { } dump) continue;
                await WriteLineAsync(output, new JsonObject { ["key"] = keys[i], ["dump"] = Convert.ToBase64String(dump) }, stop);
                count++;
            }
        }

        await WriteLineAsync(output, new JsonObject { ["end"] = count }, stop);
    }

    /// <summary>Puts Redis into the state of the backup. The fault says why nothing was changed, null when it was restored; the note what else the operator has to do.</summary>
    public async Task<(string? Fault, string Note)> RestoreAsync(Stream input, CancellationToken stop)
    {
        var (head, dumps, fault) = await ReadAsync(input, stop);
        if (fault is not null) return (fault, "");
        foreach (var some in dumps.Chunk(Piece))
            await Task.WhenAll(some.Select(it => redis.Commands.ExecuteAsync("RESTORE", it.Key, 0, it.Value, "REPLACE"))).WaitAsync(Deadline, time, stop);
        var surplus = (await KeysAsync(stop)).Where(key => !dumps.ContainsKey(key)).Select(key => (RedisKey)key).ToArray();
        if (surplus.Length > 0) await redis.Commands.KeyDeleteAsync(surplus).WaitAsync(Deadline, time, stop);
        return (null, await NoteAboutSeedAsync((string?)head!["seed"], stop));
    }

    private async Task<string> NoteAboutSeedAsync(string? seed, CancellationToken stop)
    {
        if (seed is null || (File.Exists(seedFile) && (await File.ReadAllTextAsync(seedFile, stop)).Trim() == seed.Trim())) return "";
        var beside = seedFile + ".restored";
        File.Delete(beside);
        await using var file = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        await file.WriteAsync(Encoding.UTF8.GetBytes(seed), stop);
        return $"The backup is of another identity, which reservations and tunnel secrets are bound to: stop the node, move '{beside}' to '{seedFile}', and start it again.";
    }

    private async Task<IEnumerable<string>> KeysAsync(CancellationToken stop) => (await view.KeysAsync("*", stop)).Where(key => !NotKept.Contains(key));

    private static async Task<(JsonObject? Head, Dictionary<string, byte[]> Dumps, string? Fault)> ReadAsync(Stream input, CancellationToken stop)
    {
        JsonObject? head = null;
        var dumps = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        using var reader = new StreamReader(input, Encoding.UTF8);
        for (var number = 1; await reader.ReadLineAsync(stop) is { } line; number++)
        {
            if (Parse(line) is not { } item) return (null, dumps, $"Line {number} is not a line of a backup.");
            if (number == 1) head = item;
            if (number == 1 && ((string?)item["format"], (int?)item["version"]) is not (Format, Version)) return (null, dumps, "This is no backup that this version of the node can read.");
            if (item["end"] is { } end) return (long)end == dumps.Count ? (head, dumps, null) : (null, dumps, $"The backup counts {end} keys, but holds {dumps.Count}: it is damaged.");
            if (number > 1 && !TryAdd(dumps, item)) return (null, dumps, $"Line {number} is damaged.");
        }

        return (null, dumps, "The backup has no end: it was cut off.");
    }

    private static bool TryAdd(Dictionary<string, byte[]> dumps, JsonObject item)
    {
        if (item["key"] is not JsonValue key || item["dump"] is not JsonValue dump || NotKept.Contains(key.ToString())) return false;
        var bytes = new byte[dump.ToString().Length];
        if (!Convert.TryFromBase64String(dump.ToString(), bytes, out var length)) return false;
        return dumps.TryAdd(key.ToString(), bytes[..length]);
    }

    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task WriteLineAsync(Stream output, JsonObject item, CancellationToken stop) =>
        await output.WriteAsync(Encoding.UTF8.GetBytes(item.ToJsonString() + "\n"), stop);
}

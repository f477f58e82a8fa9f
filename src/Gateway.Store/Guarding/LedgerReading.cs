using Gateway.Model;
using StackExchange.Redis;

namespace Gateway.Store.Guarding;

/// <summary>Looks at the ledger apart from the feed that follows it.</summary>
internal static class LedgerReading
{
    private const int PageLength = 1000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>The last entry; <see cref="LedgerPosition.Beginning"/> when there is none, or when the last line is not ours.</summary>
    internal static async Task<LedgerPosition> EndAsync(RedisCommands redis, TimeProvider time, CancellationToken stop)
    {
        var lines = await AskAsync(redis, "XREVRANGE", [RedisSchema.LedgerKey, "+", "-", "COUNT", 1], time, stop);
        return lines is [var last] && Decode(last) is { } entry ? new LedgerPosition(IdOf(last), entry.Sequence) : LedgerPosition.Beginning;
    }

    /// <summary>
    /// What our own writers did after a position. Its place in time counts, not its number: in a Redis that was emptied numbers begin
    /// again, and what users delete there is deleted all the same.
    /// </summary>
    internal static async Task<OwnDeletions> DeletionsSinceAsync(RedisCommands redis, LedgerPosition since, TimeProvider time, CancellationToken stop)
    {
        var deletions = new OwnDeletions();
        for (var from = since.Id; ;)
        {
            var lines = await AskAsync(redis, "XRANGE", [RedisSchema.LedgerKey, "(" + from, "+", "COUNT", PageLength], time, stop);
            foreach (var line in lines)
                if (Decode(line) is { } entry) deletions.Add(entry);
            if (lines.Length < PageLength) return deletions;
            from = IdOf(lines[^1]);
        }
    }

    /// <summary>Whether the ledger holds the entry of a position, or held it until it was trimmed.</summary>
    internal static async Task<bool> LeadsOverAsync(RedisCommands redis, LedgerPosition position, TimeProvider time, CancellationToken stop)
    {
        if (await HoldsAsync(redis, position, time, stop)) return true;
        var first = await AskAsync(redis, "XRANGE", [RedisSchema.LedgerKey, "-", "+", "COUNT", 1], time, stop);
        return first is [var earliest] && Decode(earliest)?.Sequence > position.Sequence;
    }

    /// <summary>Whether the ledger holds the entry of a position now.</summary>
    internal static async Task<bool> HoldsAsync(RedisCommands redis, LedgerPosition position, TimeProvider time, CancellationToken stop)
    {
        if (position == LedgerPosition.Beginning) return true;
        var at = await AskAsync(redis, "XRANGE", [RedisSchema.LedgerKey, position.Id, position.Id], time, stop);
        return at is [var line] && Decode(line)?.Sequence == position.Sequence;
    }

    private static string IdOf(RedisResult line) => (string)((RedisResult[])line!)[0]!;

    private static RedisSchema.LedgerEntry? Decode(RedisResult line) =>
        RedisSchema.TryDecodeLedgerEntry((string[])((RedisResult[])line!)[1]!, out var entry) ? entry : null;

    // A key of another type is no ledger, and says nothing.
    private static async Task<RedisResult[]> AskAsync(RedisCommands redis, string command, object[] arguments, TimeProvider time, CancellationToken stop)
    {
        try
        {
            var answer = await redis.ExecuteAsync(command, arguments).WaitAsync(Deadline, time, stop);
            return answer.IsNull ? [] : (RedisResult[])answer!;
        }
        catch (RedisServerException e) when (RedisFaults.IsMistyped(e))
        {
            return [];
        }
    }
}

using Gateway.Model;
using StackExchange.Redis;

namespace Gateway.Store.Guarding;

/// <summary>Looks at the ledger apart from the feed that follows it.</summary>
internal static class LedgerReading
{
    private const int PageLength = 250;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>The last entry; <see cref="LedgerPosition.Beginning"/> when there is none, or when the last line is not ours.</summary>
    internal static async Task<LedgerPosition> EndAsync(RedisCommands redis, TimeProvider time, CancellationToken stop)
    {
        var lines = await AskAsync(redis, "XREVRANGE", [RedisSchema.LedgerKey, "+", "-", "COUNT", 1], time, stop);
        return lines is [var last] && SequenceOf(last) is { } sequence ? new LedgerPosition(IdOf(last), sequence) : LedgerPosition.Beginning;
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
            var changes = new List<RedisSchema.LedgerEntry>(lines.Length);
            foreach (var line in lines) TryDecode(line, changes);
            foreach (var change in changes) deletions.Add(change);
            if (lines.Length < PageLength) return deletions;
            from = IdOf(lines[^1]);
        }
    }

    /// <summary>Whether the ledger holds the entry of a position, or held it until it was trimmed.</summary>
    internal static async Task<bool> LeadsOverAsync(RedisCommands redis, LedgerPosition position, TimeProvider time, CancellationToken stop)
    {
        if (await HoldsAsync(redis, position, time, stop)) return true;
        var first = await AskAsync(redis, "XRANGE", [RedisSchema.LedgerKey, "-", "+", "COUNT", 1], time, stop);
        return first is [var earliest] && SequenceOf(earliest) > position.Sequence;
    }

    /// <summary>Whether the ledger holds the entry of a position now.</summary>
    internal static async Task<bool> HoldsAsync(RedisCommands redis, LedgerPosition position, TimeProvider time, CancellationToken stop)
    {
        if (position == LedgerPosition.Beginning) return true;
        var at = await AskAsync(redis, "XRANGE", [RedisSchema.LedgerKey, position.Id, position.Id], time, stop);
        return at is [var line] && SequenceOf(line) == position.Sequence;
    }

    /// <summary>Adds what a line of the stream tells of; false when it is not ours.</summary>
    internal static bool TryDecode(RedisResult line, List<RedisSchema.LedgerEntry> changes) =>
        RedisSchema.TryDecodeLedgerEntry((string[])((RedisResult[])line!)[1]!, changes);

    /// <summary>The number of a line; null when it is not ours.</summary>
    internal static long? SequenceOf(RedisResult line)
    {
        var changes = new List<RedisSchema.LedgerEntry>();
        return TryDecode(line, changes) ? changes[^1].Sequence : null;
    }

    private static string IdOf(RedisResult line) => (string)((RedisResult[])line!)[0]!;

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

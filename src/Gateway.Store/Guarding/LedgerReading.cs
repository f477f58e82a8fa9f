using Gateway.Model;
using StackExchange.Redis;

namespace Gateway.Store.Guarding;

/// <summary>Looks at the ledger apart from the feed that follows it.</summary>
internal static class LedgerReading
{
    private const int PageLength = 1000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>The last entry; <see cref="LedgerPosition.Beginning"/> when there is none, or when the last line is not ours.</summary>
    internal static async Task<LedgerPosition> EndAsync(IDatabase database, TimeProvider time, CancellationToken stop)
    {
        var lines = await AskAsync(database, "XREVRANGE", [RedisSchema.LedgerKey, "+", "-", "COUNT", 1], time, stop);
        return lines is [var last] && Decode(last) is { } entry ? new LedgerPosition(IdOf(last), entry.Sequence) : LedgerPosition.Beginning;
    }

    /// <summary>What our own writers did after a position. Nothing, when the ledger is not the one that the position is of.</summary>
    internal static async Task<OwnDeletions> DeletionsSinceAsync(IDatabase database, LedgerPosition since, TimeProvider time, CancellationToken stop)
    {
        var deletions = new OwnDeletions();
        if ((await EndAsync(database, time, stop)).Sequence < since.Sequence) return deletions;
        for (var from = since.Id; ;)
        {
            var lines = await AskAsync(database, "XRANGE", [RedisSchema.LedgerKey, "(" + from, "+", "COUNT", PageLength], time, stop);
            foreach (var line in lines)
                if (Decode(line) is { } entry && entry.Sequence > since.Sequence) deletions.Add(entry);
            if (lines.Length < PageLength) return deletions;
            from = IdOf(lines[^1]);
        }
    }

    private static string IdOf(RedisResult line) => (string)((RedisResult[])line!)[0]!;

    private static RedisSchema.LedgerEntry? Decode(RedisResult line) =>
        RedisSchema.TryDecodeLedgerEntry((string[])((RedisResult[])line!)[1]!, out var entry) ? entry : null;

    // A key of another type is no ledger, and says nothing.
    private static async Task<RedisResult[]> AskAsync(IDatabase database, string command, object[] arguments, TimeProvider time, CancellationToken stop)
    {
        try
        {
            var answer = await database.ExecuteAsync(command, arguments).WaitAsync(Deadline, time, stop);
            return answer.IsNull ? [] : (RedisResult[])answer!;
        }
        catch (RedisServerException e) when (RedisFaults.IsMistyped(e))
        {
            return [];
        }
    }
}

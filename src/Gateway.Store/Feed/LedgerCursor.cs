using Gateway.Model;
using Gateway.Store.Guarding;
using StackExchange.Redis;

namespace Gateway.Store.Feed;

/// <summary>A place in the change ledger; kept over reconnections.</summary>
internal sealed class LedgerCursor(TimeProvider time)
{
    // With all that entries may tell of together, a page is a megabyte or two.
    private const int PageLength = 250;

    private const string Beginning = "0-0";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private string? _id;
    private long _sequence;

    /// <summary>Number of the last entry that was read; 0 when none was yet, and then any number may come first.</summary>
    internal long Sequence => Volatile.Read(ref _sequence);

    /// <summary>Goes to the end of the ledger the first time, or when the ledger ends before the place (data was lost); otherwise stays.</summary>
    internal async Task OpenAsync(RedisCommands redis, CancellationToken stop)
    {
        var answer = await AskAsync(redis, "XREVRANGE", [RedisSchema.LedgerKey, "+", "-", "COUNT", 1], stop);
        var (id, sequence) = answer is [var last] ? (IdOf(last), LedgerReading.SequenceOf(last) ?? 0) : (Beginning, 0);
        if (_id is not null && !IsBefore(id, _id)) return;
        _id = id;
        Volatile.Write(ref _sequence, sequence);
    }

    /// <summary>Reads the next page and moves behind it.</summary>
    internal async Task<LedgerPage> ReadAsync(RedisCommands redis, CancellationToken stop)
    {
        var streams = await AskAsync(redis, "XREAD", ["COUNT", PageLength, "STREAMS", RedisSchema.LedgerKey, _id ?? Beginning], stop);
        if (streams is not [var stream]) return await IsLostAsync(redis, stop) ? LedgerPage.Lost : LedgerPage.Empty;
        var lines = (RedisResult[])((RedisResult[])stream!)[1]!;
        var entries = new List<RedisSchema.LedgerEntry>(lines.Length);
        var gap = false;
        foreach (var line in lines)
        {
            _id = IdOf(line);
            if (!LedgerReading.TryDecode(line, entries))
            {
                // Somebody else's line tells nothing about what it hides.
                gap = true;
                continue;
            }

            var sequence = entries[^1].Sequence;
            gap |= _sequence != 0 && sequence != _sequence + 1;
            Volatile.Write(ref _sequence, sequence);
        }

        return new LedgerPage(entries, gap, lines.Length == PageLength);
    }

    // Numbers only grow. Where both the counter and the stream are behind, Redis was emptied, or restored from a backup.
    private async Task<bool> IsLostAsync(RedisCommands redis, CancellationToken stop)
    {
        if (_sequence == 0) return false;
        var counted = await redis.StringGetAsync(RedisSchema.LedgerSequenceKey).WaitAsync(Deadline, time, stop);
        if (counted.TryParse(out long number) && number >= _sequence) return false;
        var end = await LedgerReading.EndAsync(redis, time, stop);
        if (end.Sequence >= _sequence) return false;
        _id = end.Id;
        Volatile.Write(ref _sequence, end.Sequence);
        return true;
    }

    /// <summary>Whether a stream id ("milliseconds-count") is smaller than another.</summary>
    internal static bool IsBefore(string id, string other)
    {
        var (left, right) = (Parts(id), Parts(other));
        return left.CompareTo(right) < 0;

        static (ulong, ulong) Parts(string id)
        {
            var dash = id.IndexOf('-', StringComparison.Ordinal);
            return (ulong.Parse(id.AsSpan(0, dash)), ulong.Parse(id.AsSpan(dash + 1)));
        }
    }

    private static string IdOf(RedisResult line) => (string)((RedisResult[])line!)[0]!;

    private async Task<RedisResult[]?> AskAsync(RedisCommands redis, string command, object[] arguments, CancellationToken stop)
    {
        var answer = await redis.ExecuteAsync(command, arguments).WaitAsync(Deadline, time, stop);
        return answer.IsNull ? null : (RedisResult[]?)answer;
    }
}

/// <summary>Some entries of the ledger, in order.</summary>
/// <param name="Entries">What the readable ones tell of.</param>
/// <param name="Gap">True when something between these entries, or before them, is missing.</param>
/// <param name="IsFull">True when more entries may follow at once.</param>
internal readonly record struct LedgerPage(IReadOnlyList<RedisSchema.LedgerEntry> Entries, bool Gap, bool IsFull)
{
    internal static readonly LedgerPage Empty = new([], false, false);

    /// <summary>What was followed so far is there no more.</summary>
    internal static readonly LedgerPage Lost = new([], true, false);
}

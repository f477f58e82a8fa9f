using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Explorer.Storage;

/// <summary>
/// The explorer's records in a last-known-good file beside Redis. When Redis was emptied, replaced, or restored from an older backup,
/// they are put back, and until then nothing is answered: who reads of no reservation where there is one would take it for gone.
/// </summary>
/// <param name="file">Where the copy is kept; null: nowhere, and a loss waits for the operator.</param>
/// <param name="redis">Where the records are.</param>
/// <param name="store">Writes them.</param>
/// <param name="shelf">Knows what stands beside a workload.</param>
/// <param name="ids">What was given out and written so far.</param>
/// <param name="recent">What is newer than the file.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where to tell.</param>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to dispose.")]
internal sealed partial class RecordsCopy(LastKnownGood? file, RedisConnection redis, ExplorerStore store, WorkloadShelf shelf, IdFloor ids, RecentRecords recent, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>What gateways report about themselves, and what another explorer on this Redis wrote, is copied this often.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(1);

    /// <summary>Scripts on their way at once.</summary>
    private const int WritePiece = 500;

    /// <summary>Longer than a piece takes: after it another explorer on this Redis may begin, when the first one is gone.</summary>
    private static readonly TimeSpan RightToPutBack = TimeSpan.FromSeconds(30);

    private static readonly RedisKey[] Counters = [RedisSchema.ExplorerVersionKey, RedisSchema.ExplorerUserCounterKey, RedisSchema.ExplorerPoolCounterKey, RedisSchema.ExplorerWorkloadCounterKey, RedisSchema.ExplorerGatewayCounterKey];

    private readonly HashScan _scan = new(redis, time);
    private readonly SemaphoreSlim _turn = new(1);
    private long? _kept;
    private long _keptAt;

    /// <summary>Looks after Redis and the copy until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        do
        {
            await TryLookAsync(isLast: false);
            await Task.Delay(Beat, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!stop.IsCancellationRequested);
        await TryLookAsync(isLast: true);
    }

    /// <summary>Keeps the copy and Redis as they are until the answer is disposed of: the operator puts back a backup of his.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        return new Hold(_turn);
    }

    // Also at the end, and never cut short: the last writes would be in no copy.
    private async Task TryLookAsync(bool isLast)
    {
        using var hold = await HoldAsync(CancellationToken.None);
        try
        {
            await LookAsync(isLast);
        }
        catch (StoreLostException)
        {
            // Lost while it was copied: told, and put back at the next look.
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            NotCopied(RedisFaults.Describe(e));
        }
    }

    private async Task LookAsync(bool isLast)
    {
        var version = ids.FloorOf(RedisSchema.ExplorerVersionKey);
        if (await LossAsync() is { } counter)
        {
            ids.Lost(counter);
            if (file is not null) await PutBackAsync(file);
            return;
        }

        if (ids.Loss is not null) ids.Found();
        // The first write that counts; or the operator accepted what is lost, and it counts from where it was.
        if (version is { Number: 0 } or { GoesOn: true }) await CountOnAsync();
        if (file is not null) await KeepAsync(file, isLast);
    }

    /// <summary>A counter that shows less than was counted; null when none does.</summary>
    private async Task<string?> LossAsync()
    {
        var floors = Counters.Select(it => (Key: it.ToString(), Floor: ids.FloorOf(it.ToString()))).ToList();
        var numbers = await NumbersAsync();
        foreach (var ((key, floor), number) in floors.Zip(numbers))
            if (!floor.GoesOn && number < floor.Number) return key;
        return null;
    }

    private async Task<long[]> NumbersAsync() =>
        [.. (await redis.Commands.StringGetAsync(Counters).WaitAsync(Deadline, time)).Select(it => it.TryParse(out long number) ? number : 0)];

    private async Task KeepAsync(LastKnownGood to, bool isLast)
    {
        var numbers = await NumbersAsync();
        if (numbers[0] == _kept || (_kept is not null && !isLast && time.GetElapsedTime(_keptAt) < (recent.AreUrgent ? to.Rest : Calm))) return;
        if (!await to.SaveAsync(CopyAsync(numbers, CancellationToken.None), CancellationToken.None)) return;
        (_kept, _keptAt) = (numbers[0], time.GetTimestamp());
        recent.Forget(numbers[0]);
    }

    private async IAsyncEnumerable<StoredValue> CopyAsync(long[] numbers, [EnumeratorCancellation] CancellationToken stop)
    {
        foreach (var (key, number) in Counters.Zip(numbers)) yield return new StoredValue(key!, null, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        foreach (var hash in RecentRecords.Hashes)
        {
            await foreach (var (field, value) in _scan.FieldsAsync(hash, stop)) yield return new StoredValue(hash, field, (byte[])value!);
        }

        // Emptied while it was read?
        await store.DemandWholeAsync(stop);
    }

    private async Task PutBackAsync(LastKnownGood from)
    {
        if (!from.TryLoad(out var values, out var made)) return;
        var later = recent.Take();
        var shown = (await NumbersAsync())[0];
        if (later is null && shown > 0 && shown >= NumberIn(values, RedisSchema.ExplorerVersionKey))
        {
            // What Redis has is newer than the copy: there is nothing better.
            Behind(ids.FloorOf(RedisSchema.ExplorerVersionKey).Number - shown);
            ids.Accept();
            await CountOnAsync();
            return;
        }

        var me = Guid.NewGuid().ToString("N");
        if (!await redis.Commands.StringSetNewAsync(RedisSchema.ExplorerPuttingBackKey, me, RightToPutBack).WaitAsync(Deadline, time)) return;
        var records = values.Concat(later ?? []).Where(it => it.Field is not null).GroupBy(it => (it.Key, it.Field!)).Select(it => it.Last()).ToList();
        await ClearAsync();
        foreach (var some in records.Chunk(WritePiece))
        {
            await Task.WhenAll(some.Select(it => store.PutBackAsync(Whole(it), CancellationToken.None)));
            await redis.Commands.KeyExpireAsync(RedisSchema.ExplorerPuttingBackKey, RightToPutBack).WaitAsync(Deadline, time);
        }

        foreach (var counter in Counters) ids.Give((counter.ToString(), NumberIn(values, counter.ToString())));
        await RaiseAsync();
        await redis.Commands.KeyDeleteAsync(RedisSchema.ExplorerPuttingBackKey).WaitAsync(Deadline, time);
        ids.Found();
        await RingAsync();
        IsBack(records.Count, made, later is null ? "what was stored after it is lost" : "with all that was stored after it");
    }

    // With all that is found by it. One that cannot be read is put back as it was.
    private StoreChange Whole(StoredValue it)
    {
        var json = it.Value.Span;
        var change = new StoreChange().Set(it.Key, it.Field!, it.Value.ToArray());
        switch (it.Key)
        {
            case RedisSchema.ExplorerUsersKey when ExplorerJson.TryRead<User>(json, out var user, out _):
                if (user.Email.Length > 0) change.Set(RedisSchema.ExplorerUserEmailsKey, user.Email, it.Field);
                return change.Set(RedisSchema.ExplorerUserNamesKey, user.Name, it.Field);
            case RedisSchema.ExplorerPoolsKey when ExplorerJson.TryRead<Pool>(json, out var pool, out _):
                return change.AddMember(RedisSchema.ExplorerPoolOwnersKey, "0", RedisSchema.ExplorerPair(pool.CustomerTid, pool.PoolId));
            case RedisSchema.ExplorerWorkloadsKey when ExplorerJson.TryRead<Workload>(json, out var workload, out _):
                return shelf.Whole(workload, it);
            default:
                return change;
        }
    }

    // Whatever Redis shows is older than what is put back.
    private async Task ClearAsync()
    {
        var keys = await _scan.KeysAsync(RedisSchema.ExplorerKeys, CancellationToken.None);
        foreach (var some in keys.Where(it => it != RedisSchema.ExplorerPuttingBackKey).Select(it => (RedisKey)it).Chunk(WritePiece)) await redis.Commands.KeyDeleteAsync(some).WaitAsync(Deadline, time);
    }

    // What is missing is lost: it counts on from where it was, with numbers that nobody had.
    private async Task CountOnAsync()
    {
        await RaiseAsync();
        await store.TryCommitAsync(new StoreChange(), CancellationToken.None);
    }

    // All numbers at once, and none that is higher there; what is no number was damaged. After it the explorer answers again.
    private async Task RaiseAsync()
    {
        const string script = """
            for i, key in ipairs(KEYS) do
              local number = redis.call('TYPE', key).ok == 'string' and tonumber(redis.call('GET', key)) or 0
              if number < tonumber(ARGV[i]) then redis.call('SET', key, ARGV[i]) end
            end
            """;
        RedisValue[] floors = [.. Counters.Select(it => (RedisValue)ids.FloorOf(it.ToString()).Number)];
        await redis.Commands.ScriptEvaluateAsync(script, Counters, floors, CommandFlags.NoScriptCache).WaitAsync(Deadline, time);
    }

    // The gateways look at once.
    private async Task RingAsync()
    {
        foreach (var gateway in await store.ReadAllAsync<GatewayNode>(RedisSchema.ExplorerGatewaysKey, CancellationToken.None))
            await store.PutBackAsync(new StoreChange().Ring(RedisSchema.ExplorerDoorbellKey(gateway.NodeId)), CancellationToken.None);
    }

    private static long NumberIn(IReadOnlyList<StoredValue> values, string counter) =>
        values.Where(it => it.Key == counter && it.Field is null).Select(it => long.TryParse(Encoding.ASCII.GetString(it.Value.Span), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).FirstOrDefault();

    private sealed class Hold(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }

    [LoggerMessage(6026, LogLevel.Debug, "The copy of the explorer's records was not made: {Fault}")]
    private partial void NotCopied(string fault);

    [LoggerMessage(6027, LogLevel.Warning, "The explorer's {Count} users, gateways, pools and reservations are in Redis again, from the copy of {Made:yyyy-MM-dd HH:mm:ss}Z, {Later}. Find out what emptied or restored Redis")]
    private partial void IsBack(int count, DateTimeOffset made, string later);

    [LoggerMessage(6028, LogLevel.Error, "Redis lost the last {Writes} writes of the explorer, and no copy has them: it goes on without them, with numbers that nobody had. Tell users to look after what they did last")]
    private partial void Behind(long writes);
}

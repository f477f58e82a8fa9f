using System.Text;
using Gateway.Model;
using Gateway.Model.Reservations;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Reconciler.Storing;

/// <summary>
/// The copy of the books in a last-known-good file, with the place in the ledger at which it was made. It is replaced only while Redis
/// continues what the last comparison left there: an emptied or older Redis never gets into the file.
/// </summary>
internal sealed partial class BooksFile(LastKnownGood file, RedisConnection redis, Uri explorer, SealCheck seals, TimeProvider time, ILogger log) : IBooksCopy
{
    /// <summary>So long what is new may be in Redis alone.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    /// <summary>Redis gives everything that there can be within this time, or is too slow for a copy.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly LedgerHistory _history = new(redis, time);
    private readonly HashScan _scan = new(redis, time);
    private volatile string? _settled;
    private string? _kept;

    /// <inheritdoc/>
    public bool IsMissing { get; private set; }

    /// <inheritdoc/>
    public async Task<Books?> LostAsync(CancellationToken stop)
    {
        IsMissing = false;
        if (_settled is { } settled && await _history.ContinuesAsync(settled, stop)) return null;
        _settled = null;
        IsMissing = !file.TryLoad(out var values, out _);
        if (values is null) return null;
        seals.Learn(Reservations(values));
        var isContinued = MarkOf(values) is { } mark && await _history.ContinuesAsync(mark, stop);
        var lost = isContinued ? await VanishedAsync(values, await _scan.ReadAsync(RedisSchema.ReservationsKey, stop), stop) : values;
        return isContinued && lost.Count == 0 ? null : Books.Of(lost.Where(it => it.Field is not null).Select(it => (it.Key, it.Field!, Text(it))), explorer) with { IsWhole = !isContinued };
    }

    /// <inheritdoc/>
    public async Task SettledAsync(CancellationToken stop) => _settled = await _history.MarkAsync(stop) is var mark && mark != LedgerHistory.Nothing ? mark : null;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(file.Rest > Beat ? file.Rest : Beat, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            using var late = new CancellationTokenSource(Deadline, time);
            await TryKeepAsync(late.Token);
        }
    }

    // Also at the end, and never cut short: the last changes would be in no copy.
    private async Task TryKeepAsync(CancellationToken late)
    {
        try
        {
            await KeepAsync(late);
        }
        catch (Exception e) when (RedisFaults.IsRedis(e) || e is OperationCanceledException)
        {
            NotKept(e is OperationCanceledException ? "Redis is too slow" : RedisFaults.Describe(e));
        }
    }

    /// <summary>Replaces the file, if there is anything new and Redis has lost nothing.</summary>
    private async Task KeepAsync(CancellationToken stop)
    {
        if (_settled is not { } settled || !await _history.ContinuesAsync(settled, stop)) return;
        var mark = await _history.MarkAsync(stop);
        if (mark == _kept) return;
        var values = new List<StoredValue> { new(RedisSchema.LedgerKey, null, Encoding.UTF8.GetBytes(mark)) };
        foreach (var key in Books.Keys)
            foreach (var (field, value) in await _scan.ReadAsync(key, stop))
                if (key != RedisSchema.ReservationsKey || IsReadable(value)) values.Add(new StoredValue(key, field, Encoding.UTF8.GetBytes(value)));
        if (file.TryLoad(out var before, out _)) values.AddRange(await VanishedAsync(before, values.Where(it => it.Key == RedisSchema.ReservationsKey).ToDictionary(it => it.Field!, Text), stop));
        // Emptied while it was read?
        if (_settled != settled || !await _history.ContinuesAsync(mark, stop)) return;
        if (!await file.SaveAsync(values, stop)) return;
        _kept = mark;
        seals.Learn(Reservations(values));
    }

    // Reservations of the copy that are not in Redis, or cannot be read there, and that nobody of ours took away: somebody's hand did.
    private async Task<IReadOnlyList<StoredValue>> VanishedAsync(IReadOnlyList<StoredValue> copy, Dictionary<string, string> inRedis, CancellationToken stop)
    {
        var missing = copy.Where(it => it.Key == RedisSchema.ReservationsKey && !IsReadable(inRedis.GetValueOrDefault(it.Field!))).ToList();
        if (missing.Count == 0 || MarkOf(copy) is not { } mark || await _history.DeletionsSinceAsync(mark, stop) is not { } own) return [];
        return [.. missing.Where(it => !own.MayGo(new KeyChange(it.Key, it.Field)))];
    }

    // What somebody else wrote is as good as gone.
    private bool IsReadable(string? value) => value is not null && RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(value), out var stored, out _) && seals.Believes(stored);

    private static IEnumerable<StoredReservation> Reservations(IEnumerable<StoredValue> values)
    {
        foreach (var it in values)
            if (it.Key == RedisSchema.ReservationsKey && RedisSchema.TryDecodeReservation(it.Value.Span, out var stored, out _)) yield return stored;
    }

    private static string Text(StoredValue it) => Encoding.UTF8.GetString(it.Value.Span);

    private static string? MarkOf(IEnumerable<StoredValue> values) =>
        values.Where(it => it.Key == RedisSchema.LedgerKey && it.Field is null).Select(Text).FirstOrDefault();

    [LoggerMessage(3401, LogLevel.Debug, "The copy of the books was not made: {Fault}")]
    private partial void NotKept(string fault);
}

/// <summary>No copy: what Redis loses of the books is found again as far as the explorer knows it.</summary>
internal sealed class NoBooksCopy : IBooksCopy
{
    /// <inheritdoc/>
    public bool IsMissing => false;

    /// <inheritdoc/>
    public Task<Books?> LostAsync(CancellationToken stop) => Task.FromResult<Books?>(null);

    /// <inheritdoc/>
    public Task SettledAsync(CancellationToken stop) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken stop) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
}

using System.Text;
using Gateway.Model;
using Gateway.Store.Guarding;
using Microsoft.Extensions.Logging;

namespace Gateway.Store;

/// <summary>
/// Keeps a reader from following an accident of Redis: when more than a fifth and more than ten of its entries, or all of them,
/// are gone at once, those stay served until they are back, until the change ledger says that our own writers took them away,
/// or until the operator accepts the loss. The reader asks it in each look, and looks again soon while it holds anything.
/// </summary>
public sealed partial class ShrinkGuard
{
    /// <summary>The part of a reader's entries that its changes and comparisons look at together.</summary>
    private const string Main = "";

    private readonly string _reader;
    private readonly RedisConnection? _redis;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _held = [];
    private readonly HashSet<string> _accepted = [];
    private LedgerPosition _since = LedgerPosition.Beginning;
    private LedgerPosition _begun = LedgerPosition.Beginning;

    /// <summary>Prepares; asks nothing.</summary>
    /// <param name="reader">What is guarded, a plural for log lines and metrics: <c>zones</c>.</param>
    /// <param name="redis">Where the ledger is; null when nothing is ever read.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="log">Takes what the operator has to know.</param>
    public ShrinkGuard(string reader, RedisConnection? redis, TimeProvider time, ILogger log) => (_reader, _redis, _time, _log) = (reader, redis, time, log);

    /// <summary>Entries that are served although Redis has them no more.</summary>
    public int Held
    {
        get { lock (_lock) return _held.Values.Sum(); }
    }

    /// <summary>How far the ledger was followed when nothing was missing, for the reader's last-known-good file.</summary>
    public StoredValue Mark => new(RedisSchema.LedgerKey, null, Encoding.UTF8.GetBytes(_since.Encode()));

    /// <summary>Takes the mark out of a last-known-good file; false when the value is something else.</summary>
    public bool TryTakeMark(StoredValue value)
    {
        if (value.Key != RedisSchema.LedgerKey || !LedgerPosition.TryDecode(Encoding.UTF8.GetString(value.Value.Span), out var since)) return false;
        _since = since.Value;
        return true;
    }

    /// <summary>Before a look at everything: deletions that our own writers make from here on are later than what it reads.</summary>
    public async Task BeginComparisonAsync(CancellationToken stop)
    {
        if (_redis is not null) _begun = await LedgerReading.EndAsync(_redis.Commands, _time, stop);
    }

    /// <summary>Says which of the entries that a look found missing may be served no more.</summary>
    /// <param name="look">What it looked at.</param>
    /// <param name="gone">Entries found missing.</param>
    /// <param name="served">Entries served before; asked for only when it matters.</param>
    /// <param name="kept">How many of the missing ones stay under an answer.</param>
    /// <param name="stop">Ends the call.</param>
    public async ValueTask<Departures> JudgeAsync(GuardedLook look, int gone, Func<int> served, Func<Departures, int> kept, CancellationToken stop)
    {
        if (gone == 0 || _redis is null || IsAccepted(look)) return Departures.All;
        var isHolding = Held > 0;
        // The everyday case counts nothing.
        if (!isHolding && gone <= Shrinkage.Few && !look.IsWhole) return Departures.All;
        var before = served();
        if (!isHolding && !Shrinkage.IsSuspicious(gone, before, look.IsWhole)) return Departures.All;
        var own = await LedgerReading.DeletionsSinceAsync(_redis.Commands, _since, _time, stop);
        var explained = Departures.Of(own);
        var rest = own.IsEmpty ? gone : kept(explained);
        if (rest == 0 || (!isHolding && !Shrinkage.IsSuspicious(rest, before, look.IsWhole))) return Departures.All;
        if (!isHolding) Holding(_log, rest, before, _reader);
        return explained;
    }

    /// <summary>After each look: how many entries it left served that Redis has no more.</summary>
    public void End(GuardedLook look, int kept)
    {
        lock (_lock)
        {
            var before = _held.Values.Sum();
            var part = look.Part ?? Main;
            _held[part] = look.IsWhole ? kept : _held.GetValueOrDefault(part) + kept;
            if (_held[part] == 0) _held.Remove(part);
            if (look.IsWhole) _accepted.Remove(part);
            var after = _held.Values.Sum();
            StoreMetrics.Holding(_reader, after - before);
            if (after == 0 && look is { IsWhole: true, Part: null }) _since = _begun;
            if (before > 0 && after == 0) Complete(_log, _reader);
        }
    }

    /// <summary>A part of its own, as in <see cref="GuardedLook.WholePart"/>, is there no more.</summary>
    public void Forget(string part) => End(GuardedLook.WholePart(part), 0);

    /// <summary>The operator's word: what is missing may go, with the next look. Gives how many entries that are; 0: nothing is held.</summary>
    public int Accept()
    {
        lock (_lock)
        {
            var held = _held.Values.Sum();
            if (held == 0) return 0;
            _accepted.UnionWith(_held.Keys);
            Accepted(_log, held, _reader);
            return held;
        }
    }

    private bool IsAccepted(GuardedLook look)
    {
        lock (_lock) return look.IsWhole && _accepted.Contains(look.Part ?? Main);
    }

    [LoggerMessage(1401, LogLevel.Error, "{Count} of {Served} {Reader} are gone from Redis at once, and neither the reservations nor the operator said so: they are served as they were. Restore Redis (the reconciler writes again what its reservations say), or accept the loss with: gatewayd accept-loss")]
    private static partial void Holding(ILogger log, int count, int served, string reader);

    [LoggerMessage(1402, LogLevel.Information, "Redis has all {Reader} again that are served")]
    private static partial void Complete(ILogger log, string reader);

    [LoggerMessage(1403, LogLevel.Warning, "The operator accepted the loss of {Count} {Reader}")]
    private static partial void Accepted(ILogger log, int count, string reader);
}

/// <summary>What a look of a reader covers.</summary>
public readonly record struct GuardedLook
{
    /// <summary>Some places that changed.</summary>
    public static readonly GuardedLook Changes;

    /// <summary>Everything but parts of their own.</summary>
    public static readonly GuardedLook Everything = new() { IsWhole = true };

    /// <summary>True when what it did not find is in Redis nowhere.</summary>
    public bool IsWhole { get; private init; }

    /// <summary>A part that is compared apart from the rest; null for the rest.</summary>
    public string? Part { get; private init; }

    /// <summary>All of one part that is compared apart from the rest.</summary>
    public static GuardedLook WholePart(string part) => new() { IsWhole = true, Part = part };
}

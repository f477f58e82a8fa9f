using System.Globalization;
using System.Text;
using Gateway.Model;
using Gateway.Model.Reservations;
using Gateway.Reconciler.Planning;
using Gateway.Reconciler.Storing;
using Gateway.Store;

namespace Gateway.UnitTests.Reconciler.Machine;

/// <summary>
/// Redis as a reconciler meets it, on paper: lease, fence, counter and atomic batches. <see cref="Step"/> is called before and
/// after each of them, and may throw: then the power has failed just there.
/// </summary>
internal sealed class PaperLedger
{
    private long _fence;
    private long _clock;
    private string? _holder;
    private long _sequence;
    private int _history;
    private View? _last;
    private readonly HashSet<string> _deleted = [];
    private (PaperRedis Redis, long Fence, long Sequence)? _backup;
    private (List<(string Key, string Field, string Value)> Fields, int History)? _copy;

    public PaperRedis Redis { get; private set; } = new();

    public bool IsDown { get; set; }

    /// <summary>Batches that were written.</summary>
    public int Batches { get; private set; }

    public Action Step { get; set; } = () => { };

    /// <summary>What one reconciler sees of it; <paramref name="name"/> is new for each start.</summary>
    public View Open(string name) => _last = new View(this, name);

    /// <summary>The holder is gone for good, and its lease with it.</summary>
    public void Expire() => _holder = null;

    public void Flush() => Become((new PaperRedis(), 0, 0));

    /// <summary>Keeps what stands now, for <see cref="Restore"/>.</summary>
    public void BackUp() => _backup = (Redis.Copy(), _fence, _sequence);

    /// <summary>What stood once stands again; false when nothing was kept.</summary>
    public bool Restore()
    {
        if (_backup is not { } backup) return false;
        Become((backup.Redis.Copy(), backup.Fence, backup.Sequence));
        return true;
    }

    /// <summary>Makes the copy of the books that stands beside Redis; false while whoever started last has yet to find out what Redis lost.</summary>
    public bool Copy()
    {
        if (_last is not { IsSettled: true }) return false;
        var vanished = Vanished();
        _copy = ([.. Books.Keys.SelectMany(key => Redis.Hash(key).Where(it => key != RedisSchema.ReservationsKey || IsReadable(it.Value)).Select(it => (key, it.Key, it.Value))), .. vanished], _history);
        _deleted.Clear();
        return true;
    }

    // As the ledger tells: what our own writers took away since the copy was made did not vanish.
    private List<(string Key, string Field, string Value)> Vanished() => _copy is not { } copy || copy.History != _history
        ? []
        : [.. copy.Fields.Where(it => it.Key == RedisSchema.ReservationsKey && !_deleted.Contains(it.Field) && !IsReadable(Redis[it.Key, it.Field]))];

    private static bool IsReadable(string? value) => value is not null && RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(value), out _, out _);

    private void Become((PaperRedis Redis, long Fence, long Sequence) state)
    {
        (Redis, _fence, _sequence) = state;
        _holder = null;
        _history++;
    }

    internal sealed class View(PaperLedger ledger, string name) : ILedger, IActualReader, IBooksCopy
    {
        // As the real lease: numbers come from the clock, and never go back for whoever has seen a higher one.
        private long _highest;
        private long _mine;
        private int? _settled;

        public event Action? Connected
        {
            add { }
            remove { }
        }

        public Task<LeaseState> TakeLeaseAsync(CancellationToken stop)
        {
            Guard();
            if (ledger._holder is { } other && other != name) return Task.FromResult<LeaseState>(new LeaseState.Other(other));
            if (ledger._holder is null || _mine < ledger._fence || _mine < _highest) ledger._fence = _mine = ++ledger._clock;
            ledger._holder = name;
            _highest = _mine;
            return Task.FromResult<LeaseState>(new LeaseState.Held(_mine));
        }

        public Task GiveLeaseBackAsync(CancellationToken stop) => Task.CompletedTask;

        public Task<WriteOutcome> WriteAsync(IReadOnlyList<LedgerWrite> writes, long fence, CancellationToken stop)
        {
            Guard();
            if (fence < ledger._fence) return Task.FromResult<WriteOutcome>(new WriteOutcome.Fenced(ledger._fence));
            ledger.Step();
            for (var i = 0; i < writes.Count; i++)
                if (writes[i] is LedgerWrite.Expect at && (at.Field is { } field ? ledger.Redis[at.Key, field] : ledger.Redis[at.Key]) != at.Value) return Task.FromResult<WriteOutcome>(new WriteOutcome.Conflict(i));
            ledger.Redis.Apply(writes);
            foreach (var write in writes)
            {
                if (write is LedgerWrite.DeleteField { Key: RedisSchema.ReservationsKey } gone) ledger._deleted.Add(gone.Field);
                if (write is LedgerWrite.SetField { Key: RedisSchema.ReservationsKey } set) ledger._deleted.Remove(set.Field);
            }

            ledger._fence = fence;
            ledger._sequence += writes.Count;
            ledger.Batches++;
            ledger.Step();
            return Task.FromResult<WriteOutcome>(new WriteOutcome.Written(ledger._sequence));
        }

        public Task<long> ReadSequenceAsync(CancellationToken stop)
        {
            Guard();
            return Task.FromResult(ledger._sequence);
        }

        public Task<ActualStateBuilder> ReadAsync(Footprint footprint, CancellationToken stop)
        {
            Guard();
            return Task.FromResult(ledger.Redis.Collect(footprint));
        }

        public Task<ActualStateBuilder> ReadAllAsync(IEnumerable<DomainName> zones, CancellationToken stop)
        {
            Guard();
            return Task.FromResult(ledger.Redis.Collect());
        }

        public IReadOnlyList<UnsealedReservation> Unsealed => [];

        public Task<(List<LiveReservation> Served, List<(string Id, string Fault)> Faults)> ReadReservationsAsync(CancellationToken stop)
        {
            Guard();
            var (served, faults) = (new List<LiveReservation>(), new List<(string Id, string Fault)>());
            foreach (var (field, raw) in ledger.Redis.Hash(RedisSchema.ReservationsKey))
            {
                if (!RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(raw), out var stored, out var fault)) faults.Add((field, fault));
                else served.Add(LiveReservation.From(stored));
            }

            return Task.FromResult((served, faults));
        }

        public Task<(Dictionary<string, WaitingReport> Entries, List<string> Faults)> ReadOutboxAsync(CancellationToken stop)
        {
            Guard();
            var entries = new Dictionary<string, WaitingReport>();
            foreach (var (field, raw) in ledger.Redis.Hash(RedisSchema.OutboxKey))
                if (RedisSchema.TryDecodeOutbox(Encoding.UTF8.GetBytes(raw), out var entry, out _)) entries[field] = WaitingReport.Read(field, entry, raw);
            return Task.FromResult((entries, new List<string>()));
        }

        public Task<IReadOnlyDictionary<DomainName, Stored<ProvenHost>>> ReadProofsAsync(CancellationToken stop)
        {
            Guard();
            return Task.FromResult(ledger.Redis.Collect().Proofs);
        }

        public Task<IReadOnlyDictionary<long, string>> ReadFrozenAsync(CancellationToken stop)
        {
            Guard();
            return Task.FromResult<IReadOnlyDictionary<long, string>>(ledger.Redis.Hash(RedisSchema.FrozenKey).ToDictionary(it => long.Parse(it.Key, CultureInfo.InvariantCulture), it => it.Value));
        }

        public Task<Dictionary<string, string>> ReadBookAsync(string key, CancellationToken stop)
        {
            Guard();
            return Task.FromResult(ledger.Redis.Hash(key).ToDictionary());
        }

        public Task<long> ReadCursorAsync(Uri explorer, CancellationToken stop)
        {
            Guard();
            return Task.FromResult(RedisSchema.DecodeCursor(ledger.Redis[RedisSchema.ReconcilerKey, RedisSchema.CursorField], explorer));
        }

        public bool IsMissing { get; private set; }

        /// <summary>As the real copy: what another one found before the start counts for nothing.</summary>
        public bool IsSettled => _settled == ledger._history;

        public Task<Books?> LostAsync(CancellationToken stop)
        {
            Guard();
            var isSettled = IsSettled;
            if (!isSettled) _settled = null;
            IsMissing = !isSettled && ledger._copy is null;
            if (isSettled || ledger._copy is not { } copy) return Task.FromResult<Books?>(null);
            if (copy.History != ledger._history) return Task.FromResult<Books?>(Books.Of(copy.Fields, Machine.Address));
            return Task.FromResult(ledger.Vanished() is { Count: > 0 } few ? Books.Of(few, Machine.Address) with { IsWhole = false } : null);
        }

        public Task SettledAsync(CancellationToken stop)
        {
            Guard();
            _settled = ledger._history;
            return Task.CompletedTask;
        }

        public Task RunAsync(CancellationToken stop) => Task.CompletedTask;

        private void Guard()
        {
            if (ledger.IsDown) throw new RedisAwayException("the paper Redis is away");
        }
    }
}

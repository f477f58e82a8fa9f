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
    private string? _holder;
    private long _sequence;

    public PaperRedis Redis { get; private set; } = new();

    public bool IsDown { get; set; }

    /// <summary>Batches that were written.</summary>
    public int Batches { get; private set; }

    public Action Step { get; set; } = () => { };

    /// <summary>What one reconciler sees of it; <paramref name="name"/> is new for each start.</summary>
    public View Open(string name) => new(this, name);

    /// <summary>The holder is gone for good, and its lease with it.</summary>
    public void Expire() => _holder = null;

    public void Flush() => (Redis, _fence, _sequence, _holder) = (new PaperRedis(), 0, 0, null);

    internal sealed class View(PaperLedger ledger, string name) : ILedger, IActualReader
    {
        // As the real lease: numbers never go back for whoever has seen a higher one.
        private long _highest;
        private long _mine;

        public event Action? Connected
        {
            add { }
            remove { }
        }

        public Task<LeaseState> TakeLeaseAsync(CancellationToken stop)
        {
            Guard();
            if (ledger._holder is { } other && other != name) return Task.FromResult<LeaseState>(new LeaseState.Other(other));
            if (ledger._holder is null || _mine < ledger._fence || _mine < _highest) ledger._fence = _mine = Math.Max(ledger._fence, _highest) + 1;
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

        public Task<(List<LiveReservation> Served, List<string> Faults)> ReadReservationsAsync(CancellationToken stop)
        {
            Guard();
            var (served, faults) = (new List<LiveReservation>(), new List<string>());
            foreach (var (field, raw) in ledger.Redis.Hash(RedisSchema.ReservationsKey))
            {
                if (!RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(raw), out var stored, out var fault)) faults.Add($"{field}: {fault}");
                else served.Add(LiveReservation.From(stored));
            }

            return Task.FromResult((served, faults));
        }

        public Task<(Dictionary<string, WaitingReport> Entries, List<string> Faults)> ReadOutboxAsync(CancellationToken stop)
        {
            Guard();
            var entries = new Dictionary<string, WaitingReport>();
            foreach (var (field, raw) in ledger.Redis.Hash(RedisSchema.OutboxKey))
                if (RedisSchema.TryDecodeOutbox(Encoding.UTF8.GetBytes(raw), out var entry, out _)) entries[field] = new WaitingReport(field, entry, raw);
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
            return Task.FromResult<IReadOnlyDictionary<long, string>>(new Dictionary<long, string>());
        }

        public Task<long> ReadCursorAsync(Uri explorer, CancellationToken stop)
        {
            Guard();
            return Task.FromResult(RedisSchema.DecodeCursor(ledger.Redis[RedisSchema.ReconcilerKey, RedisSchema.CursorField], explorer));
        }

        private void Guard()
        {
            if (ledger.IsDown) throw new RedisAwayException("the paper Redis is away");
        }
    }
}

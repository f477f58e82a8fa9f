using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;
using Gateway.Reconciler.Planning;
using Gateway.Store;

namespace Gateway.Reconciler.Storing;

/// <summary>
/// Writes plans into Redis: a step is never torn, what a step leads to is noted in the same script, and a writer that was
/// displaced changes nothing.
/// </summary>
/// <exception cref="Exception">Every call: see <see cref="RedisFaults.IsRedis"/>. What became of the last script is unknown then.</exception>
internal sealed class PlanApplier(ILedger writer, Identity identity, Uri explorer)
{
    /// <summary>Redis runs a script of this size in about 10 ms; meanwhile the next one is encoded.</summary>
    private const int BatchSize = 2_000;

    private readonly WorkloadResult _ok = ResultSignature.Sign(new WorkloadResult { State = ResultState.Ok }, identity);
    private readonly ReservationSeal _seal = new(identity);
    private readonly HashSet<(string Key, string? Field)> _disputed = [];
    private readonly HashSet<string> _mistyped = [];
    private long _fence;
    private long _sequence;
    private bool _wasSetBack;

    /// <summary>The fencing number under which everything is written; 0 before the first one was taken, and then nothing may be written.</summary>
    public long Fence
    {
        get => Volatile.Read(ref _fence);
        set => Volatile.Write(ref _fence, value);
    }

    /// <summary>Notes how far Redis counts before everything in it is read: less than that later is a loss, also if nothing was written here yet.</summary>
    public async Task SeeAsync(CancellationToken stop) => _sequence = Math.Max(_sequence, await writer.ReadSequenceAsync(stop));

    /// <summary>True when Redis has lost something of what was seen or written here: it was emptied, replaced, or restored from a backup.</summary>
    public async Task<bool> IsLostAsync(CancellationToken stop)
    {
        if (!await IsBehindAsync(stop)) return false;
        (_sequence, _wasSetBack) = (0, false);
        return true;
    }

    /// <summary>True while Redis counts fewer entries than were seen or written here.</summary>
    public async Task<bool> IsBehindAsync(CancellationToken stop) => _wasSetBack || await writer.ReadSequenceAsync(stop) < _sequence;

    /// <summary>
    /// Writes the steps in order, and after the last one how far the explorer was read. <paramref name="written"/> is told of
    /// each step that is in Redis, also when a later one fails.
    /// </summary>
    public async Task<WriteOutcome> ApplyAsync(IReadOnlyList<PlanStep> steps, long? cursor, DateTimeOffset now, Action<PlanStep> written, CancellationToken stop)
    {
        var (sent, writing) = (new List<PlanStep>(), Task.FromResult<WriteOutcome>(new WriteOutcome.Written(0)));
        // While Redis runs one batch, the next one is encoded, and the book takes over the one before.
        foreach (var (some, writes) in Batches(steps, Encode(now), cursor))
        {
            if (await writing is not WriteOutcome.Written) return await writing;
            writing = WriteAsync(writes, stop);
            foreach (var step in sent) written(step);
            sent = some;
        }

        if (await writing is not WriteOutcome.Written) return await writing;
        foreach (var step in sent) written(step);
        _disputed.Clear();
        return await writing;
    }

    /// <summary>The encoding of what is decided at this time.</summary>
    public StepWrites Encode(DateTimeOffset now) => new(_ => Result(now), _seal, now);

    /// <summary>Takes entries out of the outbox; one that was replaced meanwhile stays.</summary>
    public Task<WriteOutcome> RemoveReportsAsync(IEnumerable<(string Id, string Raw)> sent, CancellationToken stop)
    {
        var writes = sent.SelectMany<(string Id, string Raw), LedgerWrite>(it =>
        [
            new LedgerWrite.Expect(RedisSchema.OutboxKey, it.Id, it.Raw),
            new LedgerWrite.DeleteField(RedisSchema.OutboxKey, it.Id),
        ]).ToList();
        return writer.WriteAsync(writes, Fence, stop);
    }

    /// <summary>Notes that proofs are gone or back; what changed meanwhile is left for the next look.</summary>
    public async Task<WriteOutcome> NoteProofsAsync(IReadOnlyList<Change.SetProof> proofs, CancellationToken stop)
    {
        WriteOutcome outcome = new WriteOutcome.Written(0);
        foreach (var some in proofs.Chunk(BatchSize / 2))
        {
            outcome = await writer.WriteAsync([.. some.SelectMany(StepWrites.Of)], Fence, stop);
            if (outcome is WriteOutcome.Fenced) break;
        }

        return outcome;
    }

    /// <summary>Writes again who is frozen, where Redis lost it; whom the operator froze or unfroze since, stays as he said.</summary>
    public Task<WriteOutcome> FreezeAgainAsync(IEnumerable<KeyValuePair<long, string>> frozen, CancellationToken stop) =>
        writer.WriteAsync([.. frozen.Select(it => new LedgerWrite.SetField(RedisSchema.FrozenKey, RedisSchema.FrozenField(it.Key), it.Value))], Fence, stop);

    /// <summary>Takes entries out of the cache of reservations, which nobody can read.</summary>
    public Task<WriteOutcome> ForgetAsync(IEnumerable<string> ids, CancellationToken stop) =>
        writer.WriteAsync([.. ids.Take(BatchSize).Select(id => new LedgerWrite.DeleteField(RedisSchema.ReservationsKey, id))], Fence, stop);

    /// <summary>Seals reservations that an earlier version wrote; one that changed meanwhile is left for the next look.</summary>
    public async Task<WriteOutcome> SealAsync(IReadOnlyList<UnsealedReservation> unsealed, CancellationToken stop)
    {
        WriteOutcome outcome = new WriteOutcome.Written(0);
        foreach (var some in unsealed.Chunk(BatchSize / 2))
        {
            outcome = await writer.WriteAsync([.. some.SelectMany(Sealed)], Fence, stop);
            if (outcome is not WriteOutcome.Written) break;
        }

        return outcome;
    }

    private IEnumerable<LedgerWrite> Sealed(UnsealedReservation it)
    {
        yield return new LedgerWrite.Expect(RedisSchema.ReservationsKey, it.Stored.Reservation.Id, it.Raw);
        yield return new LedgerWrite.SetField(RedisSchema.ReservationsKey, it.Stored.Reservation.Id, RedisSchema.EncodeReservation(_seal.Put(it.Stored)));
    }

    /// <summary>Writes fields again that Redis lost or shows in an older form.</summary>
    public async Task<WriteOutcome> WriteAgainAsync(IEnumerable<LedgerWrite> fields, CancellationToken stop)
    {
        WriteOutcome outcome = new WriteOutcome.Written(0);
        foreach (var some in fields.Chunk(BatchSize))
        {
            outcome = await writer.WriteAsync(some, Fence, stop);
            if (outcome is not WriteOutcome.Written) break;
        }

        return outcome;
    }

    /// <summary>The place that did not take the last write, for a log line.</summary>
    public string LastConflict { get; private set; } = "";

    // A value that stays another than the one just read cannot be compared at all (octets that are no text): it is overwritten.
    // A key of another type than ours is garbage in a place that only we and our readers use: it is deleted first.
    private async Task<WriteOutcome> WriteAsync(List<LedgerWrite> writes, CancellationToken stop)
    {
        var insisted = new List<LedgerWrite>(writes.Count);
        foreach (var key in _mistyped.Where(key => writes.Exists(it => it is LedgerWrite.SetField set && set.Key == key))) insisted.Add(new LedgerWrite.DeleteKey(key));
        insisted.AddRange(writes.Where(it => it is not LedgerWrite.Expect at || !(_disputed.Contains((at.Key, at.Field)) || _mistyped.Contains(at.Key))));
        var outcome = await writer.WriteAsync(insisted, Fence, stop);
        if (outcome is WriteOutcome.Written written)
        {
            _mistyped.Clear();
            _wasSetBack |= written.Sequence < _sequence;
            _sequence = written.Sequence;
        }

        if (outcome is WriteOutcome.Conflict conflict) Dispute(insisted[conflict.Index]);
        return outcome;
    }

    private void Dispute(LedgerWrite write)
    {
        switch (write)
        {
            case LedgerWrite.Expect at:
                _disputed.Add((at.Key, at.Field));
                LastConflict = $"{at.Key} {at.Field}";
                break;
            case LedgerWrite.SetField at:
                _mistyped.Add(at.Key);
                LastConflict = $"{at.Key}, which is no hash";
                break;
            case LedgerWrite.DeleteField at:
                LastConflict = $"{at.Key}, which is no hash";
                break;
        }
    }

    private StoredResult Result(DateTimeOffset now) => new((int)_ok.State, _ok.Message, _ok.Data.Text, _ok.Signature, new GoTime(now));

    private IEnumerable<(List<PlanStep> Steps, List<LedgerWrite> Writes)> Batches(IReadOnlyList<PlanStep> steps, StepWrites encode, long? cursor)
    {
        var (together, writes) = (new List<PlanStep>(), new List<LedgerWrite>());
        foreach (var step in steps)
        {
            var more = encode.Of(step).ToList();
            if (writes.Count > 0 && writes.Count + more.Count > BatchSize)
            {
                yield return (together, writes);
                (together, writes) = ([], []);
            }

            if (more.Count > LedgerWriter.MaxWrites)
            {
                // A zone with many thousands of names: each piece is whole by itself, and the rest follows after a crash.
                var pieces = Pieces(step, encode);
                foreach (var piece in pieces.SkipLast(1)) yield return ([], piece);
                more = pieces[^1];
            }

            together.Add(step);
            writes.AddRange(more);
        }

        if (cursor is { } last) writes.Add(new LedgerWrite.SetField(RedisSchema.ReconcilerKey, RedisSchema.CursorField, RedisSchema.EncodeCursor(last, explorer)));
        if (writes.Count > 0) yield return (together, writes);
    }

    private static List<List<LedgerWrite>> Pieces(PlanStep step, StepWrites encode)
    {
        List<List<LedgerWrite>> pieces = [[]];
        foreach (var writes in step.Changes.Select(change => encode.Of(change).ToList()))
        {
            if (pieces[^1].Count + writes.Count > BatchSize) pieces.Add([]);
            pieces[^1].AddRange(writes);
        }

        return pieces;
    }
}

using System.Diagnostics;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;
using Gateway.Store;

namespace Gateway.Reconciler.Planning;

/// <summary>Turns the steps of a plan into writes, each with the value that it replaces as its precondition.</summary>
/// <param name="results">The signed result under which an accepted reservation is remembered.</param>
/// <param name="seal">The gateway's mark on what it remembers.</param>
/// <param name="now">When the plan was made.</param>
internal sealed class StepWrites(Func<LiveReservation, StoredResult> results, ReservationSeal seal, DateTimeOffset now)
{
    /// <summary>Those of a step.</summary>
    public IEnumerable<LedgerWrite> Of(PlanStep step) => step.Changes.SelectMany(Of);

    /// <summary>Those of one change, which belong together.</summary>
    public IEnumerable<LedgerWrite> Of(Change change) => change switch
    {
        Change.SetZoneOwner it => Field(RedisSchema.ZoneOwnersKey, RedisSchema.OwnedField(it.Zone), it.Was, RedisSchema.EncodeZoneOwner(it.Owner)),
        Change.DropZoneOwner it => NoField(RedisSchema.ZoneOwnersKey, RedisSchema.OwnedField(it.Zone), it.Was),
        Change.PurgeZone it => [new LedgerWrite.DeleteKey(RedisSchema.ZoneKey(it.Zone))],
        Change.SetRecords it => Records(it),
        Change.DropRecords it => NoField(RedisSchema.ZoneKey(it.At.Zone), FieldOf(it.At), it.Was),
        Change.SetNameOwner it => Field(RedisSchema.NameOwnersKey, RedisSchema.OwnedField(it.Name), it.Was, RedisSchema.EncodeNameOwner(it.User)),
        Change.DropNameOwner it => NoField(RedisSchema.NameOwnersKey, RedisSchema.OwnedField(it.Name), it.Was),
        Change.SetRoute it => Route(it),
        Change.DropRoute it => [Expect(RedisSchema.ServiceKey(it.Host), null, it.Was), new LedgerWrite.DeleteKey(RedisSchema.ServiceKey(it.Host))],
        Change.Rest it => Field(RedisSchema.QuarantineKey, RedisSchema.OwnedField(it.Name), it.Was, RedisSchema.EncodeRest(it.Content)),
        Change.EndRest it => NoField(RedisSchema.QuarantineKey, RedisSchema.OwnedField(it.Name), it.Was),
        Change.SetProof it => Of(it),
        Change.DropProof it => NoField(RedisSchema.ProofsKey, RedisSchema.OwnedField(it.Host), it.Was),
        Change.Remember it => [new LedgerWrite.SetField(RedisSchema.ReservationsKey, it.Reservation.Id, RedisSchema.EncodeReservation(seal.Put(ToStored(it.Reservation))))],
        Change.Forget it => [new LedgerWrite.DeleteField(RedisSchema.ReservationsKey, it.Id)],
        Change.Report it => [new LedgerWrite.SetField(RedisSchema.OutboxKey, it.Reservation.Id, RedisSchema.EncodeOutbox(ToEntry(it.Reservation, it.Content)))],
        _ => throw new UnreachableException(),
    };

    /// <summary>What goes into the outbox.</summary>
    public OutboxEntry ToEntry(LiveReservation about, PendingReport report) => new(
        (int)about.Category,
        report.HasResult ? (int)(report.IsOk ? ResultState.Ok : ResultState.Error) : null,
        report.Message,
        report.Delete,
        now.ToUnixTimeSeconds());

    /// <summary>The write of a proof by itself.</summary>
    public static IEnumerable<LedgerWrite> Of(Change.SetProof it) => Field(RedisSchema.ProofsKey, RedisSchema.OwnedField(it.Host), it.Was, RedisSchema.EncodeProof(it.Content));

    private StoredReservation ToStored(LiveReservation it) => new(it.Content, it.CustomerSignature, it.Reference, it.Version, results(it));

    private static LedgerWrite[] Records(Change.SetRecords it)
    {
        var (key, value) = (RedisSchema.ZoneKey(it.At.Zone), RedisSchema.EncodeRecords(it.Records));
        return it.Certain ? Field(key, FieldOf(it.At), it.Was, value) : [new LedgerWrite.SetField(key, FieldOf(it.At), value)];
    }

    private static LedgerWrite[] Route(Change.SetRoute it)
    {
        var (key, value) = RedisSchema.EncodeService(it.Route);
        return [Expect(key, null, it.Was), new LedgerWrite.SetString(key, value)];
    }

    private static LedgerWrite[] Field(string key, string field, string? was, string value) =>
        [Expect(key, field, was), new LedgerWrite.SetField(key, field, value)];

    private static LedgerWrite[] NoField(string key, string field, string was) =>
        [Expect(key, field, was), new LedgerWrite.DeleteField(key, field)];

    private static LedgerWrite.Expect Expect(string key, string? field, string? was) => new(key, field, was);

    private static string FieldOf(FieldAt at) => RedisSchema.ZoneField(at.Name, at.Zone);
}

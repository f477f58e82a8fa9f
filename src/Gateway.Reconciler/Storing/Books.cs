using System.Text;
using Gateway.Model;
using Gateway.Reconciler.Planning;
using Gateway.Store;

namespace Gateway.Reconciler.Storing;

/// <summary>What a reconciler keeps about reservations beside what they amount to: who has what, which names rest, which hosts were proven, who is frozen.</summary>
/// <param name="Served">The reservations that are served.</param>
/// <param name="Latest">The highest number that was taken from an explorer.</param>
/// <param name="Others">Names that rest, proofs, frozen users, as the fields of Redis that hold them.</param>
internal sealed record Books(IReadOnlyList<LiveReservation> Served, long Latest, IReadOnlyList<LedgerWrite.SetField> Others)
{
    /// <summary>True: Redis shows an older state, or nothing. False: these few vanished from it, and everything else is as it was.</summary>
    public bool IsWhole { get; init; } = true;

    /// <summary>The hashes that hold them in Redis.</summary>
    public static IReadOnlyList<string> Keys { get; } = [RedisSchema.ReservationsKey, RedisSchema.QuarantineKey, RedisSchema.ProofsKey, RedisSchema.FrozenKey, RedisSchema.ReconcilerKey];

    /// <summary>Takes fields of these hashes; what cannot be read, and every other key, is passed over.</summary>
    public static Books Of(IEnumerable<(string Key, string Field, string Value)> fields, Uri explorer)
    {
        var (served, others, latest) = (new List<LiveReservation>(), new List<LedgerWrite.SetField>(), 0L);
        foreach (var (key, field, value) in fields)
        {
            if (key == RedisSchema.ReconcilerKey) latest = Math.Max(latest, field == RedisSchema.CursorField ? RedisSchema.DecodeCursor(value, explorer) : 0);
            else if (key != RedisSchema.ReservationsKey) others.Add(new LedgerWrite.SetField(key, field, value));
            else if (RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(value), out var stored, out _)) served.Add(LiveReservation.From(stored));
        }

        return new Books(served, served.Where(it => it.Number < long.MaxValue).Select(it => it.Number).Append(latest).Max(), others);
    }

    /// <summary>Those of <see cref="Others"/> that Redis does not hold, or shows as they were earlier: what began there since the copy was made stays.</summary>
    /// <param name="inRedis">The fields of a key as they stand in Redis.</param>
    public List<LedgerWrite.SetField> LostOf(IReadOnlyDictionary<string, Dictionary<string, string>> inRedis) =>
        [.. Others.Where(it => inRedis[it.Key].GetValueOrDefault(it.Field) is not { } now || BegunAt(it.Key, now) < BegunAt(it.Key, it.Value))];

    // What cannot be read began before everything.
    private static DateTimeOffset BegunAt(string key, string value)
    {
        var octets = Encoding.UTF8.GetBytes(value);
        return key switch
        {
            RedisSchema.QuarantineKey => RedisSchema.TryDecodeRest(octets, out var rest) ? rest.Since : DateTimeOffset.MinValue,
            RedisSchema.ProofsKey => RedisSchema.TryDecodeProof(octets, out var proof) ? proof.Since : DateTimeOffset.MinValue,
            _ => RedisSchema.DecodeFrozen(octets).Since,
        };
    }
}

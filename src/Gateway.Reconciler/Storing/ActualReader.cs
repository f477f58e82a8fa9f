using System.Text;
using Gateway.Model;
using Gateway.Model.Reservations;
using Gateway.Reconciler.Planning;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Reconciler.Storing;

/// <summary>Reads what stands in Redis: the few places that a plan concerns, or all of it in pieces that keep nobody waiting.</summary>
/// <exception cref="Exception">Every call: see <see cref="RedisFaults.IsRedis"/>.</exception>
internal sealed class ActualReader(RedisConnection redis, SealCheck seals, TimeProvider time) : IActualReader
{
    private const int Piece = 2_000;

    /// <summary>Zones whose hashes are asked for at once: there may be tens of thousands of small ones.</summary>
    private const int ZonesAtOnce = 64;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly ReadTexts _texts = new();

    /// <summary>The places of a footprint: two round trips, however many there are.</summary>
    public async Task<ActualStateBuilder> ReadAsync(Footprint footprint, CancellationToken stop)
    {
        var state = new ActualStateBuilder();
        var names = footprint.Names.ToArray();
        RedisValue[] fields = [.. names.Select(name => (RedisValue)RedisSchema.OwnedField(name))];
        var zones = FieldsAsync(RedisSchema.ZoneOwnersKey, fields);
        var owners = footprint.WantsAllNames ? ScanHashAsync(RedisSchema.NameOwnersKey, stop) : null;
        var users = FieldsAsync(RedisSchema.NameOwnersKey, fields);
        var all = footprint.WantsAllRests ? ScanHashAsync(RedisSchema.QuarantineKey, stop) : null;
        var rests = FieldsAsync(RedisSchema.QuarantineKey, fields);
        var proofs = FieldsAsync(RedisSchema.ProofsKey, fields);
        var routes = redis.Commands.StringGetAsync([.. names.Select(name => (RedisKey)RedisSchema.ServiceKey(name))]);
        await Task.WhenAll(zones, users, rests, proofs, routes).WaitAsync(Deadline, time, stop);
        Each(names, await zones, state.AddZoneOwner);
        Each(names, await users, state.AddNameOwner);
        Each(names, await rests, state.AddRest);
        Each(names, await proofs, state.AddProof);
        Each(names, await routes, state.AddRoute);
        if (all is not null) AddRests(state, await all);
        if (owners is not null) AddNames(state, await owners);
        await ReadRecordsAsync(state, footprint, stop);
        return state;
    }

    /// <summary>Everything but the records of zones that nobody here knows.</summary>
    public async Task<ActualStateBuilder> ReadAllAsync(IEnumerable<DomainName> zones, CancellationToken stop)
    {
        var state = new ActualStateBuilder();
        foreach (var (field, raw) in await ScanHashAsync(RedisSchema.ZoneOwnersKey, stop))
            if (IsCanonical(field, out var zone)) state.AddZoneOwner(zone, raw);
        AddNames(state, await ScanHashAsync(RedisSchema.NameOwnersKey, stop));
        AddRests(state, await ScanHashAsync(RedisSchema.QuarantineKey, stop));
        await AddProofsAsync(state, stop);
        foreach (var some in zones.Concat(state.ZonesSoFar).Distinct().Chunk(ZonesAtOnce).ToList())
        {
            var hashes = await Task.WhenAll(some.Select(zone => ScanHashAsync(RedisSchema.ZoneKey(zone), stop)));
            for (var i = 0; i < some.Length; i++) AddRecords(state, some[i], hashes[i]);
        }

        await ReadRoutesAsync(state, stop);
        return state;
    }

    /// <inheritdoc/>
    public IReadOnlyList<UnsealedReservation> Unsealed { get; private set; } = [];

    /// <summary>The fields of <see cref="RedisSchema.ReservationsKey"/> that can be read and are believed, and a line for each that cannot or is not.</summary>
    public async Task<(List<LiveReservation> Served, List<(string Id, string Fault)> Faults)> ReadReservationsAsync(CancellationToken stop)
    {
        var (served, faults) = (new List<LiveReservation>(), new List<(string Id, string Fault)>());
        var seen = new HashSet<string>();
        var unsealed = new List<UnsealedReservation>();
        _texts.Begin();
        await ScanHashAsync(RedisSchema.ReservationsKey, (field, value) => Take(field!, value!), stop);
        _texts.End();
        Unsealed = unsealed;
        return (served, faults);

        void Take(string field, byte[] value)
        {
            if (!seen.Add(field)) return;
            if (_texts.TryGet(field, value, out var known)) served.Add(known);
            else if (!RedisSchema.TryDecodeReservation(value, out var stored, out var fault)) faults.Add((field, fault));
            else if (stored.Reservation.Id != field) faults.Add((field, $"it holds the reservation {stored.Reservation.Id}"));
            else if (seals.IsSealed(stored)) TakeSealed(LiveReservation.From(stored), value);
            else if (seals.IsStrict) faults.Add((field, SealCheck.Fault));
            else TakeUnsealed(stored, value);
        }

        void TakeSealed(LiveReservation reservation, byte[] value)
        {
            served.Add(reservation);
            _texts.Add(reservation, value);
        }

        void TakeUnsealed(StoredReservation stored, byte[] value)
        {
            served.Add(LiveReservation.From(stored));
            unsealed.Add(new UnsealedReservation(Encoding.UTF8.GetString(value), stored));
        }
    }

    /// <summary>Hosts outside all zones that were proven.</summary>
    public async Task<IReadOnlyDictionary<DomainName, Stored<ProvenHost>>> ReadProofsAsync(CancellationToken stop)
    {
        var state = new ActualStateBuilder();
        await AddProofsAsync(state, stop);
        return state.Proofs;
    }

    /// <summary>The users whom the operator froze, each with the value that says so.</summary>
    public async Task<IReadOnlyDictionary<long, string>> ReadFrozenAsync(CancellationToken stop)
    {
        var frozen = new Dictionary<long, string>();
        foreach (var (field, raw) in await ScanHashAsync(RedisSchema.FrozenKey, stop))
            if (RedisSchema.TryDecodeNameOwner(field, out var user)) frozen[user] = raw;
        return frozen;
    }

    /// <summary>Every field of one of the <see cref="Books.Keys"/> as it stands.</summary>
    public Task<Dictionary<string, string>> ReadBookAsync(string key, CancellationToken stop) => ScanHashAsync(key, stop);

    /// <summary>The outbox, and a line for each entry that cannot be read.</summary>
    public async Task<(Dictionary<string, WaitingReport> Entries, List<string> Faults)> ReadOutboxAsync(CancellationToken stop)
    {
        var (entries, faults) = (new Dictionary<string, WaitingReport>(), new List<string>());
        foreach (var (field, raw) in await ScanHashAsync(RedisSchema.OutboxKey, stop))
        {
            if (RedisSchema.TryDecodeOutbox(Encoding.UTF8.GetBytes(raw), out var entry, out var fault)) entries[field] = WaitingReport.Read(field, entry, raw);
            else faults.Add($"{field}: {fault}");
        }

        return (entries, faults);
    }

    /// <summary>The highest id taken from this explorer; 0 when it was never read.</summary>
    public async Task<long> ReadCursorAsync(Uri explorer, CancellationToken stop) =>
        RedisSchema.DecodeCursor((await FieldsAsync(RedisSchema.ReconcilerKey, [RedisSchema.CursorField]).WaitAsync(Deadline, time, stop))[0], explorer);

    private async Task ReadRecordsAsync(ActualStateBuilder state, Footprint footprint, CancellationToken stop)
    {
        var zones = footprint.Fields([.. state.ZonesSoFar]).Distinct().GroupBy(at => at.Zone).Select(zone => (Key: zone.Key, Fields: zone.ToArray())).ToArray();
        var answers = zones.Select(zone => FieldsAsync(RedisSchema.ZoneKey(zone.Key), [.. zone.Fields.Select(at => (RedisValue)RedisSchema.ZoneField(at.Name, at.Zone))]));
        var values = await Task.WhenAll(answers).WaitAsync(Deadline, time, stop);
        for (var i = 0; i < zones.Length; i++) Each(zones[i].Fields, values[i], state.AddRecords);
    }

    private async Task ReadRoutesAsync(ActualStateBuilder state, CancellationToken stop)
    {
        foreach (var keys in (await ScanKeysAsync(RedisSchema.ServicePrefix + "*", stop)).Chunk(Piece))
        {
            var values = await redis.Commands.StringGetAsync([.. keys.Select(key => (RedisKey)key)]).WaitAsync(Deadline, time, stop);
            for (var i = 0; i < keys.Length; i++)
                if (RedisSchema.TryReadServiceKey(keys[i], out var host) && RedisSchema.ServiceKey(host) == keys[i] && values[i].HasValue) state.AddRoute(host, values[i]!);
        }
    }

    private static void AddRecords(ActualStateBuilder state, DomainName zone, Dictionary<string, string> fields)
    {
        foreach (var (field, raw) in fields)
            if (RedisSchema.TryReadZoneField(field, zone, out var name) && RedisSchema.ZoneField(name, zone) == field) state.AddRecords(new FieldAt(zone, name), raw);
    }

    private static void AddNames(ActualStateBuilder state, Dictionary<string, string> owners)
    {
        foreach (var (field, raw) in owners)
            if (IsCanonical(field, out var name)) state.AddNameOwner(name, raw);
    }

    private static void AddRests(ActualStateBuilder state, Dictionary<string, string> rests)
    {
        foreach (var (field, raw) in rests)
            if (IsCanonical(field, out var name)) state.AddRest(name, raw);
    }

    private async Task AddProofsAsync(ActualStateBuilder state, CancellationToken stop)
    {
        foreach (var (field, raw) in await ScanHashAsync(RedisSchema.ProofsKey, stop))
            if (IsCanonical(field, out var host)) state.AddProof(host, raw);
    }

    private static bool IsCanonical(string field, out DomainName name) => DomainName.TryParse(field, out name) && RedisSchema.OwnedField(name) == field;

    private static void Each<T>(T[] places, RedisValue[] values, Action<T, string> add)
    {
        for (var i = 0; i < places.Length; i++)
            if (values[i].HasValue) add(places[i], values[i]!);
    }

    // A key that is no hash holds none of our fields; the write that replaces it says so.
    private async Task<RedisValue[]> FieldsAsync(string key, RedisValue[] fields)
    {
        try
        {
            return await redis.Commands.HashGetAsync(key, fields);
        }
        catch (RedisServerException e) when (RedisFaults.IsMistyped(e))
        {
            return new RedisValue[fields.Length];
        }
    }

    private async Task<Dictionary<string, string>> ScanHashAsync(string key, CancellationToken stop)
    {
        var all = new Dictionary<string, string>();
        await ScanHashAsync(key, (field, value) => all[field!] = value!, stop);
        return all;
    }

    /// <summary>Redis collects the next piece while this one is taken. A field may come twice.</summary>
    private async Task ScanHashAsync(string key, Action<RedisValue, RedisValue> take, CancellationToken stop)
    {
        try
        {
            for (var piece = ScanAsync("HSCAN", [key, "0", "COUNT", Piece], stop); piece is not null;)
            {
                var (cursor, items) = await piece;
                piece = cursor == "0" ? null : ScanAsync("HSCAN", [key, cursor, "COUNT", Piece], stop);
                for (var i = 0; i + 1 < items.Length; i += 2) take(items[i], items[i + 1]);
            }
        }
        catch (RedisServerException e) when (RedisFaults.IsMistyped(e))
        {
            // As above: it is empty to us.
        }
    }

    private async Task<HashSet<string>> ScanKeysAsync(string pattern, CancellationToken stop)
    {
        var all = new HashSet<string>();
        var cursor = "0";
        do
        {
            (cursor, var items) = await ScanAsync("SCAN", [cursor, "MATCH", pattern, "COUNT", Piece], stop);
            foreach (var item in items) all.Add(item!);
        }
        while (cursor != "0");
        return all;
    }

    private async Task<(string Cursor, RedisValue[] Items)> ScanAsync(string command, object[] arguments, CancellationToken stop)
    {
        var answer = (RedisResult[])(await redis.Commands.ExecuteAsync(command, arguments).WaitAsync(Deadline, time, stop))!;
        return ((string)answer[0]!, (RedisValue[])answer[1]!);
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Model;
using Gateway.Model.Reservations;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Server.Operating;

/// <summary>What the operator sees of Redis: zones, names, routes and reservations, searched and bounded. It reads only.</summary>
/// <exception cref="Exception">Every call: see <see cref="RedisFaults.IsRedis"/>.</exception>
internal sealed class LedgerView(RedisConnection redis, DelegationWatch delegations, TimeProvider time)
{
    private const int Piece = 2_000;
    private const string Frozen = "frozen";
    private const string Served = "served";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>Zones with their owner (a user's id or the gateway's identity), how many names they hold, and whether the world finds them.</summary>
    public async Task<JsonArray> ZonesAsync(ListQuery query, CancellationToken stop)
    {
        var zones = new JsonArray();
        foreach (var (field, raw) in (await HashAsync(RedisSchema.ZoneOwnersKey, stop)).OrderBy(it => it.Key, StringComparer.Ordinal))
        {
            if (zones.Count == query.Limit) break;
            if (!query.Fits(field) || !DomainName.TryParse(field, out var zone)) continue;
            var owner = RedisSchema.TryDecodeZoneOwner(Encoding.UTF8.GetBytes(raw), out var known) ? known : "";
            var names = await redis.Commands.HashLengthAsync(RedisSchema.ZoneKey(zone)).WaitAsync(Deadline, time, stop);
            zones.Add(new JsonObject { ["zone"] = field, ["owner"] = owner, ["names"] = names, ["delegation"] = delegations.Of(zone).ToString().ToLowerInvariant() });
        }

        return zones;
    }

    /// <summary>Reserved names with their user and the reservations that explain them.</summary>
    public async Task<JsonArray> NamesAsync(ListQuery query, CancellationToken stop)
    {
        var held = (await ReservationsAsync(stop)).Where(it => NameOf(it.Reservation) is not null)
            .ToLookup(it => NameOf(it.Reservation)!.Value.ToString(), it => it.Reservation, StringComparer.Ordinal);
        var frozen = await HashAsync(RedisSchema.FrozenKey, stop);
        var names = (await HashAsync(RedisSchema.NameOwnersKey, stop)).Where(it => query.Fits(it.Key) || query.Is(it.Value)).OrderBy(it => it.Key, StringComparer.Ordinal);
        return
        [
            .. names.Take(query.Limit).Select(it => new JsonObject
            {
                ["name"] = it.Key,
                ["user"] = it.Value,
                ["state"] = StateOf(it.Value, frozen),
                ["reservations"] = new JsonArray([.. held[it.Key].Select(reservation => (JsonNode)new JsonObject { ["id"] = reservation.Id, ["kind"] = KindOf(reservation) })]),
            }),
        ];
    }

    /// <summary>Users whom the operator froze, the last one first.</summary>
    public async Task<JsonArray> FrozenAsync(ListQuery query, CancellationToken stop)
    {
        var frozen = (await HashAsync(RedisSchema.FrozenKey, stop)).Select(it => (User: it.Key, Content: RedisSchema.DecodeFrozen(Encoding.UTF8.GetBytes(it.Value))));
        return
        [
            .. frozen.Where(it => query.Is(it.User) || query.Fits(it.Content.Reason)).OrderByDescending(it => it.Content.Since).Take(query.Limit).Select(it => (JsonNode)new JsonObject
            {
                ["user"] = it.User,
                ["since"] = it.Content.Since.ToString("O"),
                ["reason"] = it.Content.Reason,
            }),
        ];
    }

    /// <summary>Names that were given up and rest, those that are free again the soonest first.</summary>
    public async Task<JsonArray> QuarantinedAsync(ListQuery query, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        var resting = new List<(string Name, NameRest Quarantine)>();
        foreach (var (name, raw) in await HashAsync(RedisSchema.QuarantineKey, stop))
            if (RedisSchema.TryDecodeRest(Encoding.UTF8.GetBytes(raw), out var rest) && rest.IsGoingOn(now) && (query.Fits(name) || query.Is(UserText(rest.User)))) resting.Add((name, rest));
        return
        [
            .. resting.OrderBy(it => it.Quarantine.Until).ThenBy(it => it.Name, StringComparer.Ordinal).Take(query.Limit).Select(it => (JsonNode)new JsonObject
            {
                ["name"] = it.Name,
                ["user"] = UserText(it.Quarantine.User),
                ["since"] = it.Quarantine.Since.ToString("O"),
                ["until"] = it.Quarantine.Until.ToString("O"),
            }),
        ];
    }

    /// <summary>Routes: hosts, where their visitors go, whose they are. Secrets are not among it.</summary>
    public async Task<JsonArray> RoutesAsync(ListQuery query, CancellationToken stop)
    {
        var keys = (await KeysAsync(RedisSchema.ServicePrefix + "*", stop)).Order(StringComparer.Ordinal);
        var routes = new JsonArray();
        foreach (var some in keys.Chunk(Piece))
        {
            var values = await redis.Commands.StringGetAsync([.. some.Select(key => (RedisKey)key)]).WaitAsync(Deadline, time, stop);
            for (var i = 0; i < some.Length && routes.Count < query.Limit; i++)
                if (Describe(some[i], values[i]) is { } route && (query.Fits((string)route["host"]!) || query.Is((string)route["user"]!))) routes.Add(route);
        }

        return routes;
    }

    /// <summary>Reservations that are served or were refused, the newest first.</summary>
    public async Task<JsonArray> ReservationsAsync(ListQuery query, CancellationToken stop)
    {
        var all = (await ReservationsAsync(stop)).Where(it => query.Fits(NameOf(it.Reservation)?.ToString() ?? "") || query.Fits(it.Reservation.Id) || query.Is(it.Reservation.UserText));
        var frozen = await HashAsync(RedisSchema.FrozenKey, stop);
        return [.. all.OrderByDescending(it => it.Reservation.Created).Take(query.Limit).Select(it => (JsonNode)Describe(it, frozen))];
    }

    /// <summary>How many there are of each, and a mark that changes with every change of the ledger.</summary>
    public async Task<JsonObject> CountsAsync(CancellationToken stop)
    {
        var commands = redis.Commands;
        var zones = commands.HashLengthAsync(RedisSchema.ZoneOwnersKey);
        var names = commands.HashLengthAsync(RedisSchema.NameOwnersKey);
        var reservations = commands.HashLengthAsync(RedisSchema.ReservationsKey);
        var revision = commands.StringGetAsync(RedisSchema.LedgerSequenceKey);
        await Task.WhenAll(zones, names, reservations, revision).WaitAsync(Deadline, time, stop);
        return new JsonObject { ["zones"] = await zones, ["names"] = await names, ["reservations"] = await reservations, ["revision"] = $"{await revision}.{delegations.Version}" };
    }

    /// <summary>The reservations that hold a name, or stand for it.</summary>
    public async Task<IReadOnlyList<Reservation>> HoldersAsync(DomainName name, CancellationToken stop) =>
        [.. (await ReservationsAsync(stop)).Select(it => it.Reservation).Where(it => NameOf(it) == name)];

    /// <summary>Every field of a hash.</summary>
    public async Task<Dictionary<string, string>> HashAsync(string key, CancellationToken stop)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        var cursor = "0";
        do
        {
            (cursor, var items) = await ScanAsync("HSCAN", [key, cursor, "COUNT", Piece], stop);
            for (var i = 0; i + 1 < items.Length; i += 2) all[items[i]!] = items[i + 1]!;
        }
        while (cursor != "0");
        return all;
    }

    /// <summary>Every key that fits a pattern.</summary>
    public Task<IReadOnlyCollection<string>> KeysAsync(string pattern, CancellationToken stop) => KeysAsync(pattern, int.MaxValue, stop);

    /// <summary>Keys that fit a pattern; once there are <paramref name="enough"/>, the others are not looked for.</summary>
    public async Task<IReadOnlyCollection<string>> KeysAsync(string pattern, int enough, CancellationToken stop)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        var cursor = "0";
        do
        {
            (cursor, var items) = await ScanAsync("SCAN", [cursor, "MATCH", pattern, "COUNT", Piece], stop);
            foreach (var item in items) all.Add(item!);
        }
        while (cursor != "0" && all.Count < enough);
        return all;
    }

    private async Task<List<StoredReservation>> ReservationsAsync(CancellationToken stop)
    {
        var read = new List<StoredReservation>();
        foreach (var raw in (await HashAsync(RedisSchema.ReservationsKey, stop)).Values)
            if (RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(raw), out var stored, out _)) read.Add(stored);
        return read;
    }

    private async Task<(string Cursor, RedisValue[] Items)> ScanAsync(string command, object[] arguments, CancellationToken stop)
    {
        var answer = (RedisResult[])(await redis.Commands.ExecuteAsync(command, arguments).WaitAsync(Deadline, time, stop))!;
        return ((string)answer[0]!, (RedisValue[])answer[1]!);
    }

    private static JsonObject? Describe(string key, RedisValue value)
    {
        if (!value.HasValue || !RedisSchema.TryReadServiceKey(key, out var host)) return null;
        if (!RedisSchema.TryDecodeService(host, (byte[])value!, out var route, out var fault)) return new JsonObject { ["host"] = host.ToString(), ["kind"] = "unreadable", ["to"] = fault, ["user"] = "", ["state"] = "unreadable" };
        var (kind, to) = route.Target.Match(
            dial => ("address", string.Join(", ", dial.More.Prepend(dial.Address)) + $" http {dial.HttpPort} tls {dial.TlsPort}"),
            _ => ("tunnel", ""));
        return new JsonObject { ["host"] = host.ToString(), ["kind"] = kind, ["to"] = to, ["user"] = route.User, ["state"] = route.Rules.IsFrozen ? Frozen : Served };
    }

    private static string StateOf(string user, Dictionary<string, string> frozen) => frozen.ContainsKey(user) ? Frozen : Served;

    private static JsonObject Describe(StoredReservation stored, Dictionary<string, string> frozen) => new JsonObject
    {
        ["id"] = stored.Reservation.Id,
        ["kind"] = KindOf(stored.Reservation),
        ["name"] = NameOf(stored.Reservation)?.ToString() ?? "",
        ["user"] = stored.Reservation.UserText,
        ["created"] = stored.Reservation.Created.ToUniversalTime().ToString("O"),
        ["decided"] = stored.Result.Created.Time.ToUniversalTime().ToString("O"),
        ["state"] = stored.Result.State switch { 1 => StateOf(stored.Reservation.UserText, frozen), 2 => "deleted", _ => "refused" },
        ["message"] = stored.Result.Message,
    };

    private static string UserText(long user) => user.ToString(CultureInfo.InvariantCulture);

    private static DomainName? NameOf(Reservation reservation) => reservation.Match<DomainName?>(
        domain => domain.Domain, name => name.Domain, proxy => proxy.Domain, tunnel => tunnel.Domain, _ => null, _ => null);

    private static string KindOf(Reservation reservation) => reservation.Match(
        _ => "domain", _ => "subdomain", _ => "proxy", _ => "tunnel", _ => "gateway4to6", other => other.Kind);
}

/// <summary>What a list is asked for.</summary>
/// <param name="Search">A part of a name or an id, or a whole user id; empty for everything.</param>
/// <param name="Limit">Most entries of the answer, 1 to <see cref="MaxLimit"/>.</param>
internal sealed record ListQuery(string Search, int Limit)
{
    /// <summary>More than anybody reads; the answer stays a few megabytes.</summary>
    public const int MaxLimit = 10_000;

    private const int DefaultLimit = 200;

    /// <summary>Reads the query string; what makes no sense gets its default.</summary>
    public static ListQuery From(string? search, string? limit) =>
        new((search ?? "").Trim().ToLowerInvariant(), int.TryParse(limit, out var number) && number is > 0 and <= MaxLimit ? number : DefaultLimit);

    /// <summary>True when the text contains what is searched for.</summary>
    public bool Fits(string text) => Search.Length == 0 || text.Contains(Search, StringComparison.OrdinalIgnoreCase);

    /// <summary>True when the text is what is searched for.</summary>
    public bool Is(string text) => text == Search;
}

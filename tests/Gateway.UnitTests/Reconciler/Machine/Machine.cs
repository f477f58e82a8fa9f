using System.Text;
using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Records;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;
using Gateway.Reconciler;
using Gateway.Reconciler.Planning;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.UnitTests.Reconciler.Machine;

/// <summary>The power has failed: whoever ran is no more.</summary>
internal sealed class PowerFailure : Exception;

/// <summary>One thing that happens. The numbers choose who, what and when.</summary>
internal readonly record struct MachineStep(int Kind, int What, int Who)
{
    public override string ToString() => $"({Kind}, {What}, {Who})";
}

/// <summary>
/// Explorer, reconciler and Redis together, driven step by step: users reserve and delete, turns are made, reports are sent, and
/// everything that can fail does. The reconciler is the real loop; explorer and Redis are paper.
/// </summary>
internal sealed class Machine : IDisposable
{
    public const int Kinds = 32;

    private const int MostLive = 24;

    private const string Garbage = "garbage";

    private static readonly Identity Gateway = Identity.FromSeed("12345678901234567890123456789012"u8);
    public static readonly Uri Address = new("http://paper.test/api/v1");
    private static readonly DomainName Managed = DomainName.Parse("gw.test");
    private static readonly long[] Users = [7, 9, 11];
    private static readonly Dictionary<long, Identity> Keys = Users.ToDictionary(it => it, it => Identity.FromSeed(Encoding.ASCII.GetBytes($"customer-seed-{it,18:D18}")));
    private static readonly Dictionary<long, string> Secrets = Users.ToDictionary(it => it, it => SealedSecret.Encrypt(new Secret($"{it}:s3cr3t"), Keys[it], Gateway.PublicKey));
    private static readonly string[] Zones = ["user.org", "sub.user.org", "other.net"];
    private static readonly string[] Names = ["a.gw.test", "x.a.gw.test", "b.gw.test", "c.gw.test", "www.user.org", "deep.www.user.org", "a.sub.user.org", "www.other.net", "elsewhere.example"];

    // Long enough for some hundred steps to pass, short enough for names to change hands.
    private static readonly TimeSpan Quarantine = TimeSpan.FromMinutes(10);

    private readonly bool _isSevere;
    private readonly RestWatch? _rests;
    private bool _isLost;
    private bool _isTurned;
    private readonly FakeTime _time = new();
    private readonly HttpClient _http;
    private readonly List<ReconcileLoop> _asleep = [];
    private ReconcileLoop _loop;
    private readonly Queue<string> _story = [];
    private int _steps;
    private int _starts;
    private int _freezes;
    private int _budget = int.MaxValue;

    /// <param name="isSevere">With old backups, and damage to what says whose a name is, one after the other and with kills in between: more than one fault at a time.</param>
    /// <param name="isOperated">Names rest when they are given up, time passes, and users are frozen and unfrozen.</param>
    public Machine(bool isSevere = true, bool isOperated = false)
    {
        _isSevere = isSevere;
        _rests = isOperated ? new RestWatch(Quarantine) : null;
        _http = new HttpClient(Explorer) { Timeout = Timeout.InfiniteTimeSpan };
        foreach (var (user, identity) in Keys) Explorer.AddUser(user, identity);
        Explorer.Step = Ledger.Step = Spend;
        _loop = Start();
    }

    public PaperExplorer Explorer { get; } = new();

    public PaperLedger Ledger { get; } = new();

    /// <summary>True while somebody has damaged Redis and nobody has looked at everything since.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Times that a name went to another user after its rest, and that users were frozen or unfrozen.</summary>
    public (int Moves, int Freezes) Met => (_rests?.Moves ?? 0, _freezes);

    /// <summary>Steps of input and output that were made since the last time this was asked.</summary>
    public int Spent { get; set; }

    public async Task DoAsync(MachineStep step)
    {
        _steps++;
        _isTurned = false;
        if (_rests is not null) await OperateAsync(step);
        switch (step.Kind % Kinds)
        {
            case < 8: Reserve(step); break;
            case < 11: Delete(step.What); break;
            case < 17:
                await TurnAsync();
                _isTurned = true;
                break;
            case < 20: await ReportAsync(); break;
            case 20: await CrashAsync(step.What % 12, TurnAsync); break;
            case 21: await CrashAsync(step.What % 6, ReportAsync); break;
            case 22: Kill(); break;
            case 23: Damage(step); break;
            case 24: Explorer.IsDown = !Explorer.IsDown; break;
            case 25: Ledger.IsDown = !Ledger.IsDown; break;
            case 26: await CompareAsync(); break;
            case 27: await WakeAsync(); break;
            case 28 when step.Who % 8 == 0: await LoseAsync(); break;
            case 29 when step.What % 2 == 0: BackUp(); break;
            case 29 when _isSevere && step.Who % 4 == 0: await RestoreAsync(step.What % 3 == 0); break;
            case 30: Copy(); break;
            case 31 when step.Who % 4 == 0: Explorer.LoseQueue(); break;
            default: await TurnAsync(); break;
        }
    }

    public void Reserve(long user, WorkloadType kind, string name, string address = "203.0.113.1") => Explorer.Reserve(new Workload
    {
        CustomerTid = user,
        NodeId = Gateway.Id,
        PoolId = 42,
        WorkloadType = kind,
        CustomerSignature = "ab",
        Epoch = new ExplorerDate(1_610_000_000),
        Domain = name,
        Ips = [address],
        Address = address,
        Port = 80,
        PortTls = 443,
        Secret = Secrets[user],
    });

    public Task TurnAsync() => _loop.TurnAsync(CancellationToken.None);

    public async Task ReportAsync()
    {
        if (Ledger.Redis.Hash(RedisSchema.OutboxKey).Count > 0) await _loop.ReportSomeAsync(CancellationToken.None);
    }

    /// <summary>Everything is compared: with Redis, and with all that the explorer knows.</summary>
    public async Task CompareAsync()
    {
        _loop.CompareNow();
        await TurnAsync();
        if (!Ledger.IsDown && !Explorer.IsDown && _loop.Status.Deferred == 0) IsDamaged = _isLost = false;
    }

    /// <summary>Does something until the power fails, after so many steps of input and output; then the gateway starts again.</summary>
    public async Task CrashAsync(int after, Func<Task> action)
    {
        _budget = after;
        try
        {
            await action();
        }
        catch (PowerFailure)
        {
            // As it should.
        }
        finally
        {
            _budget = int.MaxValue;
        }

        Kill();
    }

    /// <summary>kill -9, and a new start. The killed one may turn out to have slept.</summary>
    public void Kill()
    {
        _asleep.Add(_loop);
        if (_asleep.Count > 2)
        {
            _asleep[0].Dispose();
            _asleep.RemoveAt(0);
        }

        Ledger.Expire();
        Note("killed");
        _loop = Start();
    }

    /// <summary>All is well again, and everybody has the time that he needs: one comparison, one round of reports.</summary>
    public async Task HealAsync()
    {
        Explorer.IsDown = Ledger.IsDown = false;
        _time.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 3; i++)
        {
            await CompareAsync();
            while (Ledger.Redis.Hash(RedisSchema.OutboxKey).Count > 0 && i < 2) await ReportAsync();
        }
    }

    /// <summary>What is not as it must be at any moment, in one line; null when all is well.</summary>
    public string? Fault()
    {
        // What was lost may be the word to the explorer that one of them has ended: then what is served counts.
        var standing = Explorer.Standing.Where(it => !IsDamaged || Ledger.Redis[RedisSchema.ReservationsKey, it.GlobalId] is not null);
        if (standing.Where(it => !IsAboutToBeTold(it)).GroupBy(it => (it.Domain, Claim: ClaimOf(it))).FirstOrDefault(it => it.Select(one => one.CustomerTid).Distinct().Count() > 1) is { } twice)
            return Told($"{twice.Key.Domain} was given to two users: {string.Join(", ", twice.Select(it => $"{it.Id} of {it.CustomerTid}"))}");
        if (AboveAnother([.. standing.Where(it => !IsAboutToBeTold(it))]) is { } above) return Told(above);
        if (!_isLost && _rests?.Look([.. Served().Where(it => it.Name.IsUnder(Managed))], _time.GetUtcNow()) is { } early) return Told(early);
        if (IsDamaged || Ledger.IsDown) return null;
        return (Orphan() ?? (_isTurned && _rests is not null ? Thawed() : null)) is { } fault ? Told(fault) : null;
    }

    // Whoever has a managed name has all below it, and nobody else.
    private static string? AboveAnother(List<Workload> standing)
    {
        foreach (var it in standing.Where(it => it.WorkloadType != WorkloadType.DomainDelegate && it.Domain!.EndsWith(".gw.test", StringComparison.Ordinal)))
            if (standing.FirstOrDefault(other => other.CustomerTid != it.CustomerTid && it.Domain!.EndsWith("." + other.Domain, StringComparison.Ordinal)) is { } above)
                return $"{it.Domain} ({it.Id} of {it.CustomerTid}) lies under the name of another: {above.Id} of {above.CustomerTid}";
        return null;
    }

    // A round has been made: of the frozen nothing is served, and of everybody else all.
    private string? Thawed()
    {
        var state = Ledger.Redis.Read();
        foreach (var (host, route) in state.Routes)
            if (route.Value!.Rules.IsFrozen != IsFrozen(route.Value.User)) return $"the route of {host} is {(route.Value.Rules.IsFrozen ? "frozen" : "served")}";
        foreach (var (name, owner) in state.NameOwners)
            if (state.Records.Any(it => it.Key.Name == name && it.Value.Value is { Count: > 0 }) == IsFrozen(owner.Raw)) return $"the name {name} of user {owner.Raw} is {(IsFrozen(owner.Raw) ? "served" : "not served")}";
        return null;
    }

    private bool IsFrozen(string user) => Ledger.Redis[RedisSchema.FrozenKey, user] is not null;

    // The word that it has ended is on its way to the explorer.
    private bool IsAboutToBeTold(Workload workload) =>
        Ledger.Redis[RedisSchema.OutboxKey, workload.GlobalId] is { } raw && RedisSchema.TryDecodeOutbox(Encoding.UTF8.GetBytes(raw), out var entry, out _) && entry.Delete;

    /// <summary>After <see cref="HealAsync"/>: what differs from what the explorer says, in one line; null when nothing does.</summary>
    public string? Difference()
    {
        if (!Explorer.IsSettled) return "not everything is reported: " + string.Join(", ", Explorer.Workloads.Values.Where(it => it.NextAction != NextAction.Deleted && it.Result.State != ResultState.Ok).Select(it => $"{it.Id} {it.NextAction} {it.Result.State}"));
        var (wanted, actual) = (Wanted(), Actual());
        return wanted == actual ? null : $"wanted:\n{wanted}\nstands:\n{actual}";
    }

    public void Dispose()
    {
        _loop.Dispose();
        _asleep.ForEach(it => it.Dispose());
        _http.Dispose();
    }

    private ReconcileLoop Start()
    {
        var options = new ReconcilerOptions { ForeignHosts = ForeignHosts.FirstCome, Quarantine = _rests is null ? TimeSpan.Zero : Quarantine, ReportsAtOnce = 1 };
        var node = new ReconciledNode(Gateway, [Managed], [DomainName.Parse("ns1.example.net")], 18000, "gateway/test", DialRules.PublicOnly);
        var view = Ledger.Open($"start {++_starts}");
        return new ReconcileLoop(options, node, view, view, view, new ExplorerClient(_http, Address, ExplorerSigner.Gateway(Gateway), time: _time), Address, _time, NullLoggerFactory.Instance);
    }

    // The last misfortunes, for whoever reads of a fault.
    private void Note(string what)
    {
        _story.Enqueue($"{_steps} {what}");
        if (_story.Count > 20) _story.Dequeue();
    }

    private void Spend()
    {
        Spent++;
        if (_budget-- <= 0) throw new PowerFailure();
    }

    private void Reserve(MachineStep step)
    {
        if (Explorer.Workloads.Values.Count(it => it.NextAction == NextAction.Deploy) >= MostLive)
        {
            Delete(step.What);
            return;
        }

        var user = Users[step.Who % Users.Length];
        var address = $"203.0.113.{1 + (step.Who % 3)}";
        switch (step.Kind % Kinds)
        {
            case 0: Reserve(user, WorkloadType.DomainDelegate, Zones[step.What % Zones.Length]); break;
            case 1 or 2 or 3: Reserve(user, WorkloadType.Subdomain, Names[step.What % Names.Length], address); break;
            case 4 or 5: Reserve(user, WorkloadType.Proxy, Names[step.What % Names.Length], "198.51.100.7"); break;
            default: Reserve(user, WorkloadType.ReverseProxy, Names[step.What % Names.Length]); break;
        }
    }

    private void Delete(int what)
    {
        var live = Explorer.Workloads.Values.Where(it => it.NextAction == NextAction.Deploy).ToList();
        if (live.Count > 0) Explorer.Delete(live[what % live.Count].Id);
    }

    private void Damage(MachineStep step)
    {
        if (IsDamaged) return;
        IsDamaged = true;
        string[] hashes = _isSevere ? ["gw.test.", "user.org.", RedisSchema.NameOwnersKey, RedisSchema.ZoneOwnersKey, RedisSchema.ReservationsKey] : ["gw.test.", "user.org."];
        if (step.Who % (hashes.Length + 1) < hashes.Length)
        {
            var key = hashes[step.Who % (hashes.Length + 1)];
            var fields = Ledger.Redis.Hash(key).Keys.Order(StringComparer.Ordinal).ToList();
            if (fields.Count == 0) return;
            var field = fields[step.What % fields.Count];
            Note($"damaged {key} {field} {step.What % 2}");
            if (step.What % 2 == 0) Ledger.Redis.Delete(key, field);
            else Ledger.Redis.Set(key, field, Garbage);
            return;
        }

        var routes = Ledger.Redis.Strings.Where(it => it.StartsWith(RedisSchema.ServicePrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        if (routes.Count == 0) return;
        Note($"damaged {routes[step.What % routes.Count]}");
        Ledger.Redis.Delete(routes[step.What % routes.Count]);
    }

    // Time passes, and now and then the operator says something about a user.
    private async Task OperateAsync(MachineStep step)
    {
        if (step.What % 8 == 0) _time.Advance(TimeSpan.FromMinutes(1));
        if (step.Who % 40 != 0 || Ledger.IsDown) return;
        var user = Users[step.What % Users.Length];
        if (IsFrozen(RedisSchema.FrozenField(user))) Ledger.Redis.Delete(RedisSchema.FrozenKey, RedisSchema.FrozenField(user));
        else Ledger.Redis.Set(RedisSchema.FrozenKey, RedisSchema.FrozenField(user), RedisSchema.EncodeFrozen(new FrozenUser(_time.GetUtcNow(), "abuse")));
        Note($"{user} is {(IsFrozen(RedisSchema.FrozenField(user)) ? "frozen" : "unfrozen")}");
        _freezes++;
        await _loop.Doorbell.ApplyAsync([new KeyChange(RedisSchema.FrozenKey, RedisSchema.FrozenField(user))], CancellationToken.None);
    }

    // Redis was emptied, and the change feed noticed that it was away.
    private Task LoseAsync()
    {
        Ledger.Flush();
        Note("emptied");
        IsDamaged = _isLost = true;
        _rests?.Lost();
        return _loop.Doorbell.CompareAsync(CancellationToken.None);
    }

    // Of a whole state: a route whose reservation was damaged away before the backup was made would be somebody else's for ever.
    private void BackUp()
    {
        if (IsDamaged) return;
        Ledger.BackUp();
        Note("backed up");
    }

    private void Copy()
    {
        if (!Ledger.Copy()) return;
        Note("copied");
        _rests?.Copied(Ledger.Redis.Read().Resting.ToDictionary(it => it.Key, it => it.Value.Value!));
    }

    // The backup of some time ago was put back, for a gateway that runs or for one that starts on it.
    private async Task RestoreAsync(bool isRestarted)
    {
        if (!Ledger.Restore()) return;
        Note("restored");
        IsDamaged = _isLost = true;
        _rests?.Lost();
        if (isRestarted) Kill();
        else await _loop.Doorbell.CompareAsync(CancellationToken.None);
    }

    // A writer that was thought dead goes on where it slept.
    private async Task WakeAsync()
    {
        if (_asleep.Count == 0 || Ledger.IsDown) return;
        await TurnAsync();
        var before = Ledger.Batches;
        await _asleep[0].TurnAsync(CancellationToken.None);
        if (Ledger.Batches != before) throw new InvalidOperationException("a writer that slept wrote something");
    }

    // Under a managed domain a name and its visitors are one claim. Elsewhere first come was first served, before the zone was delegated.
    private static string ClaimOf(Workload it) => it.WorkloadType switch
    {
        WorkloadType.DomainDelegate => "zone",
        _ when it.Domain!.EndsWith(".gw.test", StringComparison.Ordinal) => "name and host",
        WorkloadType.Subdomain => "name",
        _ => "host",
    };

    // What somebody needs to understand it: the last misfortunes, and what there ever was at this name and above and below it.
    private string Told(string fault) =>
        $"{fault}\n{_loop.Status}\n{string.Join("\n", _story)}\n{string.Join("\n", Explorer.Workloads.Values.Where(it => it.WorkloadType == WorkloadType.DomainDelegate || fault.Contains(it.Domain!, StringComparison.Ordinal)).Select(it => $"{it.Id} {it.WorkloadType} {it.Domain} of {it.CustomerTid}: {it.NextAction} {it.Result.State} {it.Result.Message}"))}\nserved: {string.Join(' ', Ledger.Redis.Hash(RedisSchema.ReservationsKey).Keys)}";

    private IEnumerable<(DomainName Name, long User)> Served() =>
        from raw in Ledger.Redis.Hash(RedisSchema.ReservationsKey).Values
        where raw != Garbage
        let it = Decode(raw)
        let name = it switch
        {
            Reservation.Subdomain own => own.Domain,
            Reservation.Proxy own => own.Domain,
            Reservation.ReverseProxy own => own.Domain,
            _ => DomainName.Root,
        }
        select (name, it.User);

    // Whatever stands belongs to a reservation that is served; each step of a plan is whole.
    private string? Orphan()
    {
        var served = Ledger.Redis.Hash(RedisSchema.ReservationsKey).Values.Where(it => it != Garbage).Select(Decode).ToList();
        foreach (var (name, user) in Ledger.Redis.Hash(RedisSchema.NameOwnersKey))
            if (!served.Any(it => it is Reservation.Subdomain own && own.Domain.ToString() == name && own.UserText == user)) return $"the name {name} of user {user} is nobody's reservation";
        foreach (var key in Ledger.Redis.Strings)
            if (RedisSchema.TryReadServiceKey(key, out var host) && !served.Any(it => it is Reservation.Proxy p && p.Domain == host || it is Reservation.ReverseProxy r && r.Domain == host)) return $"the route of {host} is nobody's reservation";
        return null;
    }

    private static Reservation Decode(string raw) =>
        RedisSchema.TryDecodeReservation(Encoding.UTF8.GetBytes(raw), out var stored, out var fault) ? stored.Reservation : throw new InvalidDataException(fault);

    // By hand, and in another way than the reconciler does it.
    private string Wanted()
    {
        var lines = new SortedSet<string>(StringComparer.Ordinal) { "zone gw.test " + Gateway.Id };
        var standing = Explorer.Standing.ToList();
        foreach (var it in standing.Where(it => it.WorkloadType == WorkloadType.DomainDelegate)) lines.Add($"zone {it.Domain} {it.CustomerTid}");
        foreach (var name in standing.Where(it => it.WorkloadType == WorkloadType.Subdomain).GroupBy(it => it.Domain!))
        {
            lines.Add($"name {name.Key} {name.First().CustomerTid}");
            if (!IsFrozen(RedisSchema.FrozenField(name.First().CustomerTid))) lines.Add($"records {name.Key} {string.Join(' ', name.SelectMany(it => it.Ips!).Distinct().Order(StringComparer.Ordinal))}");
        }

        foreach (var host in standing.Where(it => it.WorkloadType is WorkloadType.Proxy or WorkloadType.ReverseProxy).GroupBy(it => it.Domain!))
            lines.Add($"route {host.Key} {host.Last().CustomerTid} {(host.Last().WorkloadType == WorkloadType.Proxy ? "dial" : "tunnel")}{(IsFrozen(RedisSchema.FrozenField(host.Last().CustomerTid)) ? " frozen" : "")}");
        foreach (var it in standing) lines.Add("reservation " + it.GlobalId);
        return string.Join('\n', lines);
    }

    private string Actual()
    {
        var state = Ledger.Redis.Read();
        var lines = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (zone, owner) in state.ZoneOwners) lines.Add($"zone {zone} {owner.Value}");
        foreach (var (name, owner) in state.NameOwners) lines.Add($"name {name} {owner.Value}");
        // What cannot be read at the name of a frozen user stays until he is unfrozen: it is no address.
        foreach (var (at, records) in state.Records.Where(it => it.Key.Name.FirstLabel != RedisSchema.OwnerField && (it.Value.IsReadable || !IsFrozen(state.NameOwners.GetValueOrDefault(it.Key.Name)?.Raw ?? ""))))
            lines.Add($"records {at.Name} {string.Join(' ', (records.Value ?? []).Select(it => it.Data is Rdata.A a ? a.Address.ToString() : "?").Order(StringComparer.Ordinal))}");
        foreach (var (host, route) in state.Routes) lines.Add($"route {host} {route.Value!.User} {route.Value.Target.Match(_ => "dial", _ => "tunnel")}{(route.Value.Rules.IsFrozen ? " frozen" : "")}");
        foreach (var id in state.Applied.Keys) lines.Add("reservation " + id);
        return string.Join('\n', lines);
    }
}

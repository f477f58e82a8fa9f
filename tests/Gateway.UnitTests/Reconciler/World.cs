using System.Net;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;
using Gateway.Model.Routes;
using Gateway.Reconciler.Planning;

namespace Gateway.UnitTests.Reconciler;

/// <summary>A gateway with a paper Redis and some users: reservations are made and deleted, and planned round by round.</summary>
internal sealed class World(PaperRedis redis)
{
    public const string GatewayId = "4CcKDtU1JNGi8U4D8Rv9CHzfmF7xzaxEAPFA54eQjRHF";

    private static readonly ReservationSeal Seal = new(Identity.FromSeed("12345678901234567890123456789012"u8));
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_610_000_005);
    private readonly Dictionary<string, SecretState> _secrets = [];
    private readonly HashSet<string> _changed = [];
    private long _next = 100;

    public World()
        : this(new PaperRedis())
    {
    }

    public PaperRedis Redis => redis;

    public ReservationBook Book { get; } = new();

    public IReadOnlyDictionary<string, LiveReservation> Live => Book.Live;

    public DomainName[] Managed { get; set; } = [DomainName.Parse("gw.test")];

    public HashSet<DomainName> OwnNames { get; } = [];

    public DialRules Dialling { get; set; } = DialRules.PublicOnly;

    public OwnAddresses OwnAddresses { get; set; } = OwnAddresses.LoopbackOnly;

    public HashSet<string> ReservedLabels { get; } = [];

    public ForeignHosts ForeignHosts { get; set; } = ForeignHosts.FirstCome;

    public DateTimeOffset Now { get; set; } = Start;

    /// <summary>When the explorer stores what is reserved from now on.</summary>
    public DateTimeOffset Made { get; set; } = Start;

    public TimeSpan Quarantine { get; set; }

    public Dictionary<(DomainName, long), string> Lapsed { get; } = [];

    public QuotaLimits Quotas { get; set; } = QuotaLimits.None;

    public HashSet<long> Frozen { get; } = [];

    public Dictionary<string, HostProof> Proofs { get; } = [];

    public Plan LastPlan { get; private set; } = null!;

    public string Delegate(long user, string name, long? id = null) => Add((gwid, made) => new Reservation.DelegateDomain(gwid, user, GatewayId, made, DomainName.Parse(name)), WorkloadType.DomainDelegate, id);

    public string Subdomain(long user, string name, params string[] addresses) => Subdomain(user, name, null, addresses);

    public string Subdomain(long user, string name, long? id, params string[] addresses) =>
        Add((gwid, made) => new Reservation.Subdomain(gwid, user, GatewayId, made, DomainName.Parse(name), new EquatableList<IPAddress>(addresses.Select(IPAddress.Parse))), WorkloadType.Subdomain, id);

    public string Proxy(long user, string name, string address = "198.51.100.7", int port = 80, int portTls = 443, long? id = null) =>
        Add((gwid, made) => new Reservation.Proxy(gwid, user, GatewayId, made, DomainName.Parse(name), address, port, portTls), WorkloadType.Proxy, id);

    public string Tunnel(long user, string name, string secret = "s3cr3t", long? id = null)
    {
        var gwid = Add((it, made) => new Reservation.ReverseProxy(it, user, GatewayId, made, DomainName.Parse(name), "00ff", 2), WorkloadType.ReverseProxy, id);
        _secrets[gwid] = new SecretState.Known(new Secret($"{user}:{secret}"));
        return gwid;
    }

    public string Other(Reservation content, WorkloadType kind)
    {
        Book.Add(new LiveReservation(content, kind), isReported: false);
        _changed.Add(content.Id);
        return content.Id;
    }

    public void Secret(string id, SecretState? state)
    {
        if (state is null) _secrets.Remove(id);
        else _secrets[id] = state;
    }

    public void Delete(string id)
    {
        if (!Live.TryGetValue(id, out var it)) return;
        Book.End(it);
        _changed.Add(id);
    }

    public void Bring(LiveReservation reservation)
    {
        Book.Add(reservation, isReported: false);
        _changed.Add(reservation.Id);
    }

    public DesiredState Desired(BookSlice? slice = null, Func<IEnumerable<LiveReservation>, IEnumerable<LiveReservation>>? order = null) => new()
    {
        GatewayId = GatewayId,
        ManagedDomains = Managed,
        Live = [.. (order ?? (it => it))(Book.LiveOf(slice))],
        Ending = [.. (order ?? (it => it))(Book.EndingOf(slice))],
        Reported = Book.Reported,
        Secrets = _secrets,
        OwnNames = OwnNames,
        Dialling = Dialling,
        OwnAddresses = OwnAddresses,
        ReservedLabels = ReservedLabels,
        ForeignHosts = ForeignHosts,
        Proofs = Proofs,
        Now = Now,
        Quarantine = Quarantine,
        Frozen = Frozen,
        Lapsed = Lapsed,
        Quotas = Quotas,
        Holdings = Book.Holdings,
        Pace = Book.Pace,
    };

    public Plan Compute() => Plan.Compute(Desired(), Redis.Read());

    /// <summary>One round: plan, write, and, as the loop does, let go of what was refused or ended. Returns what was decided.</summary>
    public Outcome Round(string? about = null)
    {
        Write();
        var outcome = about is null ? Outcome.Yes : LastPlan.Outcomes[about];
        Settle();
        return outcome;
    }

    /// <summary>A round over the slice that changed since the last one.</summary>
    public void SliceRound()
    {
        var slice = Book.SliceOf(_changed);
        var desired = Desired(slice);
        var applied = Book.AppliedOf(slice);
        Write(Plan.Compute(desired, Redis.Read(new Footprint(slice, desired, applied), applied)));
        Settle(slice);
    }

    public void Write() => Write(Compute());

    /// <summary>The first steps of a plan, then the power fails.</summary>
    public int WriteSome(int steps)
    {
        LastPlan = Compute();
        foreach (var step in LastPlan.Steps.Take(steps)) Redis.Apply(Writes().Of(step));
        return LastPlan.Steps.Count;
    }

    /// <summary>The gateway after a crash: it knows what Redis keeps, and hears again what the explorer still has to tell.</summary>
    public World Restart()
    {
        var actual = Redis.Read();
        var after = new World(Redis) { Managed = Managed, Now = Now, Quarantine = Quarantine, ForeignHosts = ForeignHosts };
        foreach (var (id, secret) in _secrets) after._secrets[id] = secret;
        after.Book.Load([.. actual.Applied.Values], actual.Outbox.Keys.ToHashSet());
        foreach (var it in Live.Values.Where(it => !EndsSoon(it.Id)))
        {
            after.Bring(it);
            after.Book.Mark(it.Id, Book.Reported.Contains(it.Id));
        }

        foreach (var it in Book.Ending.Values.Where(it => !EndsSoon(it.Id))) after.Book.End(it);
        return after;

        bool EndsSoon(string id) => actual.Outbox.TryGetValue(id, out var pending) && pending.Delete;
    }

    public void Settle(BookSlice? slice = null)
    {
        var ended = Book.EndingOf(slice);
        foreach (var step in LastPlan.Steps) Book.Settle(step);
        Book.Settle(LastPlan.Outcomes);
        Book.Ended(ended);
        foreach (var id in Redis.Hash(RedisSchema.OutboxKey).Keys.Where(Live.ContainsKey)) Book.Mark(id, isReported: true);
        Redis.Delete(RedisSchema.OutboxKey);
        _changed.Clear();
    }

    private void Write(Plan plan)
    {
        LastPlan = plan;
        foreach (var step in plan.Steps) Redis.Apply(Writes().Of(step));
    }

    public static StepWrites Writes() => new(_ => new StoredResult(1, "", "null", "beef", new GoTime(Start)), Seal, Start);

    private string Add(Func<string, DateTimeOffset, Reservation> make, WorkloadType kind, long? id)
    {
        var gwid = $"{id ?? _next++}-1";
        Bring(new LiveReservation(make(gwid, Made), kind));
        return gwid;
    }
}

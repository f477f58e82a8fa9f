using System.Text;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.ReservationBenchmark;

/// <summary>A registered user with a pool on some gateways, and the workloads that he signs.</summary>
internal sealed class Tenant
{
    private readonly Identity _identity;

    private Tenant(Identity identity, ExplorerClient api, long user, long pool) => (_identity, Api, User, Pool) = (identity, api, user, pool);

    /// <summary>The reservation API, signing as this user.</summary>
    public ExplorerClient Api { get; }

    public long User { get; }

    public long Pool { get; }

    public static async Task<Tenant> RegisterAsync(HttpClient http, Uri explorer, params string[] gateways)
    {
        var identity = Identity.Create();
        var name = identity.Id[..8].ToLowerInvariant();
        var address = ExplorerAddress.Normalise(explorer);
        var user = Ok(await new ExplorerClient(http, address).CreateUserAsync(new User { Name = "bench" + name, Email = $"{name}@example.test", Pubkey = identity.PublicKey.Hex }, default));
        var api = new ExplorerClient(http, address, ExplorerSigner.User(user.Id, identity));
        var data = new PoolData { NodeIds = gateways, Currencies = ["TFT"] };
        var json = ExplorerJson.Write(data);
        var order = new PoolReservation { Json = Encoding.UTF8.GetString(json), Reservation = data, CustomerTid = user.Id, CustomerSignature = identity.SignHex(json) };
        return new Tenant(identity, api, user.Id, Ok(await api.CreatePoolAsync(order, default)).ReservationId);
    }

    public Workload Name(string gateway, string name) => Sign(Frame(gateway) with { WorkloadType = WorkloadType.Subdomain, Domain = name, Ips = ["192.0.2.1"] });

    public Workload Proxy(string gateway, string host, int port) => Sign(Frame(gateway) with { WorkloadType = WorkloadType.Proxy, Domain = host, Address = "127.0.0.1", Port = (uint)port, PortTls = 0 });

    public static T Ok<T>(ExplorerOutcome<T> outcome) => outcome.Match(
        value => value,
        refused => throw new InvalidOperationException(refused.ToString()),
        unreachable => throw new InvalidOperationException(unreachable.ToString()));

    private Workload Frame(string gateway) => new()
    {
        WorkloadId = 1,
        NodeId = gateway,
        PoolId = Pool,
        CustomerTid = User,
        SigningRequestDelete = new SigningRequest { Signers = [User], QuorumMin = 1 },
        NextAction = NextAction.Deploy,
        Epoch = ExplorerDate.From(DateTimeOffset.UtcNow),
    };

    private Workload Sign(Workload workload) => workload with { CustomerSignature = WorkloadChallenge.SignCustomer(workload, _identity) };
}

using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.EndToEndTests.Support;

/// <summary>A user who speaks to a node's explorer without a program of his own: quick enough for dozens of reservations.</summary>
internal sealed class ReservingUser : IDisposable
{
    private readonly HttpClient _http = ExplorerClient.CreateHttpClient();
    private readonly Identity _identity = Identity.Create();
    private readonly ExplorerClient _client;
    private readonly string _gateway;
    private readonly long _id;
    private readonly long _pool;

    private ReservingUser(HttpClient http, Identity identity, ExplorerClient client, string gateway, long id, long pool) =>
        (_http, _identity, _client, _gateway, _id, _pool) = (http, identity, client, gateway, id, pool);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Registers, and makes a pool on the node's gateway.</summary>
    public static async Task<ReservingUser> RegisterAsync(RunningNode node, string name = "alice.3bot")
    {
        var (http, identity) = (ExplorerClient.CreateHttpClient(), Identity.Create());
        var anybody = new ExplorerClient(http, node.Explorer);
        var id = Must(await anybody.CreateUserAsync(new User { Name = name, Email = name + "@example.com", Pubkey = identity.PublicKey.Hex }, Stop)).Id;
        await Programs.EventuallyAsync(async () => Must(await anybody.ListGatewaysAsync(null, null, null, 1, Stop)).Items.Count == 1, "the gateway is registered");
        var gateway = Must(await anybody.ListGatewaysAsync(null, null, null, 1, Stop)).Items[0].NodeId;
        var client = new ExplorerClient(http, node.Explorer, ExplorerSigner.User(id, identity));
        var pool = Must(await client.CreatePoolAsync(PoolReservation.Sign(new PoolData { NodeIds = [gateway], Currencies = ["TFT"] }, id, identity), Stop)).ReservationId;
        return new ReservingUser(http, identity, client, gateway, id, pool);
    }

    /// <summary>Reserves an address of the name.</summary>
    public Task<ExplorerOutcome<long>> ReserveNameAsync(string name, string address) => CreateAsync(new Workload { WorkloadType = WorkloadType.Subdomain, Domain = name, Ips = [address] });

    /// <summary>Reserves the name's visitors for a server.</summary>
    public Task<ExplorerOutcome<long>> ReserveVisitorsAsync(string name, string address, int port) => CreateAsync(new Workload { WorkloadType = WorkloadType.Proxy, Domain = name, Address = address, Port = (uint)port, PortTls = (uint)port });

    /// <summary>What the explorer lists of him; null when it does not answer.</summary>
    public async Task<IReadOnlyList<Workload>?> ListAsync()
    {
        var all = new List<Workload>();
        for (var page = 1; ; page++)
        {
            if (await _client.ListWorkloadsAsync(_id, null, null, page, Stop) is not ExplorerOutcome<Listing<Workload>>.Ok { Value.Items: var items }) return null;
            if (items.Count == 0 || all.Exists(it => it.Id == items[0].Id)) return all;
            all.AddRange(items);
        }
    }

    public void Dispose() => _http.Dispose();

    public static T Must<T>(ExplorerOutcome<T> outcome) =>
        outcome.Match(value => value, refused => throw new InvalidOperationException(refused.ToString()), away => throw new InvalidOperationException(away.ToString()));

    private Task<ExplorerOutcome<long>> CreateAsync(Workload draft)
    {
        var whole = draft with
        {
            WorkloadId = 1,
            NodeId = _gateway,
            PoolId = _pool,
            CustomerTid = _id,
            NextAction = NextAction.Deploy,
            Epoch = ExplorerDate.From(TimeProvider.System.GetUtcNow()),
            SigningRequestDelete = new SigningRequest { Signers = [_id], QuorumMin = 1 },
        };
        return _client.CreateWorkloadAsync(whole with { CustomerSignature = WorkloadChallenge.SignCustomer(whole, _identity) }, Stop);
    }
}

using System.Net;
using System.Text;
using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Support;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>An explorer over a real Redis on a free port, with one gateway and clients that speak to it over HTTP.</summary>
public sealed class ExplorerFixture : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private RedisConnection? _connection;
    private ExplorerServer? _server;
    private Task _running = Task.CompletedTask;

    public RedisFixture Redis { get; } = new();

    public HttpClient Http { get; } = ExplorerClient.CreateHttpClient();

    public Identity Gateway { get; } = Identity.Create();

    public Uri Root => new($"http://{_server!.Bound[0]}");

    public RedisConnection Connection => _connection!;

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await Redis.InitializeAsync();
        _connection = await Redis.ConnectAsync();
        // One user makes hundreds at once here; what slows him down has tests of its own.
        (_server, _running) = Start(new ExplorerOptions { RatePerKey = 0 }, _connection, _stop.Token);
    }

    /// <summary>Another server over the same Redis; the caller stops and disposes it.</summary>
    public static (ExplorerServer Server, Task Running) Start(ExplorerOptions options, RedisConnection connection, CancellationToken stop, string? floorFile = null, LastKnownGood? copy = null, ILoggerFactory? logs = null)
    {
        options.Listen = [new IPEndPoint(IPAddress.Loopback, 0)];
        var server = new ExplorerServer(options, connection, TimeProvider.System, logs ?? NullLoggerFactory.Instance, floorFile, copy);
        Assert.Empty(server.Bind());
        return (server, server.RunAsync(stop));
    }

    public ExplorerClient Client(ExplorerSigner? signer = null) => new(Http, Root, signer, TimeSpan.FromSeconds(60));

    public ExplorerClient GatewayClient() => Client(ExplorerSigner.Gateway(Gateway));

    /// <summary>A registered user with a pool that names the gateway.</summary>
    public async Task<TestUser> UserAsync(string name, Identity? gateway = null)
    {
        var identity = Identity.Create();
        var user = Value(await Client().CreateUserAsync(new User { Name = name, Email = name + "@example.com", Pubkey = identity.PublicKey.Hex }, Stop));
        var client = Client(ExplorerSigner.User(user.Id, identity));
        var pool = Value(await client.CreatePoolAsync(PoolReservation.Sign(new PoolData { NodeIds = [(gateway ?? Gateway).Id], Currencies = ["TFT"] }, user.Id, identity), Stop));
        return new TestUser(user.Id, identity, pool.ReservationId, client, (gateway ?? Gateway).Id);
    }

    /// <summary>One exchange as any HTTP client would make it.</summary>
    public async Task<(HttpResponseMessage Response, string Body)> SendAsync(string method, string path, string? body = null, SignedHeaders? signed = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Root, path));
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (signed is not null)
        {
            request.Headers.TryAddWithoutValidation("Date", signed.Date);
            request.Headers.TryAddWithoutValidation(HttpSignature.KeyHeader, signed.KeyId);
            request.Headers.TryAddWithoutValidation("Authorization", signed.Authorization);
        }

        var response = await Http.SendAsync(request, Stop);
        return (response, await response.Content.ReadAsStringAsync(Stop));
    }

    public static T Value<T>(ExplorerOutcome<T> outcome) => outcome.Match(value => value, refused => throw new InvalidOperationException(refused.ToString()), away => throw new InvalidOperationException(away.ToString()));

    public static (int Status, string Message) Refusal<T>(ExplorerOutcome<T> outcome)
    {
        var refused = Assert.IsType<ExplorerOutcome<T>.Refused>(outcome);
        return (refused.Status, refused.Message);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        if (_server is not null) await _server.DisposeAsync();
        if (_connection is not null) await _connection.DisposeAsync();
        await Redis.DisposeAsync();
        Http.Dispose();
        _stop.Dispose();
    }
}

/// <summary>A user who can reserve.</summary>
public sealed record TestUser(long Id, Identity Identity, long Pool, ExplorerClient Client, string NodeId)
{
    /// <summary>A workload as his tool would send it, signed.</summary>
    public Workload Signed(Workload workload)
    {
        var whole = workload with
        {
            WorkloadId = 1,
            NodeId = NodeId,
            PoolId = Pool,
            CustomerTid = Id,
            NextAction = NextAction.Deploy,
            Epoch = new ExplorerDate(1_610_000_000),
            SigningRequestDelete = new SigningRequest { Signers = [Id], QuorumMin = 1 },
        };
        return whole with { CustomerSignature = WorkloadChallenge.SignCustomer(whole, Identity) };
    }

    public Workload Subdomain(string domain, params string[] addresses) => Signed(new Workload { WorkloadType = WorkloadType.Subdomain, Domain = domain, Ips = addresses });

    public async Task<long> ReserveAsync(string domain) => ExplorerFixture.Value(await Client.CreateWorkloadAsync(Subdomain(domain, "203.0.113.10"), ExplorerFixture.Stop));

    public async Task DeleteAsync(long id)
    {
        var stored = ExplorerFixture.Value(await Client.GetWorkloadAsync(id, ExplorerFixture.Stop));
        var signature = new WorkloadSignature { Tid = Id, Signature = WorkloadChallenge.SignDelete(stored, Id, Identity) };
        ExplorerFixture.Value(await Client.SignDeleteAsync(id, signature, ExplorerFixture.Stop));
    }
}

using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Reconciler;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using Gateway.Transport.Questions;
using Xunit;
using static Gateway.IntegrationTests.Explorer.ExplorerFixture;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>Two gateways announce the same managed domain.</summary>
[Trait("adv", "R9")]
public sealed class ContestedDomainTests(Support.RedisFixture redis) : IClassFixture<Support.RedisFixture>, IAsyncLifetime
{
    private const string Domain = "gw.example.com";

    private readonly Identity _first = Identity.Create();
    private readonly Identity _second = Identity.Create();
    private readonly ProofResolver _resolver = new();
    private readonly HttpClient _http = ExplorerClient.CreateHttpClient();
    private readonly CancellationTokenSource _stop = new();
    private RedisConnection? _connection;
    private ExplorerServer? _server;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        await redis.FlushAsync();
        _connection = await redis.ConnectAsync();
        (_server, _running) = Start(new ExplorerOptions { Resolvers = [_resolver.Endpoint] }, _connection, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _server!.DisposeAsync();
        await _connection!.DisposeAsync();
        await _resolver.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task A_domain_that_nobody_contests_is_nothing_to_ask_about()
    {
        Value(await RegisterAsync(_first, Domain));
        Value(await RegisterAsync(_first, Domain, "other.example.com"));
        Value(await RegisterAsync(_second, "gw.example.org"));
        Assert.Equal(0, _resolver.Asked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whom_the_DNS_names_gets_the_domain_and_the_other_keeps_the_rest(bool isListed)
    {
        Value(await RegisterAsync(_first, "Own.example.org", Domain));
        if (isListed) Value(await RegisterAsync(_second));
        _resolver.Text("__owner__." + Domain, Owner(_second));
        Value(await RegisterAsync(_second, Domain));
        Assert.Equal([Domain], await DomainsAsync(_second));
        Assert.Equal(["Own.example.org"], await DomainsAsync(_first));
        Assert.Contains(_second.Id, Refusal(await RegisterAsync(_first, Domain)).Message, StringComparison.Ordinal);
        Assert.Equal([Domain], await DomainsAsync(_second));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("the first")]
    [InlineData("a user")]
    [InlineData("failure")]
    public async Task A_stranger_takes_no_domain_and_costs_the_resolver_one_question(string dns)
    {
        if (dns == "the first") _resolver.Text("__owner__." + Domain, Owner(_first));
        if (dns == "a user") _resolver.Text("__owner__." + Domain, $$"""{"identity":"{{_second.Id}}","owner":"7"}""");
        if (dns == "failure") _resolver.Fails.Add(Domain);
        Value(await RegisterAsync(_first, Domain));
        for (var i = 0; i < 5; i++)
        {
            var (status, message) = Refusal(await RegisterAsync(_second, "free.example.org", Domain.ToUpperInvariant()));
            Assert.Equal((403, $"managed domain '{Domain}' is the domain of gateway {_first.Id}, unless a TXT record of __owner__.{Domain} names yours"), (status, message));
        }

        Value(await RegisterAsync(_first, Domain));
        Assert.Equal([Domain], await DomainsAsync(_first));
        Assert.Equal(1, _resolver.Asked);
    }

    [Fact]
    public async Task While_a_resolver_is_silent_others_are_served()
    {
        _resolver.IsSilent = true;
        Value(await RegisterAsync(_first, Domain));
        var contested = RegisterAsync(_second, Domain);
        Value(await RegisterAsync(Identity.Create(), "third.example.org"));
        Assert.False(contested.IsCompleted);
        Assert.Equal(403, Refusal(await contested).Status);
    }

    [Fact]
    public async Task Who_contests_many_is_refused_without_a_question()
    {
        string[] domains = [.. Enumerable.Range(0, 65).Select(i => $"gw{i}.example.com")];
        Value(await RegisterAsync(_first, domains));
        Assert.Equal((403, "65 of the managed domains belong to other gateways"), Refusal(await RegisterAsync(_second, domains)));
        Assert.Equal(0, _resolver.Asked);
    }

    [Fact]
    public async Task Of_two_that_were_listed_at_the_same_moment_the_first_keeps_it_when_he_comes_again()
    {
        Value(await RegisterAsync(_first, Domain));
        Value(await RegisterAsync(_second, "free.example.org"));
        var entry = (string)(await _connection!.Database.HashGetAsync(RedisSchema.ExplorerGatewaysKey, _second.Id))!;
        await _connection.Database.HashSetAsync(RedisSchema.ExplorerGatewaysKey, _second.Id, entry.Replace("free.example.org", Domain, StringComparison.Ordinal));
        Assert.Equal([Domain], await DomainsAsync(_second));
        Assert.Equal(403, Refusal(await RegisterAsync(_second, Domain)).Status);
        Value(await RegisterAsync(_first, Domain));
        Assert.Equal([Domain], await DomainsAsync(_first));
        Assert.Empty(await DomainsAsync(_second));
    }

    [Fact]
    public async Task So_many_are_asked_about_at_once_and_no_more()
    {
        var time = new StoppedTime();
        var owners = new DomainOwners(new StubResolver([_resolver.Endpoint], TimeProvider.System), time);
        for (var i = 0; i < 256; i++) Assert.NotNull(await owners.OwnerAsync(DomainName.Parse($"gw{i}.example.com"), ExplorerFixture.Stop));
        Assert.Null(await owners.OwnerAsync(DomainName.Parse(Domain), ExplorerFixture.Stop));
        Assert.Equal(256, _resolver.Asked);
        time.Now += TimeSpan.FromSeconds(10);
        Assert.NotNull(await owners.OwnerAsync(DomainName.Parse(Domain), ExplorerFixture.Stop));
    }

    private sealed class StoppedTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    private static string Owner(Identity gateway) => $$"""{"identity":"{{gateway.Id}}","owner":"{{gateway.Id}}"}""";

    private ExplorerClient Client(Identity gateway) => new(_http, new Uri($"http://{_server!.Bound[0]}"), ExplorerSigner.Gateway(gateway), TimeSpan.FromSeconds(60));

    private Task<ExplorerOutcome<Accepted>> RegisterAsync(Identity gateway, params string[] domains) => Client(gateway).RegisterGatewayAsync(
        new GatewayNode
        {
            NodeId = gateway.Id,
            FarmId = 5,
            OsVersion = "gateway 0.1",
            PublicKeyHex = gateway.PublicKey.Hex,
            Location = new GatewayLocation { Country = "Belgium" },
            ManagedDomains = domains,
        },
        ExplorerFixture.Stop);

    private async Task<IReadOnlyList<string>> DomainsAsync(Identity gateway) => Value(await Client(gateway).GetGatewayAsync(gateway.Id, ExplorerFixture.Stop)).ManagedDomains ?? [];
}

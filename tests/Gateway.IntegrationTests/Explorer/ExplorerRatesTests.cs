using System.Net;
using System.Text;
using Gateway.Explorer;
using Gateway.ExplorerApi;
using Gateway.IntegrationTests.Support;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.IntegrationTests.Explorer;

/// <summary>How fast one address and one key may ask.</summary>
public sealed class ExplorerRatesTests(ExplorerFixture explorer) : IClassFixture<ExplorerFixture>
{
    private const string SlowDown = "more than 1 requests per second with your key: slow down";

    [Fact]
    public Task An_address_that_asks_too_often_is_slowed_down() => WithAsync(new ExplorerOptions { RatePerAddress = 1, RateExempt = [] }, async root =>
    {
        var client = new ExplorerClient(explorer.Http, root);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.ListUsersAsync(null, null, 1, ExplorerFixture.Stop)));
        Assert.Contains(outcomes, outcome => outcome is ExplorerOutcome<Listing<User>>.Ok);
        Assert.Contains(outcomes, outcome => outcome is ExplorerOutcome<Listing<User>>.Refused { Status: 429, MayPass: true });
    });

    /// <summary>A proxy on this machine forwards everybody's requests: whom it names is slowed down, the proxy itself is not.</summary>
    [Theory]
    [Trait("adv", "R9")]
    [InlineData("127.0.0.0/8", "203.0.113.9", true)]
    [InlineData("127.0.0.0/8", "127.0.0.1, 203.0.113.9", true)]
    [InlineData("127.0.0.0/8", null, false)]
    [InlineData("127.0.0.0/8", "nonsense", false)]
    [InlineData("10.0.0.0/8", "203.0.113.9", false)]
    public async Task An_address_behind_a_trusted_proxy_has_a_rate_of_its_own(string trusted, string? forwardedFor, bool isSlowedDown)
    {
        using var log = new KeptLog();
        var options = new ExplorerOptions { RatePerAddress = 1, TrustedProxies = [IPNetwork.Parse(trusted)] };
        await WithAsync(options, async root =>
        {
            var statuses = new List<HttpStatusCode>();
            for (var i = 0; i < 20; i++) statuses.Add(await ForwardedAsync(root, forwardedFor));
            Assert.Equal(isSlowedDown, statuses.Contains(HttpStatusCode.TooManyRequests));
            Assert.Equal(HttpStatusCode.OK, await ForwardedAsync(root, "203.0.113.9, 198.51.100.1"));
        }, log);
        Assert.Contains(log.Lines, line => line.Contains(isSlowedDown ? "of 203.0.113.9 answered 429" : "of 127.0.0.1 answered 200", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("adv", "R9")]
    public async Task A_key_that_signs_too_often_is_slowed_down_wherever_it_comes_from()
    {
        var (hasty, calm) = (await explorer.UserAsync("hastykey.3bot"), await explorer.UserAsync("calmkey.3bot"));
        await WithAsync(new ExplorerOptions { RatePerKey = 1 }, async root =>
        {
            var client = Client(ExplorerSigner.User(hasty.Id, hasty.Identity));
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => client.CreateWorkloadAsync(hasty.Subdomain($"k{i}.gw.example.com"), ExplorerFixture.Stop)));
            Assert.InRange(outcomes.Count(outcome => outcome is ExplorerOutcome<long>.Ok), 4, 19);
            Assert.All(outcomes.Where(outcome => outcome is not ExplorerOutcome<long>.Ok), outcome => Assert.Equal((429, SlowDown), ExplorerFixture.Refusal(outcome)));
            Assert.Contains(await SignedReadsAsync(root, hasty), answer => answer == (HttpStatusCode.TooManyRequests, "1"));
            // What anybody may ask goes on, for him as well; and so do others.
            ExplorerFixture.Value(await Client(null).GetUserAsync(hasty.Id, ExplorerFixture.Stop));
            ExplorerFixture.Value(await Client(ExplorerSigner.User(calm.Id, calm.Identity)).CreateWorkloadAsync(calm.Subdomain("calm.gw.example.com"), ExplorerFixture.Stop));

            ExplorerClient Client(ExplorerSigner? signer) => new(explorer.Http, root, signer);
        });
    }

    /// <summary>Whoever heard of a user's number cannot use up his rate: only what his key signed counts.</summary>
    [Fact]
    [Trait("adv", "R9")]
    public async Task A_wrong_signature_costs_the_owner_of_the_key_nothing()
    {
        var user = await explorer.UserAsync("victim.3bot");
        await WithAsync(new ExplorerOptions { RatePerKey = 1 }, async root =>
        {
            var forger = new ExplorerClient(explorer.Http, root, ExplorerSigner.User(user.Id, Identity.Create()));
            for (var i = 0; i < 20; i++) Assert.Equal(401, ExplorerFixture.Refusal(await forger.CreateWorkloadAsync(user.Subdomain("v.gw.example.com"), ExplorerFixture.Stop)).Status);
            ExplorerFixture.Value(await new ExplorerClient(explorer.Http, root, ExplorerSigner.User(user.Id, user.Identity)).CreateWorkloadAsync(user.Subdomain("v.gw.example.com"), ExplorerFixture.Stop));
        });
    }

    [Fact]
    public Task A_gateway_reports_as_fast_as_it_can() => WithAsync(new ExplorerOptions { RatePerKey = 1 }, async root =>
    {
        var gateway = Identity.Create();
        var client = new ExplorerClient(explorer.Http, root, ExplorerSigner.Gateway(gateway));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.ReportUptimeAsync(gateway.Id, TimeSpan.FromHours(1), ExplorerFixture.Stop)));
        Assert.All(outcomes, outcome => Assert.Equal(404, ExplorerFixture.Refusal(outcome).Status));
    });

    /// <summary>A gateway's key is one that anybody can make. It opens nothing that is a user's, and the address that asks is limited before anybody looks at a key.</summary>
    [Fact]
    [Trait("adv", "R9")]
    public async Task Who_signs_as_a_gateway_gets_nothing_of_a_user_s_and_asks_no_more_than_his_address_may()
    {
        var user = await explorer.UserAsync("masked.3bot");
        await WithAsync(new ExplorerOptions { RatePerKey = 1, RatePerAddress = 1, RateExempt = [] }, async root =>
        {
            var stranger = new ExplorerClient(explorer.Http, root, ExplorerSigner.Gateway(Identity.Create()));
            var made = await stranger.CreateWorkloadAsync(user.Subdomain("masked.gw.example.com"), ExplorerFixture.Stop);
            Assert.NotInRange(ExplorerFixture.Refusal(made).Status, 200, 299);
            Assert.Equal("", ExplorerFixture.Value(await stranger.GetUserAsync(user.Id, ExplorerFixture.Stop)).Email);
            var outcomes = new List<int>();
            for (var i = 0; i < 40; i++)
            {
                var fresh = Identity.Create();
                outcomes.Add(ExplorerFixture.Refusal(await new ExplorerClient(explorer.Http, root, ExplorerSigner.Gateway(fresh)).ReportUptimeAsync(fresh.Id, TimeSpan.FromHours(1), ExplorerFixture.Stop)).Status);
            }

            Assert.Contains(429, outcomes);
            Assert.All(outcomes, it => Assert.True(it is 404 or 429));
        });
        Assert.Empty(ExplorerFixture.Value(await user.Client.ListWorkloadsAsync(user.Id, null, null, 1, ExplorerFixture.Stop)).Items);
    }

    [Fact]
    [Trait("adv", "R9")]
    public async Task Who_says_that_he_is_a_gateway_and_does_not_sign_with_its_key_changes_nothing_of_it() => await WithAsync(new ExplorerOptions { RatePerKey = 1 }, async root =>
    {
        var node = new GatewayNode { NodeId = explorer.Gateway.Id, PublicKeyHex = explorer.Gateway.PublicKey.Hex, FarmId = 1, ManagedDomains = ["claimed.example.com"], DnsNameserver = ["ns1.claimed.example.com"], Location = new GatewayLocation { Country = "Belgium" } };
        var forged = SignedHeaders.Sign(explorer.Gateway.Id, Identity.Create(), TimeProvider.System.GetUtcNow());
        var (response, body) = await explorer.SendAsync("POST", new Uri(root, "/api/v1/gateways").ToString(), Encoding.UTF8.GetString(ExplorerJson.Write(node)), forged);
        Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, body);
        Assert.Equal(404, ExplorerFixture.Refusal(await new ExplorerClient(explorer.Http, root).GetGatewayAsync(explorer.Gateway.Id, ExplorerFixture.Stop)).Status);
    });

    private async Task WithAsync(ExplorerOptions options, Func<Uri, Task> use, KeptLog? log = null)
    {
        using var stop = new CancellationTokenSource();
        var (server, running) = ExplorerFixture.Start(options, explorer.Connection, stop.Token, logs: log);
        await using (server)
        {
            await use(new Uri($"http://{server.Bound[0]}"));
            await stop.CancelAsync();
            await running;
        }
    }

    private async Task<HttpStatusCode> ForwardedAsync(Uri root, string? forwardedFor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(root, "/api/v1/users?size=1"));
        if (forwardedFor is not null) request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var response = await explorer.Http.SendAsync(request, ExplorerFixture.Stop);
        return response.StatusCode;
    }

    private async Task<List<(HttpStatusCode Status, string? RetryAfter)>> SignedReadsAsync(Uri root, TestUser user)
    {
        var answers = new List<(HttpStatusCode, string?)>();
        for (var i = 0; i < 20; i++)
        {
            var (response, _) = await explorer.SendAsync("GET", new Uri(root, $"/api/v1/users/{user.Id}").ToString(), null, SignedHeaders.Sign($"{user.Id}", user.Identity, TimeProvider.System.GetUtcNow()));
            answers.Add((response.StatusCode, response.Headers.RetryAfter?.ToString()));
        }

        return answers;
    }
}

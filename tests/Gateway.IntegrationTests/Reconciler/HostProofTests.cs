using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Reconciler;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Hosts that lie in no zone of the gateway, and a resolver that says whose they are.</summary>
[Trait("adv", "R5")]
public sealed class HostProofTests(RedisFixture redis) : RigTests(redis)
{
    private const string Host = "www.shop.org";

    private readonly ProofResolver _resolver = new();

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _resolver.Address("ns1.example.com", "192.0.2.53");
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _resolver.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_proof_it_is_refused_and_with_the_record_that_the_refusal_names_it_is_served()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, AskResolver);
        _resolver.Address(Host, "203.0.113.80");
        var refused = Explorer.Add(Rig.Proxy(7, Host));
        await rig.EndedAsync(refused);
        var reason = Explorer.ResultOf(refused)!.Message;
        Assert.Contains($"_gateway.{Host}", reason, StringComparison.Ordinal);
        var token = reason.Split('"')[1];

        // Another user's record proves nothing.
        _resolver.Text($"_gateway.{Host}", token);
        var thief = Explorer.Add(Rig.Proxy(9, Host));
        await rig.EndedAsync(thief);
        await rig.ServedAsync(Explorer.Add(Rig.Proxy(7, Host)));
        Assert.NotNull(rig.Value(RedisSchema.ServiceKey(DomainName.Parse(Host))));
    }

    [Fact]
    public async Task An_alias_of_the_gateway_and_its_addresses_prove_it_too()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, AskResolver);
        _resolver.Alias("alias.shop.org", "ns1.example.com");
        _resolver.Address("address.shop.org", "192.0.2.53");
        await rig.ServedAsync(Explorer.Add(Rig.Proxy(7, "alias.shop.org")));
        await rig.ServedAsync(Explorer.Add(Rig.Proxy(7, "address.shop.org")));
    }

    [Fact]
    public async Task A_proof_that_is_gone_ends_the_route_after_the_grace_and_one_that_cannot_be_looked_up_does_not()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options =>
        {
            AskResolver(options);
            (options.ProofInterval, options.ProofGrace) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1));
        });
        _resolver.Alias(Host, "ns1.example.com");
        var sold = Explorer.Add(Rig.Proxy(7, Host));
        await rig.ServedAsync(sold);
        _resolver.IsSilent = true;
        var asked = _resolver.Asked;
        await Eventually.TrueAsync(() => _resolver.Asked > asked + 3, "the proof is looked at again");
        Assert.True(await rig.IsServedAsync(sold));
        Assert.DoesNotContain("missing", rig.Value(RedisSchema.ProofsKey, Host), StringComparison.Ordinal);

        _resolver.Remove(Host);
        _resolver.Address(Host, "203.0.113.80");
        _resolver.IsSilent = false;
        await rig.EndedAsync(sold);
        Assert.Contains($"the DNS does not show any more that '{Host}' is yours", Explorer.ResultOf(sold)!.Message, StringComparison.Ordinal);
        Assert.Null(rig.Value(RedisSchema.ServiceKey(DomainName.Parse(Host))));
        Assert.False(await rig.Redis.HashExistsAsync(RedisSchema.ProofsKey, Host));
    }

    [Fact]
    public async Task While_no_resolver_answers_it_waits_and_others_do_not()
    {
        _resolver.IsSilent = true;
        await using var rig = await Rig.StartAsync(Redis, Explorer, AskResolver);
        var waiting = Explorer.Add(Rig.Proxy(7, "alias.shop.org"));
        await rig.ServedAsync(Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")));
        await Eventually.TrueAsync(() => rig.Loop.Status.Deferred == 1, "it waits");
        _resolver.Alias("alias.shop.org", "ns1.example.com");
        _resolver.IsSilent = false;
        await rig.ServedAsync(waiting);
    }

    [Fact]
    public async Task A_host_in_a_delegated_domain_is_served_once_the_world_finds_that_domain_here()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, AskResolver);
        await rig.ServedAsync(Explorer.Add(Rig.Delegate(7, "shop.org")));
        // Somebody else's domain in the world, and an address that is not ours.
        _resolver.Address(Host, "203.0.113.80");
        var refused = Explorer.Add(Rig.Proxy(7, Host));
        await rig.EndedAsync(refused);
        Assert.Contains("NS records for ns1.example.com", Explorer.ResultOf(refused)!.Message, StringComparison.Ordinal);
        _resolver.Text("__owner__.shop.org", $$"""{"identity":"{{Rig.Gateway.Id}}","owner":"9"}""");
        await rig.EndedAsync(Explorer.Add(Rig.Proxy(7, Host)));

        _resolver.Text("__owner__.shop.org", $$"""{"identity":"{{Rig.Gateway.Id}}","owner":"7"}""");
        await rig.ServedAsync(Explorer.Add(Rig.Proxy(7, Host)));
        Assert.NotNull(rig.Value(RedisSchema.ServiceKey(DomainName.Parse(Host))));
    }

    [Fact]
    public async Task A_domain_that_somebody_else_delegated_goes_to_whom_its_DNS_names_and_stays_with_him_once_it_leads_here()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, AskResolver);
        var squatted = Explorer.Add(Rig.Delegate(9, "shop.org"));
        await rig.ServedAsync(squatted);
        await rig.ServedAsync(Explorer.Add(Rig.Subdomain(9, Host, "203.0.113.66")));
        var refused = Explorer.Add(Rig.Delegate(7, "shop.org"));
        await rig.EndedAsync(refused);
        var reason = Explorer.ResultOf(refused)!.Message;
        Assert.Contains("_gateway.shop.org", reason, StringComparison.Ordinal);
        _resolver.Text("_gateway.shop.org", reason.Split('"')[1]);
        // The record names user 7, and nobody else.
        await rig.EndedAsync(Explorer.Add(Rig.Delegate(11, "shop.org")));
        await rig.ServedAsync(Explorer.Add(Rig.Delegate(7, "shop.org")));
        await rig.EndedAsync(squatted);
        Assert.Contains("names another user", Explorer.ResultOf(squatted)!.Message, StringComparison.Ordinal);
        Assert.Equal("""{"Owner":"7"}""", rig.Value("zone", "shop.org"));
        Assert.Null(rig.Value("shop.org.", "www"));

        // It leads here now: whatever its DNS says, the one who brought it here keeps it.
        var thief = Explorer.Add(Rig.Delegate(9, "shop.org"));
        await rig.EndedAsync(thief);
        _resolver.Text("_gateway.shop.org", Explorer.ResultOf(thief)!.Message.Split('"')[1]);
        _resolver.Text("__owner__.shop.org", $$"""{"identity":"{{Rig.Gateway.Id}}","owner":"7"}""");
        await rig.EndedAsync(Explorer.Add(Rig.Delegate(9, "shop.org")));
        Assert.Equal("""{"Owner":"7"}""", rig.Value("zone", "shop.org"));
        _resolver.IsSilent = true;
        await rig.EndedAsync(Explorer.Add(Rig.Delegate(9, "shop.org")));
    }

    [Fact]
    public async Task A_domain_that_leads_elsewhere_again_loses_its_hosts_after_the_grace()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options =>
        {
            AskResolver(options);
            (options.ProofInterval, options.ProofGrace) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1));
        });
        _resolver.Text("__owner__.shop.org", $$"""{"identity":"{{Rig.Gateway.Id}}","owner":"7"}""");
        await rig.ServedAsync(Explorer.Add(Rig.Delegate(7, "shop.org")));
        var sold = Explorer.Add(Rig.Proxy(7, Host));
        await rig.ServedAsync(sold);
        var asked = _resolver.Asked;
        await Eventually.TrueAsync(() => _resolver.Asked > asked + 3, "the domain is looked at again");
        Assert.True(await rig.IsServedAsync(sold));
        _resolver.Remove("__owner__.shop.org");
        await rig.EndedAsync(sold);
        Assert.Null(rig.Value(RedisSchema.ServiceKey(DomainName.Parse(Host))));
    }

    [Fact]
    public async Task A_host_whose_own_DNS_fails_waits_alone()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, AskResolver);
        _resolver.Fails.Add("broken.shop.org");
        _resolver.Alias("alias.shop.org", "ns1.example.com");
        Explorer.Add(Rig.Proxy(7, "broken.shop.org"));
        await Eventually.TrueAsync(() => rig.Loop.Status.Deferred == 1, "the broken one waits");
        await rig.ServedAsync(Explorer.Add(Rig.Proxy(7, "alias.shop.org")));
        Assert.Equal(1, rig.Loop.Status.Deferred);
    }

    private void AskResolver(ReconcilerOptions options) => (options.ForeignHosts, options.Resolvers) = (ForeignHosts.Proof, [_resolver.Endpoint]);
}

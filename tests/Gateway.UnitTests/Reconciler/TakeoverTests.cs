using Gateway.Model;
using Gateway.Reconciler;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>
/// The ways in which somebody comes to the visitors of a name that is not his: user 7 let go of one half of it, user 9 is after it. A
/// gateway with its default settings, and what the DNS of the world would say.
/// </summary>
[Trait("adv", "R5")]
public sealed class TakeoverTests
{
    private static readonly HostProof Points = new HostProof.Given(NamesUser: false, "put your own record there");
    private static readonly HostProof Shown = new HostProof.Given(NamesUser: true);
    private static readonly HostProof Nothing = new HostProof.Missing("prove it");
    private static readonly TimeSpan Rest = new ReconcilerOptions().Quarantine;

    private readonly World _world = new() { ForeignHosts = new ReconcilerOptions().ForeignHosts, Quarantine = Rest };

    [Fact]
    public void Play_1_the_sub_domain_that_was_deleted_a_moment_ago()
    {
        GiveUp(Given(_world.Subdomain(7, "shop.gw.test", "203.0.113.10")));
        NotGiven(_world.Subdomain(9, "shop.gw.test", "203.0.113.66"));
        Assert.Null(_world.Redis["gw.test.", "shop"]);
    }

    [Fact]
    public void Play_2_the_tunnel_that_was_deleted_while_the_world_still_has_its_address()
    {
        GiveUp(Given(_world.Tunnel(7, "shop.gw.test")));
        NotGiven(_world.Tunnel(9, "shop.gw.test"));
        NotGiven(_world.Proxy(9, "SHOP.gw.test."));
        Assert.Null(Route("shop.gw.test"));
    }

    [Fact]
    public void Play_3_the_name_whose_record_is_gone_and_whose_route_was_forgotten()
    {
        var record = Given(_world.Subdomain(7, "shop.gw.test", "203.0.113.10"));
        Given(_world.Tunnel(7, "shop.gw.test"));
        GiveUp(record);
        _world.Now += Rest * 2;
        NotGiven(_world.Subdomain(9, "shop.gw.test", "203.0.113.66"));
        NotGiven(_world.Tunnel(9, "shop.gw.test"));
    }

    [Fact]
    public void Play_4_the_route_that_was_deleted_and_the_record_that_was_forgotten()
    {
        Given(_world.Subdomain(7, "shop.gw.test", "203.0.113.10"));
        GiveUp(Given(_world.Proxy(7, "shop.gw.test")));
        _world.Now += Rest * 2;
        NotGiven(_world.Tunnel(9, "shop.gw.test"));
    }

    [Fact]
    public void Play_5_the_zone_that_was_given_up_while_its_delegation_still_points_here()
    {
        var zone = Given(_world.Delegate(7, "shop.org"));
        Given(_world.Subdomain(7, "www.shop.org", "203.0.113.10"));
        GiveUp(zone);
        NotGiven(_world.Delegate(9, "shop.org"));
        NotGiven(_world.Delegate(9, "www.shop.org"));
        Assert.Null(_world.Redis["zone", "shop.org"]);
    }

    [Fact]
    public void Play_6_the_zone_that_changes_hands_with_what_the_former_user_left_in_it()
    {
        var zone = Given(_world.Delegate(7, "shop.org"));
        Given(_world.Subdomain(7, "www.shop.org", "203.0.113.10"));
        var host = Given(_world.Tunnel(7, "www.shop.org"), Shown);
        GiveUp(zone);
        _world.Now += Rest;
        Given(_world.Delegate(9, "shop.org"));
        Assert.Null(_world.Redis["shop.org.", "www"]);
        Assert.Null(Route("www.shop.org"));
        Assert.Null(_world.Redis[RedisSchema.ReservationsKey, host]);
    }

    [Fact]
    public void Play_7_the_domain_above_a_zone_or_a_name_of_somebody_else()
    {
        Given(_world.Delegate(7, "eu.shop.org"));
        NotGiven(_world.Delegate(9, "shop.org"));
        Given(_world.Subdomain(7, "api.shop.gw.test", "203.0.113.10"));
        NotGiven(_world.Subdomain(9, "shop.gw.test", "203.0.113.66"));
        NotGiven(_world.Tunnel(9, "x.api.shop.gw.test"));
    }

    [Fact]
    public void Play_8_the_alias_that_points_here_and_that_nobody_reserved_any_more()
    {
        GiveUp(Given(_world.Proxy(7, "www.shop.org"), Points));
        NotGiven(_world.Proxy(9, "www.shop.org"), Points);
        _world.Now += TimeSpan.FromDays(7);
        _world.Round();
        NotGiven(_world.Proxy(9, "www.shop.org"), Points);
        NotGiven(_world.Tunnel(9, "www.shop.org"), Nothing);
    }

    [Fact]
    public void Play_9_the_domain_of_another_delegated_to_oneself_to_need_no_proof()
    {
        Given(_world.Proxy(7, "www.shop.org"), Points);
        NotGiven(_world.Delegate(9, "shop.org"));
        NotGiven(_world.Delegate(9, "www.shop.org"));
        NotGiven(_world.Proxy(9, "www.shop.org"), Points);
    }

    [Fact]
    public void Play_10_the_host_that_stays_routed_after_its_domain_was_sold()
    {
        var old = Given(_world.Proxy(7, "www.shop.org"), Points);
        var grace = new ReconcilerOptions().ProofGrace;
        var sold = new ProofFinding(DomainName.Parse("www.shop.org"), 7, Nothing);
        foreach (var it in ProofReview.Of([sold], _world.Redis.Read().Proofs, _world.Now, grace).Noted) _world.Redis.Apply(StepWrites.Of(it));
        _world.Now += grace;
        foreach (var it in ProofReview.Of([sold], _world.Redis.Read().Proofs, _world.Now, grace).Lapsed) _world.Lapsed[it.Key] = it.Value;
        Assert.IsType<Outcome.Rejected>(_world.Round(old));
        Assert.Null(Route("www.shop.org"));
        Given(_world.Proxy(9, "www.shop.org"), new HostProof.Given(NamesUser: true));
    }

    [Fact]
    public void Play_11_the_resolver_that_is_silenced_so_that_proofs_seem_to_be_gone()
    {
        var host = Given(_world.Proxy(7, "www.shop.org"), Points);
        var silence = new ProofFinding(DomainName.Parse("www.shop.org"), 7, new HostProof.Unavailable("no resolver answers"));
        var review = ProofReview.Of([silence], _world.Redis.Read().Proofs, _world.Now + TimeSpan.FromDays(30), TimeSpan.Zero);
        Assert.Empty(review.Noted);
        Assert.Empty(review.Lapsed);
        var thief = _world.Proxy(9, "other.shop.org");
        _world.Proofs[thief] = new HostProof.Unavailable("no resolver answers");
        Assert.IsType<Outcome.Deferred>(_world.Round(thief));
        Assert.NotNull(_world.Redis[RedisSchema.ReservationsKey, host]);
    }

    [Fact]
    public void Play_12_the_name_that_only_looks_like_it()
    {
        Given(_world.Subdomain(7, "apple.gw.test", "203.0.113.10"));
        // аррӏе in Cyrillic letters, then one Cyrillic а in Latin ones.
        NotGiven(_world.Subdomain(9, "xn--80ak6aa92e.gw.test", "203.0.113.66"));
        NotGiven(_world.Tunnel(9, "xn--pple-43d.gw.test"));
        NotGiven(_world.Subdomain(9, "Apple.GW.test.", "203.0.113.66"));
        NotGiven(_world.Subdomain(9, "*.gw.test", "203.0.113.66"));
    }

    [Fact]
    public void Play_13_the_unclaimed_domain_of_another_delegated_to_oneself_before_he_comes()
    {
        // Anybody may say that a domain is his, and the gateway serves it; but the world does not look for it here.
        Given(_world.Delegate(9, "shop.org"));
        Assert.IsType<Outcome.Deferred>(_world.Round(_world.Proxy(9, "api.shop.org")));
        NotGiven(_world.Proxy(9, "www.shop.org"), Nothing);
        NotGiven(_world.Tunnel(9, "shop.org"), Nothing);
        Assert.Null(Route("www.shop.org"));
        Given(_world.Proxy(7, "www.shop.org"), Shown);
        NotGiven(_world.Tunnel(9, "www.shop.org"), Shown);
    }

    [Fact]
    public void Play_14_the_lost_domain_delegated_again_to_keep_its_visitors()
    {
        var host = Given(_world.Proxy(7, "www.shop.org"), Points);
        Given(_world.Delegate(7, "shop.org"));
        _world.Lapsed[(DomainName.Parse("www.shop.org"), 7)] = "the DNS does not show it any more";
        Assert.IsType<Outcome.Rejected>(_world.Round(host));
        Assert.Null(Route("www.shop.org"));
    }

    [Fact]
    public void Play_15_the_forgotten_alias_and_a_delegation_to_have_its_last_user_forgotten()
    {
        GiveUp(Given(_world.Proxy(7, "www.shop.org"), Points));
        _world.Now += TimeSpan.FromDays(7);
        Given(_world.Delegate(9, "shop.org"));
        _world.Round();
        NotGiven(_world.Proxy(9, "www.shop.org"), Points);
    }

    [Fact]
    public void Play_16_the_owner_who_comes_late_gets_his_whole_domain_when_its_DNS_names_him()
    {
        var squatted = Given(_world.Delegate(9, "shop.org"));
        var name = Given(_world.Subdomain(9, "www.shop.org", "203.0.113.66"));
        NotGiven(_world.Delegate(7, "shop.org"), Nothing);
        Given(_world.Delegate(7, "shop.org"), Shown);
        Assert.Equal("""{"Owner":"7"}""", _world.Redis["zone", "shop.org"]);
        Assert.Null(_world.Redis["shop.org.", "www"]);
        Assert.Null(_world.Redis["managed_domains", "www.shop.org"]);
        Assert.All([squatted, name], id => Assert.Null(_world.Redis[RedisSchema.ReservationsKey, id]));
        Given(_world.Subdomain(7, "www.shop.org", "203.0.113.10"));
        NotGiven(_world.Delegate(9, "shop.org"), Nothing);
        NotGiven(_world.Subdomain(9, "www.shop.org", "203.0.113.66"));
    }

    [Fact]
    public void Play_17_the_domain_of_another_claimed_without_a_word_of_its_DNS()
    {
        var zone = Given(_world.Delegate(7, "shop.org"));
        Given(_world.Subdomain(7, "www.shop.org", "203.0.113.10"));
        var whole = _world.Redis.Dump();
        foreach (var proof in (HostProof[])[Nothing, Points, new HostProof.Unavailable("no resolver answers")])
            foreach (var domain in (string[])["shop.org", "www.shop.org"])
                NotGiven(_world.Delegate(9, domain), proof);
        Assert.Equal(whole, _world.Redis.Dump());
        Assert.NotNull(_world.Redis[RedisSchema.ReservationsKey, zone]);
    }

    [Fact]
    public void Play_18_the_name_below_that_is_kept_to_get_at_the_domain_above()
    {
        Given(_world.Delegate(9, "www.shop.org"));
        NotGiven(_world.Delegate(7, "shop.org"), Shown);
        Given(_world.Delegate(7, "www.shop.org"), Shown);
        Given(_world.Delegate(7, "shop.org"));
        Assert.Equal("""{"Owner":"7"}""", _world.Redis["zone", "www.shop.org"]);
    }

    [Fact]
    public void Play_19_the_owner_who_may_not_have_his_domain_takes_it_from_nobody()
    {
        var squatted = Given(_world.Delegate(9, "shop.org"));
        _world.Frozen.Add(7);
        NotGiven(_world.Delegate(7, "shop.org"), Shown);
        Assert.Equal("""{"Owner":"9"}""", _world.Redis["zone", "shop.org"]);
        Assert.NotNull(_world.Redis[RedisSchema.ReservationsKey, squatted]);
    }

    [Fact]
    public void Play_20_a_part_of_a_squatted_domain_whose_DNS_names_its_owner()
    {
        Given(_world.Delegate(9, "shop.org"));
        Given(_world.Subdomain(9, "a.eu.shop.org", "203.0.113.66"));
        Given(_world.Delegate(7, "eu.shop.org"), Shown);
        Assert.Equal(("""{"Owner":"9"}""", """{"Owner":"7"}"""), (_world.Redis["zone", "shop.org"], _world.Redis["zone", "eu.shop.org"]));
        Assert.Null(_world.Redis["shop.org.", "a.eu"]);
        Assert.Null(_world.Redis["eu.shop.org.", "a"]);
    }

    private string Given(string id, HostProof? proof = null)
    {
        if (proof is not null) _world.Proofs[id] = proof;
        Assert.IsType<Outcome.Accepted>(_world.Round(id));
        return id;
    }

    private void NotGiven(string id, HostProof? proof = null)
    {
        if (proof is not null) _world.Proofs[id] = proof;
        Assert.IsType<Outcome.Rejected>(_world.Round(id));
    }

    private void GiveUp(string id)
    {
        _world.Delete(id);
        _world.Round();
    }

    private string? Route(string host) => _world.Redis[RedisSchema.ServiceKey(DomainName.Parse(host))];
}

using Gateway.Model;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>Who may have the visitors of a host that lies in no zone of the gateway.</summary>
[Trait("adv", "R5")]
public sealed class HostProofRuleTests
{
    private readonly World _world = new() { ForeignHosts = ForeignHosts.Proof };

    [Fact]
    public void A_host_outside_all_zones_waits_for_its_proof_and_is_given_with_it()
    {
        var id = _world.Proxy(7, "www.shop.org");
        Assert.Equal(KeyValuePair.Create(id, new WantedProof(null)), Assert.Single(_world.Compute().WantedProofs));
        Assert.IsType<Outcome.Deferred>(_world.Round(id));
        _world.Proofs[id] = new HostProof.Unavailable("nobody answers");
        Assert.IsType<Outcome.Deferred>(_world.Round(id));
        _world.Proofs[id] = new HostProof.Given();
        Assert.IsType<Outcome.Accepted>(_world.Round(id));
        _world.Proofs.Clear();
        Assert.IsType<Outcome.Accepted>(_world.Round(id));
    }

    [Fact]
    public void Without_proof_a_user_reads_how_to_give_it()
    {
        var id = _world.Tunnel(7, "www.shop.org");
        _world.Proofs[id] = new HostProof.Missing("put a record there");
        Assert.Equal("put a record there", Assert.IsType<Outcome.Rejected>(_world.Round(id)).Reason);
    }

    [Fact]
    public void Names_in_a_managed_domain_need_none()
    {
        var name = _world.Proxy(7, "www.gw.test");
        Assert.IsType<Outcome.Accepted>(_world.Round(name));
        Assert.Empty(_world.LastPlan.WantedProofs);
    }

    [Fact]
    public void A_host_in_a_domain_of_his_own_waits_until_the_world_was_asked_for_that_domain()
    {
        _world.Delegate(7, "user7.org");
        var own = _world.Tunnel(7, "www.user7.org");
        Assert.Equal(KeyValuePair.Create(own, new WantedProof(DomainName.Parse("user7.org"))), Assert.Single(_world.Compute().WantedProofs));
        Assert.IsType<Outcome.Deferred>(_world.Round(own));
        _world.Proofs[own] = new HostProof.Given();
        Assert.IsType<Outcome.Accepted>(_world.Round(own));
        Assert.Contains("\"user\":7", _world.Redis[RedisSchema.ProofsKey, "www.user7.org"], StringComparison.Ordinal);
        Assert.Empty(_world.Compute().Steps);
    }

    [Fact]
    public void A_domain_that_somebody_else_delegated_keeps_nobody_away_whom_a_record_names()
    {
        Assert.IsType<Outcome.Accepted>(_world.Round(_world.Delegate(9, "shop.org")));
        var leads = _world.Proxy(7, "www.shop.org");
        _world.Proofs[leads] = new HostProof.Given(NamesUser: false);
        Assert.Contains("another user", Assert.IsType<Outcome.Rejected>(_world.Round(leads)).Reason, StringComparison.Ordinal);
        var named = _world.Proxy(7, "www.shop.org");
        _world.Proofs[named] = new HostProof.Given(NamesUser: true);
        Assert.IsType<Outcome.Accepted>(_world.Round(named));
        var thief = _world.Proxy(9, "www.shop.org");
        _world.Proofs[thief] = new HostProof.Given(NamesUser: true);
        Assert.IsType<Outcome.Rejected>(_world.Round(thief));
        Assert.Empty(_world.Compute().Steps);
    }

    [Fact]
    public void While_nobody_answers_a_host_in_the_domain_of_another_is_refused_and_not_kept_waiting()
    {
        _world.Round(_world.Delegate(9, "shop.org"));
        var id = _world.Proxy(7, "www.shop.org");
        _world.Proofs[id] = new HostProof.Unavailable("nobody answers");
        Assert.IsType<Outcome.Rejected>(_world.Round(id));
    }

    [Fact]
    public void Whoever_holds_a_host_need_not_prove_it_again_and_nobody_else_gets_it_by_a_proof()
    {
        var first = _world.Proxy(7, "www.shop.org");
        _world.Proofs[first] = new HostProof.Given();
        _world.Round(first);
        var second = _world.Tunnel(7, "www.shop.org");
        Assert.IsType<Outcome.Accepted>(_world.Round(second));
        var thief = _world.Proxy(9, "www.shop.org");
        _world.Proofs[thief] = new HostProof.Given();
        Assert.True(Assert.IsType<Outcome.Rejected>(_world.Round(thief)).Conflict);
    }

    [Fact]
    public void An_operator_may_give_such_hosts_to_whoever_asks_first()
    {
        _world.ForeignHosts = ForeignHosts.FirstCome;
        Assert.IsType<Outcome.Accepted>(_world.Round(_world.Proxy(7, "www.shop.org")));
    }
}

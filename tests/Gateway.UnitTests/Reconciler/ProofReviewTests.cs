using System.Globalization;
using Gateway.Model;
using Gateway.Reconciler.Planning;
using Xunit;

namespace Gateway.UnitTests.Reconciler;

/// <summary>Proofs that are looked at again.</summary>
[Trait("adv", "R5")]
public sealed class ProofReviewTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromDays(1);
    private static readonly HostProof Gone = new HostProof.Missing("put a record there");

    private readonly World _world = new() { ForeignHosts = ForeignHosts.Proof };

    [Fact]
    public void A_proof_is_written_down_with_the_host_and_goes_with_it()
    {
        var id = Proven("www.shop.org");
        Assert.Equal("""{"user":7,"since":1610000005}""", _world.Redis[RedisSchema.ProofsKey, "www.shop.org"]);
        _world.Delete(id);
        _world.Round();
        Assert.Null(_world.Redis[RedisSchema.ProofsKey, "www.shop.org"]);
    }

    [Fact]
    public void A_proof_that_is_gone_is_noted_and_after_the_grace_the_host_is_withdrawn()
    {
        var id = Proven("www.shop.org");
        var review = Review(("www.shop.org", Gone));
        Assert.Empty(review.Lapsed);
        Note(review);
        Assert.Equal("""{"user":7,"since":1610000005,"missing":1610000005}""", _world.Redis[RedisSchema.ProofsKey, "www.shop.org"]);
        _world.Now += Grace - TimeSpan.FromSeconds(1);
        Assert.Empty(Review(("www.shop.org", Gone)).Lapsed);
        _world.Now += TimeSpan.FromSeconds(1);
        review = Review(("www.shop.org", Gone));
        Assert.Empty(review.Noted);
        Withdraw(review);
        Assert.Contains("put a record there", Assert.IsType<Outcome.Rejected>(_world.LastPlan.Outcomes[id]).Reason, StringComparison.Ordinal);
        Assert.Null(_world.Redis[RedisSchema.ServiceKey(DomainName.Parse("www.shop.org"))]);
        Assert.Empty(_world.Redis.Hash(RedisSchema.ProofsKey));
        Assert.Empty(_world.Redis.Hash(RedisSchema.ReservationsKey));
    }

    [Fact]
    public void All_reservations_of_the_host_go_and_those_of_other_hosts_stay()
    {
        Proven("www.shop.org");
        var second = _world.Tunnel(7, "www.shop.org");
        _world.Round();
        var other = Proven("other.shop.org");
        Note(Review(("www.shop.org", Gone), ("other.shop.org", new HostProof.Given())));
        _world.Now += Grace;
        Withdraw(Review(("www.shop.org", Gone), ("other.shop.org", new HostProof.Given())));
        Assert.IsType<Outcome.Rejected>(_world.LastPlan.Outcomes[second]);
        Assert.Equal(other, Assert.Single(_world.Redis.Hash(RedisSchema.ReservationsKey)).Key);
    }

    [Fact]
    public void A_proof_that_cannot_be_looked_up_changes_nothing_and_one_that_is_back_is_forgiven()
    {
        Proven("www.shop.org");
        Note(Review(("www.shop.org", Gone)));
        _world.Now += Grace * 2;
        var unknown = Review(("www.shop.org", new HostProof.Unavailable("no resolver answers")));
        Assert.Empty(unknown.Noted);
        Assert.Empty(unknown.Lapsed);
        Note(Review(("www.shop.org", new HostProof.Given(NamesUser: false))));
        Assert.Equal("""{"user":7,"since":1610000005}""", _world.Redis[RedisSchema.ProofsKey, "www.shop.org"]);
        Assert.Empty(Review(("www.shop.org", Gone)).Lapsed);
    }

    [Theory]
    [InlineData(10, 20, false)]
    [InlineData(11, 20, true)]
    [InlineData(11, 100, false)]
    public void What_is_gone_all_at_once_is_an_accident_of_the_resolver(int gone, int all, bool isHeld)
    {
        var hosts = Enumerable.Range(0, all).Select(i => string.Create(CultureInfo.InvariantCulture, $"w{i}.shop.org")).ToList();
        foreach (var host in hosts) Proven(host);
        (string, HostProof)[] said = [.. hosts.Select((host, i) => (host, i < gone ? Gone : new HostProof.Given()))];
        Note(Review(said));
        _world.Now += Grace;
        var review = Review(said);
        Assert.Equal(isHeld ? gone : 0, review.Held);
        Assert.Equal(isHeld ? 0 : gone, review.Lapsed.Count);
    }

    [Fact]
    public void A_host_that_was_never_proven_stays_and_one_that_was_needs_its_proof_in_a_zone_of_its_user_too()
    {
        _world.ForeignHosts = ForeignHosts.FirstCome;
        var old = _world.Proxy(7, "old.shop.org");
        _world.Round();
        _world.ForeignHosts = ForeignHosts.Proof;
        Assert.Empty(Review(("old.shop.org", Gone)).Noted);
        var moved = Proven("www.mine.org");
        Assert.IsType<Outcome.Accepted>(_world.Round(_world.Delegate(7, "mine.org")));
        Assert.Single(_world.Redis.Hash(RedisSchema.ProofsKey));
        Assert.Equal(DomainName.Parse("mine.org"), _world.Book.ZoneOf(DomainName.Parse("www.mine.org"), 7));
        Assert.Null(_world.Book.ZoneOf(DomainName.Parse("www.mine.org"), 9));
        _world.Lapsed[(DomainName.Parse("www.mine.org"), 7)] = "too late";
        _world.Round();
        Assert.NotNull(_world.Redis[RedisSchema.ReservationsKey, old]);
        Assert.Null(_world.Redis[RedisSchema.ReservationsKey, moved]);
    }

    [Fact]
    public void Findings_about_a_former_user_are_passed_over()
    {
        Proven("www.shop.org");
        var late = new ProofFinding(DomainName.Parse("www.shop.org"), 9, Gone);
        Assert.Empty(ProofReview.Of([late], _world.Redis.Read().Proofs, _world.Now + Grace, TimeSpan.Zero).Lapsed);
    }

    private string Proven(string host)
    {
        var id = _world.Proxy(7, host);
        _world.Proofs[id] = new HostProof.Given();
        Assert.IsType<Outcome.Accepted>(_world.Round(id));
        Assert.Empty(_world.Compute().Steps);
        return id;
    }

    private ProofReview Review(params (string Host, HostProof Said)[] findings) =>
        ProofReview.Of([.. findings.Select(it => new ProofFinding(DomainName.Parse(it.Host), 7, it.Said))], _world.Redis.Read().Proofs, _world.Now, Grace);

    private void Note(ProofReview review)
    {
        foreach (var it in review.Noted) _world.Redis.Apply(StepWrites.Of(it));
    }

    private void Withdraw(ProofReview review)
    {
        foreach (var it in review.Lapsed) _world.Lapsed[it.Key] = it.Value;
        _world.Round();
        _world.Lapsed.Clear();
        Assert.Empty(_world.Compute().Steps);
    }
}

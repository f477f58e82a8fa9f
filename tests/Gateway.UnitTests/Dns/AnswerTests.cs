using Xunit;

namespace Gateway.UnitTests.Dns;

public sealed class AnswerTests
{
    private const int NoError = 0, NxDomain = 3, YxDomain = 6, Refused = 5;
    private const string Soa = "example. 10 SOA ns1.gateway.test. hostmaster.example. 7 3600 600 604800 10";

    private readonly TestZones _zones = new TestZones().With(
        "example",
        ("www", """{"a":[{"ip":"192.0.2.1","ttl":3600},{"ip":"192.0.2.2","ttl":60},{"ip":"192.0.2.1","ttl":60}],"aaaa":[{"ip":"2001:db8::1"}]}"""),
        ("a.ent", """{"txt":[{"text":"below"}]}"""),
        ("*.wild", """{"a":[{"ip":"192.0.2.9","ttl":60}],"mx":[{"host":"www.example.","preference":5,"ttl":60}]}"""),
        ("host.wild", """{"txt":[{"text":"real"}]}"""),
        ("alias", """{"cname":[{"host":"www.example.","ttl":60}]}"""),
        ("outside", """{"cname":[{"host":"elsewhere.test.","ttl":60}]}"""),
        ("nowhere", """{"cname":[{"host":"missing.example.","ttl":60}]}"""),
        ("self", """{"cname":[{"host":"self.example.","ttl":60}]}"""),
        ("ring1", """{"cname":[{"host":"ring2.example.","ttl":60}]}"""),
        ("ring2", """{"cname":[{"host":"ring1.example.","ttl":60}]}"""),
        ("*.walias", """{"cname":[{"host":"www.example.","ttl":60}]}"""),
        ("sub", """{"ns":[{"host":"ns.sub.example.","ttl":60},{"host":"ns.elsewhere.test.","ttl":60}],"ds":[{"keytag":1,"algorithm":13,"digesttype":2,"digest":"00ff","ttl":60}]}"""),
        ("ns.sub", """{"a":[{"ip":"192.0.2.53","ttl":60}]}"""),
        ("old", """{"dname":[{"host":"new.example.","ttl":60}],"txt":[{"text":"itself","ttl":60}]}"""),
        ("www.new", """{"a":[{"ip":"192.0.2.77","ttl":60}]}"""),
        ("_sip._tcp", """{"srv":[{"target":"www.example.","port":5060,"priority":1,"weight":2,"ttl":60}]}"""));

    [Fact]
    public void An_answer_has_one_ttl_for_a_set_and_each_record_once()
    {
        var reply = _zones.Ask("www.example A");
        Assert.Equal(NoError, reply.Rcode);
        Assert.True(reply.Authoritative);
        Assert.Equal(["www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.2"], reply.Answer);
        Assert.Empty(reply.Authority);
    }

    [Fact]
    public void A_record_without_ttl_gets_the_default() =>
        Assert.Equal(["www.example. 300 AAAA 2001:db8::1"], _zones.Ask("www.example AAAA").Answer);

    [Theory]
    [InlineData("www.example TXT")]
    [InlineData("www.example CNAME")]
    [InlineData("www.example SOA")]
    [InlineData("www.example 65")]
    [InlineData("www.example 64999")]
    [InlineData("example A")]
    [InlineData("example CAA")]
    [InlineData("example DS")]
    public void A_name_without_the_type_is_denied_with_the_SOA(string question)
    {
        var reply = _zones.Ask(question);
        Assert.Equal(NoError, reply.Rcode);
        Assert.True(reply.Authoritative);
        Assert.Empty(reply.Answer);
        Assert.Equal([Soa], reply.Authority);
    }

    [Theory]
    [InlineData("missing.example A")]
    [InlineData("below.www.example A")]
    [InlineData("_acme-challenge.www.example TXT")]
    [InlineData("x.host.wild.example A")]
    public void A_name_that_is_not_there_is_denied_with_the_SOA(string question)
    {
        var reply = _zones.Ask(question);
        Assert.Equal(NxDomain, reply.Rcode);
        Assert.True(reply.Authoritative);
        Assert.Equal([Soa], reply.Authority);
    }

    [Fact]
    public void The_apex_has_NS_and_SOA_though_none_are_stored()
    {
        Assert.Equal(["example. 300 NS ns1.gateway.test.", "example. 300 NS ns2.gateway.test."], _zones.Ask("example NS").Answer);
        Assert.Equal(["example. 300 SOA ns1.gateway.test. hostmaster.example. 7 3600 600 604800 10"], _zones.Ask("example SOA").Answer);
    }

    [Fact]
    public void The_stored_SOA_counts_when_there_is_one()
    {
        _zones.Put("example", "@", """{"soa":{"ns":"a.test.","mbox":"b.test.","refresh":1,"retry":2,"expire":3,"minttl":40,"ttl":50}}""");
        Assert.Equal(["example. 50 SOA a.test. b.test. 7 1 2 3 40"], _zones.Ask("example SOA").Answer);
        Assert.Equal(["example. 40 SOA a.test. b.test. 7 1 2 3 40"], _zones.Ask("missing.example A").Authority);
    }

    [Theory]
    [Trait("adv", "D9")]
    [InlineData("ent.example A")]
    [InlineData("ent.example TXT")]
    [InlineData("wild.example A")]
    [InlineData("_tcp.example SRV")]
    public void An_empty_non_terminal_exists(string question)
    {
        var reply = _zones.Ask(question);
        Assert.Equal(NoError, reply.Rcode);
        Assert.Equal([Soa], reply.Authority);
    }

    [Fact]
    public void A_wildcard_answers_for_what_is_not_there_at_any_depth()
    {
        Assert.Equal(["x.wild.example. 60 A 192.0.2.9"], _zones.Ask("x.wild.example A").Answer);
        Assert.Equal(["x.y.wild.example. 60 A 192.0.2.9"], _zones.Ask("x.y.wild.example A").Answer);
        Assert.Equal(["*.wild.example. 60 A 192.0.2.9"], _zones.Ask("*.wild.example A").Answer);
        Assert.Equal([Soa], _zones.Ask("x.wild.example TXT").Authority);
    }

    [Fact]
    public void A_wildcard_does_not_cover_what_is_there()
    {
        var reply = _zones.Ask("host.wild.example A");
        Assert.Equal(NoError, reply.Rcode);
        Assert.Empty(reply.Answer);
        Assert.Equal([Soa], reply.Authority);
    }

    [Fact]
    public void An_alias_is_followed_with_the_queried_type()
    {
        Assert.Equal(["alias.example. 60 CNAME www.example.", "www.example. 300 AAAA 2001:db8::1"], _zones.Ask("alias.example AAAA").Answer);
        Assert.Equal(["alias.example. 60 CNAME www.example."], _zones.Ask("alias.example CNAME").Answer);
        var none = _zones.Ask("alias.example TXT");
        Assert.Equal(["alias.example. 60 CNAME www.example."], none.Answer);
        Assert.Equal([Soa], none.Authority);
        Assert.Equal("x.walias.example. 60 CNAME www.example.", _zones.Ask("x.walias.example A").Answer[0]);
    }

    [Fact]
    public void An_alias_to_nothing_says_that_its_end_is_not_there()
    {
        var reply = _zones.Ask("nowhere.example A");
        Assert.Equal(NxDomain, reply.Rcode);
        Assert.Equal(["nowhere.example. 60 CNAME missing.example."], reply.Answer);
        Assert.Equal([Soa], reply.Authority);
    }

    [Fact]
    public void An_alias_that_leads_below_a_zone_cut_ends_with_the_referral()
    {
        _zones.Put("example", "into", """{"cname":[{"host":"www.sub.example.","ttl":60}]}""");
        var reply = _zones.Ask("into.example A");
        Assert.True(reply.Authoritative);
        Assert.Equal(["into.example. 60 CNAME www.sub.example."], reply.Answer);
        Assert.Equal(["sub.example. 60 NS ns.sub.example.", "sub.example. 60 NS ns.elsewhere.test."], reply.Authority);
    }

    [Fact]
    public void An_alias_that_leads_out_of_our_zones_is_all_that_we_say()
    {
        var reply = _zones.Ask("outside.example A");
        Assert.Equal(NoError, reply.Rcode);
        Assert.Equal(["outside.example. 60 CNAME elsewhere.test."], reply.Answer);
        Assert.Empty(reply.Authority);
    }

    [Fact]
    [Trait("adv", "D11")]
    public void Aliases_in_a_ring_end_at_their_first_repetition()
    {
        Assert.Equal(["self.example. 60 CNAME self.example."], _zones.Ask("self.example A").Answer);
        Assert.Equal(["ring1.example. 60 CNAME ring2.example.", "ring2.example. 60 CNAME ring1.example."], _zones.Ask("ring1.example A").Answer);
    }

    [Fact]
    [Trait("adv", "D11")]
    public void A_chain_ends_after_eight_aliases()
    {
        for (var i = 0; i < 20; i++) _zones.Put("example", $"c{i}", $$"""{"cname":[{"host":"c{{i + 1}}.example.","ttl":60}]}""");
        Assert.Equal(8, _zones.Ask("c0.example A").Answer.Count);
    }

    [Theory]
    [Trait("adv", "D9")]
    [InlineData("sub.example A")]
    [InlineData("sub.example NS")]
    [InlineData("deep.down.sub.example A")]
    [InlineData("ns.sub.example A")]
    public void A_zone_cut_refers_to_the_child_with_its_glue(string question)
    {
        var reply = _zones.Ask(Query.Of(question).WithOpt(dnssecOk: true));
        Assert.Equal(NoError, reply.Rcode);
        Assert.False(reply.Authoritative);
        Assert.Empty(reply.Answer);
        Assert.Equal(2, _zones.Ask(question).Authority.Count);
        Assert.Equal(["sub.example. 60 NS ns.sub.example.", "sub.example. 60 NS ns.elsewhere.test.", "sub.example. 60 DS 00010d0200ff"], reply.Authority);
        Assert.Equal(["ns.sub.example. 60 A 192.0.2.53"], reply.Additional);
    }

    [Fact]
    [Trait("adv", "D9")]
    public void The_DS_of_a_child_is_answered_at_the_parents_side()
    {
        var reply = _zones.Ask("sub.example DS");
        Assert.True(reply.Authoritative);
        Assert.Equal(["sub.example. 60 DS 00010d0200ff"], reply.Answer);
    }

    [Fact]
    [Trait("adv", "D9")]
    public void The_DS_of_a_child_that_we_serve_too_is_still_the_parents()
    {
        _zones.With("sub.example", ("www", """{"a":[{"ip":"192.0.2.3"}]}"""));
        Assert.Equal(["sub.example. 60 DS 00010d0200ff"], _zones.Ask("sub.example DS").Answer);
        Assert.Equal(["www.sub.example. 300 A 192.0.2.3"], _zones.Ask("www.sub.example A").Answer);
    }

    [Fact]
    [Trait("adv", "D9")]
    public void A_name_above_another_zone_of_ours_exists()
    {
        _zones.With("zone.between.example").With("other.zone.test");
        var reply = _zones.Ask("between.example A");
        Assert.Equal(NoError, reply.Rcode);
        Assert.Equal([Soa], reply.Authority);
        Assert.Equal(NxDomain, _zones.Ask("x.between.example A").Rcode);
        _zones.Zones.Remove(Gateway.Model.DomainName.Parse("zone.between.example"));
        Assert.Equal(NxDomain, _zones.Ask("between.example A").Rcode);
    }

    [Fact]
    public void A_DNAME_moves_everything_below_it_and_not_itself()
    {
        Assert.Equal(
            ["old.example. 60 DNAME new.example.", "www.old.example. 60 CNAME www.new.example.", "www.new.example. 60 A 192.0.2.77"],
            _zones.Ask("www.old.example A").Answer);
        Assert.Equal(["old.example. 60 DNAME new.example.", "www.old.example. 60 CNAME www.new.example."], _zones.Ask("www.old.example CNAME").Answer);
        Assert.Equal(["old.example. 60 TXT itself"], _zones.Ask("old.example TXT").Answer);
        Assert.Equal(["old.example. 60 DNAME new.example."], _zones.Ask("old.example DNAME").Answer);
    }

    [Fact]
    [Trait("adv", "D11")]
    public void A_DNAME_that_a_chain_passes_twice_stands_in_the_answer_once()
    {
        _zones.Put("example", "up", """{"dname":[{"host":"example.","ttl":60}]}""");
        Assert.Equal(
            ["up.example. 60 DNAME example.", "www.UP.up.example. 60 CNAME www.up.example.", "www.up.example. 60 CNAME www.example.", "www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.2"],
            _zones.Ask("www.UP.up.example A").Answer);
        Assert.Equal(["up.example. 60 DNAME example.", "up.up.example. 60 CNAME up.example."], _zones.Ask("up.up.example DNAME").Answer);
    }

    [Fact]
    [Trait("adv", "D11")]
    public void A_DNAME_that_makes_a_name_too_long_says_so()
    {
        var label = new string('x', 63);
        _zones.Put("example", "o", $$"""{"dname":[{"host":"{{label}}.{{label}}.{{label}}.example.","ttl":60}]}""");
        var reply = _zones.Ask($"{label}.o.example A");
        Assert.Equal(YxDomain, reply.Rcode);
        Assert.Single(reply.Answer);
    }

    [Fact]
    [Trait("adv", "D20")]
    public void Additional_addresses_come_from_the_zone_itself_and_never_from_a_wildcard()
    {
        _zones.With("other.test", ("mail", """{"a":[{"ip":"192.0.2.66"}]}"""));
        _zones.Put("example", "mx", """{"mx":[{"host":"www.example.","preference":1,"ttl":60},{"host":"mail.other.test.","preference":2,"ttl":60},{"host":"made.wild.example.","preference":3,"ttl":60}]}""");
        var reply = _zones.Ask("mx.example MX");
        Assert.Equal(3, reply.Answer.Count);
        Assert.Equal(["www.example. 60 A 192.0.2.1", "www.example. 60 A 192.0.2.2", "www.example. 300 AAAA 2001:db8::1"], reply.Additional);
        Assert.Equal("www.example. 60 A 192.0.2.1", _zones.Ask("_sip._tcp.example SRV").Additional[0]);
    }

    [Theory]
    [Trait("adv", "D19")]
    [InlineData("elsewhere.test A")]
    [InlineData("evilexample A")]
    [InlineData(". NS")]
    [InlineData("test SOA")]
    public void What_is_not_ours_is_refused(string question)
    {
        var reply = _zones.Ask(question);
        Assert.Equal(Refused, reply.Rcode);
        Assert.False(reply.Authoritative);
        Assert.Empty(reply.Authority);
        Assert.Equal([0, 20], reply.Option(15));
    }

    [Fact]
    public void ANY_gets_one_small_record()
    {
        Assert.Equal(["www.example. 60 HINFO RFC8482|"], _zones.Ask("www.example ANY").Answer);
        Assert.Equal(["alias.example. 60 CNAME www.example."], _zones.Ask("alias.example ANY").Answer);
        Assert.Equal([Soa], _zones.Ask("ent.example ANY").Authority);
        Assert.Equal(NxDomain, _zones.Ask("missing.example ANY").Rcode);
    }

    [Fact]
    [Trait("adv", "D8")]
    public void Capitals_come_back_as_they_were_sent()
    {
        var reply = _zones.Ask("wWw.ExAmPlE A");
        Assert.Equal("wWw.ExAmPlE.", reply.Question);
        Assert.Equal("wWw.ExAmPlE. 60 A 192.0.2.1", reply.Answer[0]);
    }

    [Fact]
    [Trait("adv", "D8")]
    public void Any_octet_may_stand_in_a_label()
    {
        _zones.Put("example", @"a\.b\000", """{"a":[{"ip":"192.0.2.8"}]}""");
        byte[] name = [4, (byte)'a', (byte)'.', (byte)'B', 0, 7, .. "example"u8, 0];
        var reply = Reply.Read(_zones.AskRaw([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name, 0, 1, 0, 1]));
        Assert.Equal(NoError, reply.Rcode);
        Assert.Single(reply.Answer);
    }

    [Fact]
    public void The_longest_zone_answers()
    {
        _zones.With("deep.example", ("@", """{"a":[{"ip":"192.0.2.5"}]}"""));
        Assert.Equal(["deep.example. 300 A 192.0.2.5"], _zones.Ask("deep.example A").Answer);
        Assert.StartsWith("deep.example. 10 SOA", Assert.Single(_zones.Ask("x.deep.example A").Authority), StringComparison.Ordinal);
    }
}

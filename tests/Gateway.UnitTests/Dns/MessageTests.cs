using Gateway.Dns;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Xunit;

namespace Gateway.UnitTests.Dns;

public sealed class MessageTests
{
    private const int FormErr = 1, NotImp = 4, Refused = 5, BadVers = 16;

    private readonly TestZones _zones = new TestZones().With(
        "example",
        ("www", """{"a":[{"ip":"192.0.2.1","ttl":60}]}"""),
        ("big", $$"""{"txt":[{{string.Join(',', Enumerable.Range(0, 20).Select(i => $$"""{"text":"{{new string((char)('a' + i), 100)}}"}"""))}}]}"""),
        ("huge", $$"""{"txt":[{{string.Join(',', Enumerable.Range(0, 250).Select(i => $$"""{"text":"{{i}}{{new string('x', 235)}}"}"""))}}]}"""));

    [Fact]
    [Trait("adv", "D1")]
    public void Nothing_answers_a_response_or_a_fragment()
    {
        Assert.Empty(_zones.AskRaw((Query.Of("www.example A") with { Flags = 0x8100 }).ToBytes()));
        Assert.Empty(_zones.AskRaw([]));
        Assert.Empty(_zones.AskRaw(new byte[11]));
    }

    [Theory]
    [Trait("adv", "D5")]
    [InlineData("C00C")]
    [InlineData("0377777703C00C")]
    [InlineData("4161")]
    [InlineData("3F61")]
    [InlineData("80")]
    public void A_question_whose_name_is_no_plain_name_is_malformed(string name)
    {
        var reply = Reply.Read(_zones.AskRaw([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Convert.FromHexString(name), 0, 1, 0, 1]));
        Assert.Equal(FormErr, reply.Rcode);
        Assert.Equal("", reply.Question);
    }

    [Fact]
    [Trait("adv", "D5")]
    public void A_name_of_more_than_255_octets_is_malformed()
    {
        var name = string.Concat(Enumerable.Repeat("a.", 127));
        Assert.Equal(Refused, _zones.Ask(Query.Of($"{name} A")).Rcode);
        Assert.Equal(FormErr, _zones.Ask(Query.Of($"{name}a A")).Rcode);
    }

    [Theory]
    [Trait("adv", "D7")]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    public void Exactly_one_question_is_answered(int questions) =>
        Assert.Equal(FormErr, _zones.Ask(Query.Of("www.example A") with { Questions = questions }).Rcode);

    [Theory]
    [Trait("adv", "D7")]
    [InlineData(1, NotImp)]
    [InlineData(2, NotImp)]
    [InlineData(3, NotImp)]
    [InlineData(4, NotImp)]
    [InlineData(5, Refused)]
    [InlineData(6, NotImp)]
    [InlineData(15, NotImp)]
    public void Only_queries_are_known_here(int opcode, int rcode)
    {
        var reply = _zones.Ask(Query.Of("example SOA") with { Flags = (ushort)(opcode << 11) });
        Assert.Equal(rcode, reply.Rcode);
        Assert.Equal(opcode, (reply.Flags >> 11) & 15);
        Assert.Empty(reply.Answer);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(255)]
    [InlineData(0)]
    public void Another_class_is_refused(ushort @class) =>
        Assert.Equal(Refused, _zones.Ask(Query.Of("www.example A") with { Class = @class }).Rcode);

    [Theory]
    [Trait("adv", "D15")]
    [InlineData("example AXFR", Refused)]
    [InlineData("example 249", NotImp)]
    [InlineData("example 250", FormErr)]
    [InlineData("example 41", FormErr)]
    [InlineData("example 253", NotImp)]
    public void Types_that_are_no_data_are_not_looked_up(string question, int rcode) =>
        Assert.Equal(rcode, _zones.Ask(Query.Of(question)).Rcode);

    [Fact]
    [Trait("adv", "D15")]
    public void IXFR_with_its_SOA_is_refused_and_not_malformed()
    {
        byte[] soa = [0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, .. new byte[20]];
        Assert.Equal(Refused, _zones.Ask(Query.Of("example IXFR") with { Rest = (soa, 0, 1, 0) }, tcp: true).Rcode);
        Assert.Equal(FormErr, _zones.Ask(Query.Of("example A") with { Rest = (soa, 0, 1, 0) }).Rcode);
        Assert.Equal(FormErr, _zones.Ask(Query.Of("example A") with { Rest = (soa, 1, 0, 0) }).Rcode);
    }

    [Theory]
    [Trait("adv", "D5")]
    [InlineData("0000010001000000000004C0")]
    [InlineData("C00C0001000100000000FFFF")]
    [InlineData("C0")]
    [InlineData("00")]
    public void A_record_that_is_cut_off_makes_the_query_malformed(string record) =>
        Assert.Equal(FormErr, _zones.Ask(Query.Of("www.example A") with { Rest = (Convert.FromHexString(record), 0, 0, 1) }).Rcode);

    [Fact]
    public void Octets_after_the_last_record_make_the_query_malformed() =>
        Assert.Equal(FormErr, _zones.Ask(Query.Of("www.example A") with { Rest = ([0], 0, 0, 0) }).Rcode);

    [Fact]
    public void RD_and_CD_come_back_and_RA_and_AD_never()
    {
        var reply = _zones.Ask(Query.Of("www.example A") with { Flags = 0x01F0 });
        Assert.Equal(0x8510, reply.Flags);
        Assert.Equal(0x8400, _zones.Ask(Query.Of("www.example A") with { Flags = 0 }).Flags);
    }

    [Fact]
    [Trait("adv", "D6")]
    public void EDNS_is_answered_with_our_own_OPT_and_no_echo()
    {
        var reply = _zones.Ask(Query.Of("www.example A").WithOpt(4096, dnssecOk: true, options: [.. Query.Option(8, 0, 1, 24, 0, 192, 0, 2), .. Query.Option(65001, 1, 2, 3)]));
        Assert.Equal(0, reply.Rcode);
        Assert.Equal(1232, reply.OptSize);
        Assert.Equal([0, 0, 0x80, 0], reply.Opt!);
        Assert.Null(_zones.Ask(Query.Of("www.example A")).Opt);
    }

    [Fact]
    [Trait("adv", "D6")]
    public void Another_EDNS_version_is_told_that_ours_is_0()
    {
        var reply = _zones.Ask(Query.Of("www.example A").WithOpt(version: 1, options: [1, 2, 3]));
        Assert.Equal(BadVers, reply.Rcode);
        Assert.Equal(0, reply.Opt![1]);
        Assert.Empty(reply.Answer);
    }

    [Fact]
    [Trait("adv", "D6")]
    public void Two_OPT_records_or_broken_options_are_malformed()
    {
        Assert.Equal(FormErr, _zones.Ask(Query.Of("www.example A").WithOpt().WithOpt()).Rcode);
        Assert.Equal(FormErr, _zones.Ask(Query.Of("www.example A").WithOpt(options: [0, 8, 0, 9, 1])).Rcode);
        Assert.Equal(FormErr, _zones.Ask(Query.Of("www.example A").WithOpt(options: [0])).Rcode);
        byte[] owned = [1, (byte)'x', 0, 0, 41, 4, 0xD0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(FormErr, _zones.Ask(Query.Of("www.example A") with { Rest = (owned, 0, 0, 1) }).Rcode);
    }

    [Fact]
    [Trait("adv", "D6")]
    public void Long_options_and_tiny_sizes_do_no_harm()
    {
        Assert.Equal(0, _zones.Ask(Query.Of("www.example A").WithOpt(0, options: Query.Option(65001, new byte[3900]))).Rcode);
        var reply = _zones.Ask(Query.Of("big.example TXT").WithOpt(0));
        Assert.True(reply.Truncated);
        Assert.InRange(reply.Length, 12, 512);
    }

    [Theory]
    [Trait("adv", "D16")]
    [InlineData(null)]
    [InlineData(512)]
    [InlineData(1232)]
    [InlineData(65535)]
    public void What_does_not_fit_by_UDP_is_truncated_whole_and_comes_by_TCP(int? size)
    {
        var query = size is { } octets ? Query.Of("big.example TXT").WithOpt(octets) : Query.Of("big.example TXT");
        var reply = _zones.Ask(query);
        Assert.True(reply.Truncated);
        Assert.Empty(reply.Answer);
        Assert.Equal(size is not null, reply.Opt is not null);
        Assert.Equal(20, _zones.Ask(query, tcp: true).Answer.Count);
    }

    [Fact]
    [Trait("adv", "D16")]
    public void A_record_set_that_nearly_fills_a_message_comes_by_TCP()
    {
        var reply = _zones.Ask(Query.Of("huge.example TXT").WithOpt(), tcp: true);
        Assert.Equal(250, reply.Answer.Count);
        Assert.InRange(reply.Length, 60_000, 65_535);
    }

    [Fact]
    public void A_referral_without_room_for_its_glue_is_truncated()
    {
        for (var i = 0; i < 13; i++)
            _zones.Put("example", $"a-rather-long-name-of-a-server-{i}.sub", """{"a":[{"ip":"192.0.2.1"}],"aaaa":[{"ip":"2001:db8::1"}]}""");
        _zones.Put("example", "sub", $$"""{"ns":[{{string.Join(',', Enumerable.Range(0, 13).Select(i => $$"""{"host":"a-rather-long-name-of-a-server-{{i}}.sub.example."}"""))}}]}""");
        Assert.True(_zones.Ask(Query.Of("x.sub.example A").WithOpt()).Truncated);
        Assert.Equal(26, _zones.Ask(Query.Of("x.sub.example A"), tcp: true).Additional.Count);
    }

    [Fact]
    public void Additional_addresses_never_make_an_answer_too_long()
    {
        var hosts = string.Join(',', Enumerable.Range(0, 13).Select(i => $$"""{"host":"a-rather-long-name-of-a-mail-exchanger-{{i}}.example.","preference":1}"""));
        for (var i = 0; i < 13; i++)
            _zones.Put("example", $"a-rather-long-name-of-a-mail-exchanger-{i}", """{"aaaa":[{"ip":"2001:db8::1"},{"ip":"2001:db8::2"}]}""");
        _zones.Put("example", "mx", $$"""{"mx":[{{hosts}}]}""");
        var reply = _zones.Ask("mx.example MX");
        Assert.False(reply.Truncated);
        Assert.Equal(13, reply.Answer.Count);
        Assert.InRange(reply.Additional.Count, 2, 24);
        Assert.InRange(reply.Length, 12, 1232);
    }

    [Fact]
    public void Who_we_are_is_told_to_those_who_ask()
    {
        var zones = new TestZones { Responder = new Responder(new ResponderOptions { Nsid = "gw1"u8.ToArray() }) }.With("example");
        Assert.Equal("gw1"u8.ToArray(), zones.Ask(Query.Of("example SOA").WithOpt(options: Query.Option(3))).Option(3));
        Assert.Null(zones.Ask("example SOA").Option(3));
        Assert.Null(_zones.Ask(Query.Of("example SOA").WithOpt(options: Query.Option(3))).Option(3));
    }

    [Fact]
    public void Answering_allocates_nothing()
    {
        var queries = new[] { "www.example A", "missing.example A", "x.big.example A", "elsewhere.test A", "www.example ANY", "example NS" }
            .Select(question => Query.Of(question).WithOpt(options: Query.Option(10, 1, 2, 3, 4, 5, 6, 7, 8)).ToBytes()).ToArray();
        var responder = new Responder(new ResponderOptions { Cookies = new Cookies(new byte[16], null) });
        var limit = new RateLimit(100, 2, []);
        var response = new byte[4096];
        var answered = 0;
        for (var round = 0; round < 200; round++) AnswerAll();
        // The runtime may allocate once on this thread when it replaces code; what a query allocates shows in every block.
        var least = Enumerable.Range(0, 5).Min(_ => AllocatedBy(1000));
        Assert.Equal(0, least);
        Assert.Equal(5200 * queries.Length, answered);

        long AllocatedBy(int rounds)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var round = 0; round < rounds; round++) AnswerAll();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void AnswerAll()
        {
            foreach (var query in queries)
            {
                var client = new Client([192, 0, 2, 1], false, 1);
                answered += responder.Respond(query, response, _zones.Zones, client, out var verdict) > 0 ? 1 : 0;
                limit.Admit(client.Address, verdict, 1);
            }
        }
    }

    [Fact]
    public void Letters_are_folded_and_nothing_else()
    {
        var all = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var lower = new byte[256];
        Octets.CopyLower(all, lower);
        Assert.Equal(all.Select(octet => octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet + 32) : octet), lower);
    }

    [Fact]
    public void A_zone_is_told_from_one_whose_name_only_ends_alike()
    {
        var zones = new TestZones().With("b.test").With("a.b.test").With("test");
        Assert.Equal(3, zones.Zones.Count);
        Assert.StartsWith("a.b.test.", zones.Ask("x.a.b.test A").Authority[0], StringComparison.Ordinal);
        Assert.StartsWith("b.test.", zones.Ask("xa.b.test A").Authority[0], StringComparison.Ordinal);
        Assert.StartsWith("test.", zones.Ask("ab.test A").Authority[0], StringComparison.Ordinal);
        Assert.IsType<Zone>(zones.Zones[Gateway.Model.DomainName.Parse("A.B.Test")]);
    }
}

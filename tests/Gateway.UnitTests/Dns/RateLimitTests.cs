using System.Net;
using Gateway.Dns;
using Gateway.Dns.Wire;
using Xunit;

namespace Gateway.UnitTests.Dns;

public sealed class RateLimitTests
{
    private static readonly Verdict Good = new(Rcode.NoError, null, false);
    private static readonly Verdict Denied = new(Rcode.NxDomain, null, false);

    private readonly RateLimit _limit = new(perSecond: 100, slip: 2, [IPNetwork.Parse("198.51.100.128/25")]);

    [Fact]
    [Trait("adv", "D2")]
    public void One_network_gets_a_seconds_answers_at_once_and_then_the_rate()
    {
        Assert.Equal(100, Admitted(10_000, [192, 0, 2, 1], Good, now: 5_000));
        Assert.Equal(0, Admitted(1_000, [192, 0, 2, 200], Good, now: 5_009));
        Assert.Equal(1, Admitted(1_000, [192, 0, 2, 1], Good, now: 5_010));
        Assert.Equal(50, Admitted(1_000, [192, 0, 2, 1], Good, now: 5_510));
        Assert.Equal(100, Admitted(1_000, [192, 0, 2, 1], Good, now: 99_000));
    }

    [Fact]
    [Trait("adv", "D2")]
    public void Every_second_answer_over_the_limit_slips()
    {
        Admitted(100, [192, 0, 2, 1], Good, now: 5_000);
        var over = Enumerable.Range(0, 1_000).Select(_ => _limit.Admit([192, 0, 2, 1], Good, 5_000)).ToList();
        Assert.Equal(500, over.Count(admission => admission == Admission.Slip));
        Assert.Equal(500, over.Count(admission => admission == Admission.Drop));
    }

    [Fact]
    [Trait("adv", "D3")]
    public void A_flood_of_denials_leaves_the_answers_alone()
    {
        Admitted(1_000, [192, 0, 2, 1], Denied, now: 5_000);
        Assert.Equal(100, Admitted(1_000, [192, 0, 2, 1], Good, now: 5_000));
    }

    [Fact]
    public void Networks_are_counted_apart()
    {
        Admitted(1_000, [192, 0, 2, 1], Good, now: 5_000);
        Assert.Equal(100, Admitted(1_000, [192, 0, 3, 1], Good, now: 5_000));
        byte[] six = [0x20, 1, 0xD, 0xB8, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1], neighbour = [.. six], stranger = [.. six];
        (neighbour[7], stranger[6]) = (0xFF, 2);
        Admitted(1_000, six, Good, now: 5_000);
        Assert.Equal(0, Admitted(1_000, neighbour, Good, now: 5_000));
        Assert.Equal(100, Admitted(1_000, stranger, Good, now: 5_000));
    }

    [Fact]
    public void An_exempt_network_is_never_limited_and_its_neighbour_is()
    {
        Assert.Equal(1_000, Admitted(1_000, [198, 51, 100, 129], Good, now: 5_000));
        Assert.InRange(Admitted(1_000, [198, 51, 100, 127], Good, now: 5_000), 0, 100);
    }

    [Fact]
    [Trait("adv", "D2")]
    public void A_slipped_response_is_the_question_with_TC_alone()
    {
        var zones = new TestZones().With("example", ("www", """{"a":[{"ip":"192.0.2.1"}]}"""));
        var whole = zones.AskRaw(Query.Of("www.example A").WithOpt().ToBytes());
        var slipped = Reply.Read(whole.AsSpan(0, Responder.Slip(whole, whole.Length)));
        Assert.True(slipped.Truncated);
        Assert.Equal("www.example.", slipped.Question);
        Assert.Empty(slipped.Answer);
        var empty = zones.AskRaw([0, 1, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        Assert.Equal(12, Responder.Slip(empty, empty.Length));
    }

    [Fact]
    [Trait("adv", "D2")]
    public void A_slipped_response_keeps_the_OPT_record_and_so_gives_the_cookie_that_frees_the_client()
    {
        var zones = new TestZones { Responder = new Responder(new ResponderOptions { Cookies = new Cookies(new byte[16], null) }) }.With("example", ("sub", """{"ns":[{"host":"ns.sub.example."}]}"""), ("ns.sub", """{"a":[{"ip":"192.0.2.1"}]}"""));
        foreach (var question in new[] { "www.sub.example A", "missing.example A", "example SOA", "elsewhere.test A" })
        {
            var whole = zones.AskRaw(Query.Of(question).WithOpt(options: Query.Option(10, 1, 2, 3, 4, 5, 6, 7, 8)).ToBytes());
            var cookie = Reply.Read(whole).Option(10);
            var slipped = Reply.Read(whole.AsSpan(0, Responder.Slip(whole, whole.Length)));
            Assert.True(slipped.Truncated);
            Assert.Empty(slipped.Answer.Concat(slipped.Authority).Concat(slipped.Additional));
            Assert.Equal(24, cookie!.Length);
            Assert.Equal(cookie, slipped.Option(10));
            Assert.NotEqual(3, slipped.Rcode);
        }
    }

    /// <summary>A table without owners would hold back half of these: the flood meets every bucket.</summary>
    [Fact]
    [Trait("adv", "D2")]
    public void A_flood_of_many_networks_holds_back_no_network_that_did_not_send_it()
    {
        for (var i = 0; i < 1 << 17; i++)
            Admitted(120, [(byte)(i >> 16), (byte)(i >> 8), (byte)i, 1], Good, now: 5_000);
        var heldBack = Enumerable.Range(0, 5_000).Count(i => _limit.Admit([100, (byte)(i >> 8), (byte)i, 1], Good, 5_000) != Admission.Answer);
        // One of 2^15 pairs of tags is equal by chance.
        Assert.InRange(heldBack, 0, 5);
    }

    [Fact]
    [Trait("adv", "D2")]
    public void A_network_over_its_limit_stays_held_back_while_others_ask_too()
    {
        Admitted(100, [192, 0, 2, 1], Good, now: 5_000);
        for (var i = 0; i < 1_000; i++) _limit.Admit([10, (byte)(i >> 8), (byte)i, 1], Good, 5_000);
        Assert.InRange(Admitted(1_000, [192, 0, 2, 1], Good, now: 5_000), 0, 200);
    }

    /// <summary>Amplification is at most threefold, whatever is asked, because what goes out is bounded by the rate.</summary>
    [Fact]
    [Trait("adv", "D2")]
    public void A_reflected_flood_gives_its_victim_less_than_three_times_what_was_sent()
    {
        var zones = new TestZones().With("example", ("big", $$"""{"txt":[{{string.Join(',', Enumerable.Range(0, 10).Select(i => $$"""{"text":"{{i}}{{new string('x', 90)}}"}"""))}}]}"""));
        var query = Query.Of("big.example TXT").WithOpt().ToBytes();
        var response = new byte[1_232];
        long sent = 0, reflected = 0;
        for (var i = 0; i < 50_000; i++)
        {
            var length = zones.Responder.Respond(query, response, zones.Zones, new Client([192, 0, 2, 1], false, 1), out var verdict);
            sent += query.Length;
            reflected += _limit.Admit([192, 0, 2, 1], verdict, 5_000 + (i / 50)) switch
            {
                Admission.Answer => length,
                Admission.Slip => Responder.Slip(response, length),
                _ => 0,
            };
        }

        Assert.InRange((double)reflected / sent, 0.1, 3);
    }

    private int Admitted(int asked, byte[] address, Verdict verdict, long now) =>
        Enumerable.Range(0, asked).Count(_ => _limit.Admit(address, verdict, now) == Admission.Answer);
}

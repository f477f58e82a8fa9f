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

    private int Admitted(int asked, byte[] address, Verdict verdict, long now) =>
        Enumerable.Range(0, asked).Count(_ => _limit.Admit(address, verdict, now) == Admission.Answer);
}

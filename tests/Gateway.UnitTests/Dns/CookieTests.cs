using System.Net;
using Gateway.Dns;
using Xunit;

namespace Gateway.UnitTests.Dns;

public sealed class CookieTests
{
    private static readonly byte[] Secret = Convert.FromHexString("e5e973e5a6b2a43f48e7dc849e37bfcf");
    private static readonly byte[] Next = Convert.FromHexString("dd3bdf9344b678b185a6f5cb60fca715");
    private static readonly byte[] Later = Convert.FromHexString("445536bcd2513298075a5d379663c962");

    /// <summary>The examples of RFC 9018, appendix A.</summary>
    [Theory]
    [Trait("adv", "D17")]
    [InlineData("2464c4abcf10c957", "198.51.100.100", 1559731985, "2464c4abcf10c957010000005cf79f111f8130c3eee29480")]
    [InlineData("2464c4abcf10c957010000005cf79f111f8130c3eee29480", "198.51.100.100", 1559734385, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77")]
    public void Cookies_are_those_of_the_RFC(string presented, string client, uint now, string renewed) =>
        Assert.Equal(renewed, Renew(new Cookies(Secret, null), presented, client, now).Cookie);

    [Fact]
    [Trait("adv", "D17")]
    public void Reserved_octets_may_hold_anything_as_in_appendix_A_3() =>
        Assert.True(Renew(new Cookies(Secret, null), "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "203.0.113.203", 1559727995).Valid);

    [Fact]
    [Trait("adv", "D17")]
    public void A_cookie_with_any_bit_changed_proves_nothing()
    {
        for (var bit = 0; bit < 8 * Cookies.Length; bit++)
        {
            var forged = Convert.FromHexString("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Renew(new Cookies(Secret, null), Convert.ToHexString(forged), "198.51.100.100", 1559731985).Valid);
        }
    }

    /// <summary>The vectors that the authors publish with the paper: the key 00 … 0f, the messages 00, 00 01, and so on.</summary>
    [Theory]
    [InlineData(0, "310e0edd47db6f72")]
    [InlineData(1, "fd67dc93c539f874")]
    [InlineData(7, "37d1018bf50002ab")]
    [InlineData(8, "6224939a79f5f593")]
    [InlineData(9, "b0e4a90bdf82009e")]
    [InlineData(15, "e545be4961ca29a1")]
    public void SipHash_agrees_with_its_authors(int length, string expected)
    {
        byte[] counting = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        Assert.Equal(expected, Convert.ToHexStringLower(BitConverter.GetBytes(SipHash.Compute(counting, counting.AsSpan(0, length)))));
    }

    [Fact]
    [Trait("adv", "D17")]
    public void Cookies_of_a_secret_that_was_changed_are_accepted_until_the_next_change()
    {
        var cookies = new Cookies(Secret, null);
        const string client = "198.51.100.100";
        const uint now = 1559731985;
        var given = Renew(cookies, "2464c4abcf10c957", client, now).Cookie;
        cookies.Rotate(Next);
        var (valid, renewed) = Renew(cookies, given, client, now + 1);
        Assert.True(valid);
        Assert.NotEqual(given, renewed);
        Assert.True(Renew(cookies, renewed, client, now + 2).Valid);
        cookies.Rotate(Later);
        Assert.False(Renew(cookies, given, client, now + 3).Valid);
        Assert.True(Renew(cookies, renewed, client, now + 3).Valid);
    }

    [Fact]
    [Trait("adv", "D17")]
    public void A_secret_that_rolls_over_is_accepted_and_replaced()
    {
        var old = Renew(new Cookies(Next, null), "22681ab97d52c298", "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741817).Cookie;
        var (valid, renewed) = Renew(new Cookies(Later, Next), old, "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961);
        Assert.True(valid);
        Assert.NotEqual(old, renewed);
        Assert.Equal("22681ab97d52c298010000005cf7c609a6bb79d16625507a", renewed);
    }

    [Theory]
    [Trait("adv", "D17")]
    [InlineData("198.51.100.101", 1559731985, false)]
    [InlineData("198.51.100.100", 1559731985, true)]
    [InlineData("198.51.100.100", 1559731985 + 1799, true)]
    [InlineData("198.51.100.100", 1559731985 + 3600, true)]
    [InlineData("198.51.100.100", 1559731985 + 3601, false)]
    [InlineData("198.51.100.100", 1559731985 - 300, true)]
    [InlineData("198.51.100.100", 1559731985 - 301, false)]
    public void A_cookie_proves_its_own_address_for_an_hour(string client, uint now, bool valid) =>
        Assert.Equal(valid, Renew(new Cookies(Secret, null), "2464c4abcf10c957010000005cf79f111f8130c3eee29480", client, now).Valid);

    [Fact]
    [Trait("adv", "D17")]
    public void A_forged_cookie_is_answered_with_a_good_one()
    {
        var zones = new TestZones { Responder = new Responder(new ResponderOptions { Cookies = new Cookies(Secret, null) }) }.With("example");
        var forged = Query.Option(10, [1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 0, 0, .. new byte[12]]);
        var given = zones.Ask(Query.Of("example SOA").WithOpt(options: forged)).Option(10)!;
        Assert.Equal(24, given.Length);
        Assert.Equal(given, zones.Ask(Query.Of("example SOA").WithOpt(options: Query.Option(10, given))).Option(10));
        Assert.Null(zones.Ask("example SOA").Option(10));
    }

    [Fact]
    [Trait("adv", "D17")]
    public void BADCOOKIE_is_said_only_when_configured_and_only_to_clients_that_know_cookies()
    {
        var responder = new Responder(new ResponderOptions { Cookies = new Cookies(Secret, null), RequiresCookies = true });
        var zones = new TestZones { Responder = responder }.With("example");
        var refused = zones.Ask(Query.Of("example SOA").WithOpt(options: Query.Option(10, 1, 2, 3, 4, 5, 6, 7, 8)));
        Assert.Equal((23, 0), (refused.Rcode, refused.Answer.Count));
        var answered = zones.Ask(Query.Of("example SOA").WithOpt(options: Query.Option(10, refused.Option(10)!)));
        Assert.Equal((0, 1), (answered.Rcode, answered.Answer.Count));
        Assert.Equal(0, zones.Ask("example SOA").Rcode);
    }

    [Theory]
    [Trait("adv", "D6")]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(15)]
    [InlineData(41)]
    public void A_cookie_of_a_forbidden_length_is_malformed(int length)
    {
        var zones = new TestZones { Responder = new Responder(new ResponderOptions { Cookies = new Cookies(Secret, null) }) }.With("example");
        Assert.Equal(1, zones.Ask(Query.Of("example SOA").WithOpt(options: Query.Option(10, new byte[length]))).Rcode);
    }

    [Fact]
    [Trait("adv", "D6")]
    public void A_question_is_not_needed_to_get_a_cookie()
    {
        var zones = new TestZones { Responder = new Responder(new ResponderOptions { Cookies = new Cookies(Secret, null) }) }.With("example");
        var query = Query.Of("example SOA").WithOpt(options: Query.Option(10, 1, 2, 3, 4, 5, 6, 7, 8)) with { Questions = 0 };
        var reply = zones.Ask(query);
        Assert.Equal(0, reply.Rcode);
        Assert.Equal(24, reply.Option(10)!.Length);
    }

    private static (bool Valid, string Cookie) Renew(Cookies cookies, string presented, string client, uint now)
    {
        var renewed = new byte[Cookies.Length];
        var valid = cookies.Renew(Convert.FromHexString(presented), new Client(IPAddress.Parse(client).GetAddressBytes(), false, now), renewed);
        return (valid, Convert.ToHexStringLower(renewed));
    }
}

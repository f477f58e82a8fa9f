using System.Text;
using System.Text.Json;
using Gateway.Model;
using Gateway.Model.Routes;
using Xunit;

namespace Gateway.UnitTests.Model;

public sealed class RedisSchemaServicesTests
{
    private static readonly JsonElement File = Vectors.Read("valkeyrie-service.json");
    private static readonly DomainName Host = DomainName.Parse("www.user7.org");

    public static TheoryData<string> Written => [.. File.GetProperty("written_by_tfgateway").EnumerateArray().Select(it => it.GetRawText())];

    public static TheoryData<string> Readable => [.. File.GetProperty("must_be_readable").EnumerateArray().Select(it => it.GetRawText())];

    public static TheoryData<string> Unreadable => [.. File.GetProperty("must_be_treated_as_not_found").EnumerateArray().Select(it => it.GetString()!)];

    [Theory, MemberData(nameof(Written))]
    public void A_route_is_written_byte_for_byte_as_the_old_gateway_wrote_it(string vector)
    {
        var entry = JsonDocument.Parse(vector).RootElement;
        var key = entry.GetProperty("redis_key").GetString()!;
        var value = entry.GetProperty("value_utf8").GetString()!;
        Assert.True(RedisSchema.TryReadServiceKey(key, out var host));
        Assert.True(RedisSchema.TryDecodeService(host, Encoding.UTF8.GetBytes(value), out var route, out var fault), fault);
        Assert.Equal((key, value), RedisSchema.EncodeService(route));
    }

    [Theory, MemberData(nameof(Readable))]
    public void A_value_of_another_writer_is_read(string vector)
    {
        var entry = JsonDocument.Parse(vector).RootElement;
        var expect = entry.GetProperty("expect");
        Assert.True(Decode(entry.GetProperty("value_utf8").GetString()!, out var route, out var fault), fault);
        var dial = Assert.IsType<Target.Dial>(route!.Target);
        Assert.Equal(expect.GetProperty("addr").GetString(), dial.Address);
        Assert.Equal(expect.GetProperty("httpport").GetInt32(), dial.HttpPort);
        Assert.Equal(expect.GetProperty("tlsport").GetInt32(), dial.TlsPort);
        Assert.Equal(expect.GetProperty("user").GetString(), route.User);
    }

    [Theory, MemberData(nameof(Unreadable))]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"Key":"k","Value":7}""")]
    [InlineData("""{"Key":"k","Value":"\ud800"}""")]
    public void What_is_no_route_is_refused_with_a_reason(string value)
    {
        Assert.False(Decode(value, out _, out var fault));
        Assert.NotEmpty(fault);
    }

    [Theory]
    [InlineData("""{"addr":"","clientsecret":"","tlsport":1,"httpport":1}""")]
    [InlineData("""{"addr":7}""")]
    [InlineData("""{"addr":"192.0.2.1","tlsport":"443"}""")]
    [InlineData("""{"addr":"192.0.2.1","tlsport":-1}""")]
    [InlineData("""{"addr":"192.0.2.1","httpport":65536}""")]
    [InlineData("""{"addr":"192.0.2.1","httpport":1.5}""")]
    [InlineData("""{"addr":"192.0.2.1"} x""")]
    [InlineData("""{"clientsecret":"7:hush","user":7}""")]
    [InlineData("null")]
    public void An_inner_value_without_a_target_is_refused_and_tells_no_secret(string inner)
    {
        Assert.False(Decode(Wrap(inner), out _, out var fault));
        Assert.NotEmpty(fault);
        Assert.DoesNotContain("hush", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_wins_over_an_address_and_nulls_are_absent()
    {
        Assert.True(Decode(Wrap("""{"ADDR":"192.0.2.1","clientSecret":"7:s","user":null,"later":[{}]}"""), out var route, out _));
        Assert.Equal(new Route(Host, new Target.Tunnel(new Secret("7:s")), ""), route);
    }

    [Theory]
    [InlineData("/tcprouter/service/WWW.User7.org.", "www.user7.org")]
    [InlineData("tcprouter/service/a.gw.example.com", "a.gw.example.com")]
    [InlineData("/tcprouter/service/*.user7.org", "*.user7.org")]
    [InlineData("/tcprouter/service/*", "*")]
    public void A_key_names_its_host_in_both_spellings(string key, string host)
    {
        Assert.True(RedisSchema.TryReadServiceKey(key, out var name));
        Assert.Equal(DomainName.Parse(host), name);
    }

    [Theory]
    [InlineData("//tcprouter/service/a.b")]
    [InlineData("/tcprouter/services/a.b")]
    [InlineData("/tcprouter/service/")]
    [InlineData("/tcprouter/service/.")]
    [InlineData("/tcprouter/service/a b")]
    [InlineData("zone")]
    public void Other_keys_are_no_routes(string key) => Assert.False(RedisSchema.TryReadServiceKey(key, out _));

    [Fact]
    public void Whatever_a_secret_holds_comes_back_as_it_was()
    {
        var secret = "7:\u0000\u0001\b\f\n\r\t\"\\/<&>\u2028\u2029\u007fé😀";
        var (_, value) = RedisSchema.EncodeService(new Route(Host, new Target.Tunnel(new Secret(secret)), "7"));
        Assert.True(Decode(value, out var route, out var fault), fault);
        Assert.Equal(secret, Assert.IsType<Target.Tunnel>(route!.Target).Secret.Reveal());
    }

    [Fact]
    public void Later_members_follow_the_old_ones_and_come_back()
    {
        var route = new Route(Host, new Target.Dial("198.51.100.7", 80, 443) { More = new EquatableList<string>(["198.51.100.8", "b.example"]) }, "7")
        {
            Rules = new RouteRules { ProxyProtocol = 2, RedirectToHttps = true, IdleSeconds = 60, StallSeconds = 90, HealthCheck = "/up?x=1", HealthSeconds = 3 },
        };
        var (_, value) = RedisSchema.EncodeService(route);
        Assert.True(Decode(value, out var read, out var fault), fault);
        Assert.Equal(route, read);
        using var outer = JsonDocument.Parse(value);
        Assert.Equal(
            """{"addr":"198.51.100.7","clientsecret":"","tlsport":443,"httpport":80,"user":"7","upstreams":["198.51.100.8","b.example"],"proxyprotocol":2,"httpsredirect":true,"idleseconds":60,"stallseconds":90,"healthcheck":"/up?x=1","healthseconds":3}""",
            Encoding.UTF8.GetString(outer.RootElement.GetProperty("Value").GetBytesFromBase64()));
    }

    [Theory]
    [InlineData("""{"addr":"192.0.2.1","upstreams":"192.0.2.2"}""")]
    [InlineData("""{"addr":"192.0.2.1","upstreams":[1]}""")]
    [InlineData("""{"addr":"192.0.2.1","upstreams":[""]}""")]
    [InlineData("""{"addr":"192.0.2.1","proxyprotocol":3}""")]
    [InlineData("""{"addr":"192.0.2.1","httpsredirect":"yes"}""")]
    [InlineData("""{"addr":"192.0.2.1","idleseconds":-1}""")]
    [InlineData("""{"addr":"192.0.2.1","stallseconds":604801}""")]
    [InlineData("""{"addr":"192.0.2.1","healthcheck":"ping"}""")]
    [InlineData("""{"addr":"192.0.2.1","healthcheck":"/a\r\nHost: b"}""")]
    [InlineData("""{"addr":"192.0.2.1","healthcheck":"/ HTTP/1.1"}""")]
    [InlineData("""{"addr":"192.0.2.1","healthseconds":0}""")]
    public void A_later_member_of_a_wrong_type_or_range_is_refused(string inner) => Assert.False(Decode(Wrap(inner), out _, out _));

    private static bool Decode(string value, out Route? route, out string fault) =>
        RedisSchema.TryDecodeService(Host, Encoding.UTF8.GetBytes(value), out route, out fault);

    private static string Wrap(string inner) =>
        $$"""{"Key":"x","Value":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(inner))}}"}""";
}

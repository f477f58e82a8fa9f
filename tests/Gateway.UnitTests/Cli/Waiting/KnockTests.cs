using System.Net;
using System.Text;
using Gateway.Cli.Waiting;
using Gateway.Model;
using Gateway.Router.Http;
using Gateway.Router.Sniff;
using Xunit;

namespace Gateway.UnitTests.Cli.Waiting;

/// <summary>What a visitor is told, and what <c>--wait</c> makes of it: by the very pages and alerts that the router sends.</summary>
public sealed class KnockTests
{
    private static readonly DomainName Host = DomainName.Parse("www.example.org");
    private static readonly IPEndPoint At = new(IPAddress.Loopback, 443);

    /// <summary>Every refusal of the router that is about a route.</summary>
    public static TheoryData<int, string, string> Refusals => new(
        new[] { Refusal.UnknownHost, Refusal.Frozen, Refusal.NoTunnel, Refusal.BadUpstream, Refusal.SlowUpstream, Refusal.Loop }
            .Select(it => (it.Status, it.Code, Encoding.UTF8.GetString(it.Render("application/json", "r1").Body))));

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_refusal_of_the_gateway_is_known_by_its_word(int status, string word, string body)
    {
        var seen = HttpKnock.Judge(status, Encoding.UTF8.GetBytes(body), Host);
        Assert.Equal(word, seen.Reason);
        Assert.EndsWith(".", seen.Text.Replace('?', '.'), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "")]
    [InlineData(302, "")]
    [InlineData(404, "")]
    [InlineData(404, """{"error":"unknown_host"}""")]
    [InlineData(503, """{"error":"maintenance","request_id":"7"}""")]
    [InlineData(503, "no_tunnel")]
    [InlineData(502, "[7")]
    public void Whatever_the_service_says_itself_is_an_answer(int status, string body) => Assert.True(HttpKnock.Judge(status, Encoding.UTF8.GetBytes(body), Host).IsUp);

    [Fact]
    public void The_alerts_of_the_gateway_are_told_from_an_answer()
    {
        Assert.Equal("unknown_host", TlsKnock.Judge(TlsAlert.UnrecognizedName.Span, At, Host).Reason);
        Assert.Equal("upstream_refused", TlsKnock.Judge(TlsAlert.InternalError.Span, At, Host).Reason);
        Assert.Equal("upstream_timeout", TlsKnock.Judge([], At, Host).Reason);
        Assert.True(TlsKnock.Judge([22, 3, 3, 0, 90, 2, 0], At, Host).IsUp);
        Assert.True(TlsKnock.Judge([21, 3, 3, 0, 2, 2, 40], At, Host).IsUp);
    }
}

using System.Net;
using System.Text;
using Gateway.Cli.Reservations;
using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Xunit;

namespace Gateway.UnitTests.Cli;

public sealed class GatewayDirectoryTests
{
    [Fact]
    public async Task Every_page_of_the_directory_is_read()
    {
        using var pages = new Pages(3);
        using var http = new HttpClient(pages);
        var read = await GatewayDirectory.ReadAsync(new ExplorerClient(http, new Uri("http://paper.test")), TestContext.Current.CancellationToken);
        Assert.False(read.Failed(out _, out var gateways));
        Assert.Equal(["gateway 1", "gateway 2", "gateway 3"], gateways!.Select(it => it.NodeId));
    }

    [Fact]
    public void The_gateway_of_the_deepest_domain_is_chosen_and_between_two_that_claim_it_the_user_chooses()
    {
        GatewayNode[] all = [Of("A", "gw.test"), Of("B", "eu.gw.test"), Of("C", "other.test")];
        Assert.Equal("A", Chosen(all, "x.gw.test"));
        Assert.Equal("B", Chosen(all, "x.eu.gw.test"));
        Assert.Null(Chosen(all, "x.elsewhere.test"));
        Assert.Equal("A", Chosen(all[..1], "x.elsewhere.test"));
        Assert.Null(Chosen([], "x.gw.test"));
        // Somebody registered himself with the domain of another.
        Assert.True(Booking.Choose([.. all, Of("D", "gw.test")], DomainName.Parse("x.gw.test")).Failed(out var fault, out _));
        Assert.Contains("A, D", fault!.Message, StringComparison.Ordinal);
    }

    private static GatewayNode Of(string id, string domain) => new() { NodeId = id, ManagedDomains = [domain] };

    private static string? Chosen(GatewayNode[] gateways, string name) => Booking.Choose(gateways, DomainName.Parse(name)).Failed(out _, out var chosen) ? null : chosen!.NodeId;

    private sealed class Pages(int count) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var page = request.RequestUri!.Query.Split('&', '?').FirstOrDefault(it => it.StartsWith("page=", StringComparison.Ordinal))?["page=".Length..] ?? "1";
            var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent($"[{Encoding.UTF8.GetString(ExplorerJson.Write(new GatewayNode { NodeId = $"gateway {page}" }))}]") };
            answer.Headers.Add("Pages", count.ToString());
            return Task.FromResult(answer);
        }
    }
}

using System.Net;
using System.Text;
using Gateway.Cli.Reservations;
using Gateway.ExplorerApi;
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

using System.Text.Json.Nodes;
using Gateway.Server.Operating;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.UnitTests.Server.Operating;

public sealed class AdminDocumentTests
{
    [Fact]
    public async Task The_description_has_every_path_of_the_admin_API_and_no_other()
    {
        var time = new FakeTime();
        await using var web = WebApplication.CreateSlimBuilder().Build();
        // Mapped and never called.
        new AdminApi(null!, null!, new LedgerView(null!, null!, time), null!, null!, null!, null!, null!, _ => Task.FromResult(new JsonObject()), time, NullLogger<AdminApi>.Instance).Map(web);
        var served = from endpoint in ((IEndpointRouteBuilder)web).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
                     from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
                     select $"{method} {System.Text.RegularExpressions.Regex.Replace(endpoint.RoutePattern.RawText!, ":[^}]+", "")}";
        var described = from path in JsonNode.Parse(AdminDocument.Text)!["paths"]!.AsObject()
                        from operation in path.Value!.AsObject()
                        select $"{operation.Key.ToUpperInvariant()} {path.Key}";
        Assert.Equal(served.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_parameter_of_a_path_is_described()
    {
        foreach (var (path, operations) in JsonNode.Parse(AdminDocument.Text)!["paths"]!.AsObject())
            foreach (var (method, operation) in operations!.AsObject())
            {
                var named = operation!["parameters"]!.AsArray().Where(it => (string)it!["in"]! == "path").Select(it => "{" + (string)it!["name"]! + "}");
                Assert.Equal(path.Split('/').Where(part => part.StartsWith('{')), named);
                Assert.False(string.IsNullOrEmpty((string?)operation["summary"]), $"{method} {path}");
            }
    }
}

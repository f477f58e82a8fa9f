using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>A reservation of which nobody can say whether it was made.</summary>
public sealed class UncertainTunnelTests
{
    [Fact]
    public async Task The_secret_of_a_tunnel_that_may_be_reserved_is_kept()
    {
        using var work = new TemporaryDirectory();
        var variables = new Dictionary<string, string> { ["GW_IDENTITY"] = work.File("seed") };
        var made = await Programs.RunAsync(Programs.Gateway, ["identity", "new", "--json"], variables);
        var key = JsonNode.Parse(made.Output)!["identity"]!.ToString();
        await using var explorer = Failing(key);
        await explorer.StartAsync(TestContext.Current.CancellationToken);
        variables["GW_EXPLORER"] = explorer.Urls.First();
        var registered = await Programs.RunAsync(Programs.Gateway, ["user", "register", "--name", "alice", "--email", "a@example.test"], variables);
        Assert.True(registered.Code == 0, registered.Error);

        var ended = await Programs.RunAsync(Programs.Gateway, ["reserve", "tunnel", "a.gw.test", "--secret-file", work.File("secret")], variables);
        Assert.Equal(3, ended.Code);
        Assert.Contains($"its secret stays in '{work.File("secret")}'", ended.Error, StringComparison.Ordinal);
        Assert.StartsWith("1:", await File.ReadAllTextAsync(work.File("secret"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    // An explorer that does all that comes before the reservation, and fails in the middle of that.
    private static WebApplication Failing(string gateway)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var explorer = builder.Build();
        explorer.Urls.Add("http://127.0.0.1:0");
        ((IApplicationBuilder)explorer).Run(context => (context.Request.Method + context.Request.Path.Value!.Split('/')[^1]) switch
        {
            "POSTusers" => context.Response.WriteAsync("""{"id":1,"name":"alice"}"""),
            "GETgateways" => context.Response.WriteAsync($$"""[{"node_id":"{{gateway}}","managed_domains":["gw.test"]}]"""),
            "GET1" => context.Response.WriteAsync($$"""[{"pool_id":1,"node_ids":["{{gateway}}"]}]"""),
            _ => Fail(context),
        });
        return explorer;
    }

    private static Task Fail(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        return context.Response.WriteAsync("""{"error":"the disk is full"}""");
    }
}

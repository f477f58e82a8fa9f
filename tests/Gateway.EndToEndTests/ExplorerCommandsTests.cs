using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.EndToEndTests.Support;
using Gateway.ExplorerApi;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>Whatever the explorer lets a user do, some command does.</summary>
public sealed class ExplorerCommandsTests
{
    /// <summary>Each path of the API with a command that goes there; "-": it is for gateways, by their signature or their sense. In an order in which they can be given.</summary>
    private static readonly (string Endpoint, string Command)[] Commands =
    [
        ("POST /users", "user register --name alice --email alice@example.test"),
        ("GET /users", "user show bobby"),
        ("GET /users/{user_id}", "user show"),
        ("PUT /users/{user_id}", "user update --host example.test"),
        ("POST /users/{user_id}/validate", "user validate bobby --message hello --signature SIGNATURE"),
        ("GET /gateways", "gateways"),
        ("GET /gateways/{node_id}", "gateways GATEWAY"),
        ("POST /reservations/pools", "reserve subdomain a.gw.test --ip 127.0.0.1"),
        ("POST /reservations/workloads", "reserve subdomain b.gw.test --ip 127.0.0.1"),
        ("GET /reservations/pools/{id}", "pools 1"),
        ("GET /reservations/pools/owner/{owner}", "pools"),
        ("GET /reservations/workloads", "reservations"),
        ("GET /reservations/workloads/{id}", "reservations 1"),
        ("GET /reservations/nodes/workloads/{gwid}", "reservations 1-1"),
        ("POST /reservations/workloads/{id}/sign/provision", "approve 1"),
        ("POST /reservations/workloads/{id}/sign/delete", "delete 3"),
        ("POST /gateways", "-"),
        ("POST /gateways/{node_id}/uptime", "-"),
        ("POST /gateways/{node_id}/reserved_resources", "-"),
        ("GET /reservations/nodes/{node_id}/workloads", "-"),
        ("PUT /reservations/nodes/{node_id}/workloads/{gwid}", "-"),
        ("DELETE /reservations/nodes/{node_id}/workloads/{gwid}", "-"),
    ];

    [Fact]
    public async Task Every_path_that_a_user_may_call_is_reached_by_a_command()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        Assert.Equal((await EndpointsAsync(node)).Order(StringComparer.Ordinal), Commands.Select(row => row.Endpoint).Order(StringComparer.Ordinal));

        var bobby = await new CommandLineUser(node, work.Path, "bobby").RegisterAsync();
        // The next user to register is the second one: number 1 of the reservations waits for him.
        await bobby.MustAsync("reserve", "subdomain", "shared.gw.test", "--ip", "127.0.0.1", "--approver", "2");
        var gateway = (await bobby.MustAsync("gateways"))[0]!["gateway"]!.ToString();
        Assert.True(SeedStore.TryLoad(work.File("bobby.seed"), out var seed, out var fault), fault);
        await using var explorer = await OverheardExplorer.StartAsync(node.Explorer);
        var alice = new Dictionary<string, string> { ["GW_EXPLORER"] = explorer.Url, ["GW_IDENTITY"] = work.File("alice.seed") };
        await Programs.RunAsync(Programs.Gateway, ["identity", "new"], alice);
        foreach (var (endpoint, command) in Commands.Where(row => row.Command != "-"))
        {
            explorer.Requests.Clear();
            var ended = await Programs.RunAsync(Programs.Gateway, command.Replace("GATEWAY", gateway, StringComparison.Ordinal).Replace("SIGNATURE", seed.Identity.SignHex("hello"u8), StringComparison.Ordinal).Split(' '), alice);
            Assert.True(ended.Code == 0, $"gateway {command}: {ended.Error}");
            Assert.Contains(explorer.Requests, request => Fits(request, endpoint));
        }
    }

    private static async Task<IEnumerable<string>> EndpointsAsync(RunningNode node)
    {
        using var client = new HttpClient();
        using var document = JsonDocument.Parse(await client.GetStringAsync(new Uri(node.Explorer, "/api/v1/openapi.json"), TestContext.Current.CancellationToken));
        return [.. document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name["/api/v1".Length..]}"))];
    }

    private static bool Fits(string request, string endpoint)
    {
        var (method, path) = (endpoint.Split(' ')[0], endpoint.Split(' ')[1]);
        return Regex.IsMatch(request, $"^{method} /api/v1{Regex.Replace(path, "{[a-z_]+}", "[^/]+", RegexOptions.None, TimeSpan.FromSeconds(1))}$", RegexOptions.None, TimeSpan.FromSeconds(1));
    }
}

using System.Text.Json.Nodes;
using Xunit;

namespace Gateway.EndToEndTests.Support;

/// <summary>A user with the shipped command line: one identity, one explorer.</summary>
internal sealed class CommandLineUser(RunningNode node, string directory, string name = "alice")
{
    private readonly string _identity = Path.Combine(directory, name + ".seed");

    /// <summary>Makes the identity and registers it.</summary>
    public async Task<CommandLineUser> RegisterAsync()
    {
        await MustAsync("identity", "new");
        await MustAsync("user", "register", "--name", name, "--email", name + "@example.test");
        return this;
    }

    /// <summary>Reserves name and tunnel and waits for both; gives the file with the tunnel's secret.</summary>
    public async Task<string> ReserveTunnelAsync(string host)
    {
        var secret = Path.Combine(directory, host + ".secret");
        await MustAsync("reserve", "subdomain", host, "--ip", "127.0.0.1");
        await MustAsync("reserve", "tunnel", host, "--secret-file", secret);
        return secret;
    }

    /// <summary>Runs a command that has to succeed, and gives what it printed as JSON.</summary>
    public async Task<JsonNode> MustAsync(params string[] arguments)
    {
        var ended = await RunAsync([.. arguments, "--json"]);
        Assert.True(ended.Code == 0, $"gateway {string.Join(' ', arguments)} ended with {ended.Code}: {ended.Output}{ended.Error}\nThe node said:\n{node.Log}");
        return JsonNode.Parse(ended.Output)!;
    }

    /// <summary>Runs a command to its end.</summary>
    public Task<Ended> RunAsync(params string[] arguments) => Programs.RunAsync(Programs.Gateway, arguments, Variables);

    /// <summary>Starts <c>gateway expose</c>; the caller ends it.</summary>
    public BackgroundProgram Expose(string local, string secretFile) =>
        new(Programs.Gateway, ["expose", "--local", local, "--remote", node.Tunnel.ToString(), "--secret-file", secretFile], Variables);

    private Dictionary<string, string> Variables => new() { ["GW_EXPLORER"] = node.Explorer.ToString(), ["GW_IDENTITY"] = _identity };
}

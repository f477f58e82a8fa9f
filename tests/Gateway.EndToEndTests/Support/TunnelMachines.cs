using System.Text.Json.Nodes;
using Gateway.EndToEndTests.Recursors;

namespace Gateway.EndToEndTests.Support;

/// <summary>Two machines with nothing but a line between them: the near one has the node and its visitors, the far one a tunnel client and its service.</summary>
internal sealed class TunnelMachines : IAsyncDisposable
{
    public const string Host = "hello.gw.test";

    /// <summary>The device of each at which the line begins.</summary>
    public const string Device = "line";

    public const string NearAddress = "192.0.2.1";

    public const string FarAddress = "192.0.2.2";

    /// <summary>A death in silence is noticed after 2.4 times as many seconds; that of the default is proven by a given clock.</summary>
    public const string Heartbeat = "3";

    private readonly TemporaryDirectory _work = new();

    private TunnelMachines(PrivateNetwork near, PrivateNetwork far) => (Near, Far) = (near, far);

    public PrivateNetwork Near { get; }

    public PrivateNetwork Far { get; }

    /// <summary>Makes them, without a line.</summary>
    public static async Task<TunnelMachines> CreateAsync()
    {
        var near = await PrivateNetwork.CreateAsync();
        try
        {
            return new TunnelMachines(near, await PrivateNetwork.CreateAsync());
        }
        catch (Exception)
        {
            await near.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives both ends of the line their addresses, and opens it.</summary>
    public async Task JoinAsync()
    {
        foreach (var (network, address) in new[] { (Near, NearAddress), (Far, FarAddress) })
        {
            await AddressAsync(network, "add", $"{address}/24");
            await network.MustAsync("ip", "link", "set", Device, "up");
        }
    }

    /// <summary>Adds an address to the line's end on a machine, or deletes it.</summary>
    public static Task<string> AddressAsync(PrivateNetwork network, string what, string address) => network.MustAsync("ip", "addr", what, address, "dev", Device);

    public BackgroundProgram StartNode() =>
        Near.Start(Programs.Gatewayd, "--state", _work.File("state"), "--domains", "gw.test", "--nameservers", "ns1.gw.test", "--router-tunnel-listen", $"{NearAddress}:18000", "--dns-listen", "127.0.0.1:53", "--router-tunnel-heartbeat", Heartbeat + "s");

    /// <summary>A client for a service on port 8000 of the far machine, whose tunnel is reserved first.</summary>
    public async Task<BackgroundProgram> ExposeAsync(string service, params string[] options)
    {
        var remote = await ReserveAsync();
        return Far.Start(Programs.Gateway, ["expose", service, "--remote", remote, "--secret-file", _work.File("secret"), .. options]);
    }

    public Task ReadyAsync() =>
        Programs.EventuallyAsync(async () => (await Near.RunAsync("curl", ["-s", "-f", "http://127.0.0.1:8091/readyz"])).Code == 0, $"the node is ready; it says {Near.Log}");

    public Task NodeSaysAsync(string text) => Programs.EventuallyAsync(() => Task.FromResult(Near.Log.Contains(text, StringComparison.Ordinal)), $"the node says '{text}'");

    public async ValueTask DisposeAsync()
    {
        await Far.DisposeAsync();
        await Near.DisposeAsync();
        _work.Dispose();
    }

    private async Task<string> ReserveAsync()
    {
        var variables = new Dictionary<string, string> { ["GW_IDENTITY"] = _work.File("alice.seed") };
        await ReadyAsync();
        await MustAsync(variables, "identity", "new");
        await MustAsync(variables, "user", "register", "--name", "alice", "--email", "alice@example.test");
        await MustAsync(variables, "reserve", "subdomain", Host, "--ip", "127.0.0.1");
        return (await MustAsync(variables, "reserve", "tunnel", Host, "--secret-file", _work.File("secret")))["remote"]!.ToString();
    }

    private async Task<JsonNode> MustAsync(Dictionary<string, string> variables, params string[] arguments)
    {
        var ended = await Near.RunAsync(Programs.Gateway, [.. arguments, "--json"], variables);
        if (ended.Code != 0) throw new InvalidOperationException($"gateway {string.Join(' ', arguments)}: {ended.Output}{ended.Error}\n{Near.Log}");
        return JsonNode.Parse(ended.Output)!;
    }
}

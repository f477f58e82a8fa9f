using Gateway.EndToEndTests.Recursors;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>A node and a tunnel client on two machines, and what can happen to the line between them.</summary>
public sealed class TunnelFaultTests : IAsyncLifetime
{
    private TunnelMachines? _machines;

    private PrivateNetwork Near => _machines!.Near;

    private PrivateNetwork Far => _machines!.Far;

    public async ValueTask InitializeAsync()
    {
        _machines = await TunnelMachines.CreateAsync();
        await Near.MustAsync("ip", "link", "add", TunnelMachines.Device, "type", "veth", "peer", "name", TunnelMachines.Device, "netns", Far.Name);
        await _machines.JoinAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_machines is not null) await _machines.DisposeAsync();
    }

    [Fact, Trait("adv", "T1"), Trait("adv", "T10")]
    public async Task A_changed_address_is_noticed_without_a_heartbeat_and_overcome()
    {
        // At this pace silence is noticed after twelve minutes: what notices is the address.
        var client = await ExposeAsync(heartbeat: "300");
        await TunnelMachines.AddressAsync(Far, "del", "192.0.2.2/24");
        await client.SaysAsync("lost: ");
        await TunnelMachines.AddressAsync(Far, "add", "192.0.2.3/24");
        await ServedAsync("from another address");
    }

    [Fact, Trait("adv", "T1"), Trait("adv", "T10")]
    public async Task A_line_that_went_dead_in_silence_is_noticed_and_overcome()
    {
        var client = await ExposeAsync();
        await Far.MustAsync("nft", "add table inet fault; add chain inet fault in { type filter hook input priority 0; }; add rule inet fault in ip saddr 192.0.2.1 drop");
        await client.SaysAsync("nothing came from the peer");
        await Far.MustAsync("nft", "delete table inet fault");
        await ServedAsync("after the line was dead");
    }

    [Fact, Trait("adv", "T1"), Trait("adv", "T10")]
    public async Task Both_ends_notice_a_line_that_drops_everything_both_ways_without_a_word()
    {
        var client = await ExposeAsync();
        await SilenceAsync("drop");
        await Task.WhenAll(client.SaysAsync("nothing came from the peer"), NodeSaysAsync("nothing came from the peer"));
        await Far.MustAsync("nft", "delete table inet fault");
        await ServedAsync("after the silence");
    }

    [Fact, Trait("adv", "T1"), Trait("adv", "T10")]
    public async Task A_client_that_slept_and_a_node_that_left_its_connections_half_open_are_back_at_once()
    {
        var client = await ExposeAsync();
        await Near.MustAsync("kill", "-STOP", $"{client.Id}");
        await NodeSaysAsync("nothing came from the peer");
        await Near.MustAsync("kill", "-CONT", $"{client.Id}");
        await ServedAsync("after the client slept");

        await SilenceAsync("drop");
        foreach (var id in (await Programs.RunAsync("ip", ["netns", "pids", Near.Name])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)) await Near.RunAsync("kill", ["-KILL", id]);
        _machines!.StartNode();
        await _machines.ReadyAsync();
        await Far.MustAsync("nft", "delete table inet fault");
        await ServedAsync("by a node that knows nothing of the session");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task Visitors_are_served_over_a_line_that_loses_packets(int percent)
    {
        await ExposeAsync();
        await SilenceAsync($"numgen random mod 100 < {percent} drop");
        for (var visit = 1; visit <= 10; visit++) await ServedAsync($"for the {visit}th time, with {percent} % lost each way");
    }

    [Fact, Trait("adv", "T11")]
    public async Task A_line_that_drops_large_packets_without_a_word_is_noticed_and_used_with_small_ones()
    {
        foreach (var network in new[] { Near, Far })
        {
            // Segments as they are on a wire, and no help from the kernel.
            await network.MustAsync("ip", "link", "set", "line", "gso_max_segs", "1");
            await network.MustAsync("sysctl", "-q", "net.ipv4.tcp_mtu_probing=0");
        }

        var client = await ExposeAsync();
        await SilenceAsync("meta length > 1280 drop");
        var large = await VisitAsync("-H", $"X-Large: {new string('x', 6000)}");
        Assert.NotEqual(0, large.Code);
        await client.SaysAsync("nothing came from the peer");
        await Programs.EventuallyAsync(async () => (await VisitAsync("-H", $"X-Large: {new string('x', 6000)}")).Code == 0, $"a large request is served; the client said {Far.Log}");
    }

    // The node, a service behind a client, and a visitor who is served.
    private async Task<BackgroundProgram> ExposeAsync(string heartbeat = TunnelMachines.Heartbeat)
    {
        _machines!.StartNode();
        Far.Start(Programs.Gateway, "hello", "--port", "8000");
        var client = await _machines.ExposeAsync("http://127.0.0.1:8000", "--heartbeat", heartbeat);
        await ServedAsync("at first");
        return client;
    }

    private Task NodeSaysAsync(string text) => _machines!.NodeSaysAsync(text);

    // What happens to packets of the line, on their way in and out.
    private Task<string> SilenceAsync(string what) => Far.MustAsync(
        "nft",
        "add table inet fault; " + string.Concat(new[] { ("in", "input", "saddr"), ("out", "output", "daddr") }
            .Select(way => $"add chain inet fault {way.Item1} {{ type filter hook {way.Item2} priority 0; }}; add rule inet fault {way.Item1} ip {way.Item3} 192.0.2.1 {what}; ")));

    private Task ServedAsync(string when) => Programs.EventuallyAsync(
        async () => (await VisitAsync()).Code == 0, $"a visitor is served {when}; the client said {Far.Log}");

    private Task<Ended> VisitAsync(params string[] more) => Near.RunAsync("curl", ["-s", "-f", "-m", "5", "-H", $"Host: {TunnelMachines.Host}", .. more, "http://127.0.0.1:8080/"]);
}

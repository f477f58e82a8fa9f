using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router;
using Gateway.Router.Tunnelling;
using Gateway.Router.Upstreams;
using Gateway.Transport;
using Xunit;

namespace Gateway.IntegrationTests.Router;

public sealed class DialerTests
{
    private static readonly IPNetwork Loopback2 = IPNetwork.Parse("127.0.0.2/32");

    [Fact, Trait("adv", "S2")]
    public async Task A_name_that_flips_to_an_inner_address_after_it_was_checked_is_refused_at_the_dial()
    {
        await using var inside = Upstream.Echo();
        IPAddress[] answer = [IPAddress.Parse("127.0.0.2")];
        var dialer = NewDialer((_, _) => Task.FromResult(answer), Loopback2);
        Assert.Equal(DialFault.Refused, await FaultAsync(dialer, "rebinding.example", inside.EndPoint.Port));
        foreach (var inner in new[] { "127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254" })
        {
            answer = [IPAddress.Parse(inner)];
            Assert.Equal(DialFault.Forbidden, await FaultAsync(dialer, "rebinding.example", inside.EndPoint.Port));
        }

        Assert.Equal(0, inside.Accepted);
    }

    [Fact, Trait("adv", "S2")]
    public async Task Of_several_addresses_only_the_allowed_ones_are_tried_in_turn()
    {
        await using var upstream = Upstream.Echo();
        // Somebody would answer there.
        using var inner = new TcpListener(IPAddress.Parse("127.0.0.3"), upstream.EndPoint.Port);
        inner.Start();
        var dialer = NewDialer(
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.3"), IPAddress.Parse("127.0.0.2"), IPAddress.Loopback]),
            Loopback2, IPNetwork.Parse("127.0.0.1/32"));
        var open = Assert.IsType<DialOutcome.Open>(await DialAsync(dialer, "several.example", upstream.EndPoint.Port));
        Assert.Equal(upstream.EndPoint.ToString(), open.Label);
        Assert.False(inner.Pending());
        await open.Upstream.DisposeAsync();
    }

    [Fact]
    public async Task An_upstream_that_refused_a_visitor_is_asked_last()
    {
        await using var upstream = Upstream.Echo();
        using var dead = new Socket(SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), upstream.EndPoint.Port));
        var dialer = NewDialer((_, _) => throw new InvalidOperationException("there is no name"), Loopback2, IPNetwork.Parse("127.0.0.1/32"));
        var target = new Target.Dial("127.0.0.2", 0, upstream.EndPoint.Port) { More = new EquatableList<string>(["127.0.0.1"]) };
        for (var i = 0; i < 2; i++) await Assert.IsType<DialOutcome.Open>(await dialer.OpenAsync(target, Traffic.Tls, CancellationToken.None)).Upstream.DisposeAsync();
        Assert.All(Enumerable.Range(0, 4).Select(_ => dialer.Turns.Next(target, upstream.EndPoint.Port)), place => Assert.Equal(1, place));
    }

    [Theory, Trait("adv", "S2")]
    [InlineData("127.0.0.1", "::1", "::1")]
    [InlineData("::1", "127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.2", "127.0.0.1", "::ffff:127.0.0.1")]
    public async Task Of_an_answer_in_both_families_the_one_that_is_refused_is_never_dialled(string allowed, string refused, string answered)
    {
        using var open = new TcpListener(IPAddress.Parse(allowed), 0);
        open.Start();
        var port = ((IPEndPoint)open.LocalEndpoint).Port;
        using var inner = new TcpListener(IPAddress.Parse(refused), port);
        inner.Start();
        IPAddress[] answer = [IPAddress.Parse(answered), IPAddress.Parse(allowed)];
        var dialer = NewDialer((_, _) => Task.FromResult(answer), new IPNetwork(answer[1], answer[1].GetAddressBytes().Length * 8));
        foreach (var _ in (string[])["refused first", "allowed first"])
        {
            var outcome = Assert.IsType<DialOutcome.Open>(await DialAsync(dialer, "both.example", port));
            Assert.Equal(open.LocalEndpoint.ToString(), outcome.Label);
            await outcome.Upstream.DisposeAsync();
            Array.Reverse(answer);
        }

        open.Stop();
        Assert.Equal(DialFault.Refused, await FaultAsync(dialer, "both.example", port));
        Assert.False(inner.Pending());
    }

    [Fact, Trait("adv", "S2")]
    public async Task A_name_with_outer_and_inner_addresses_leads_outside_or_nowhere()
    {
        await using var inside = Upstream.Echo();
        var port = inside.EndPoint.Port;
        // What the operator opened stands for what is public: no test dials outside the machine.
        IPAddress[] inner = [.. new[] { "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1" }.Select(IPAddress.Parse)];
        IPAddress[] answer = [IPAddress.Parse("127.0.0.2"), .. inner];
        var dialer = NewDialer((_, _) => Task.FromResult(answer), Loopback2);
        Assert.Equal(DialFault.Refused, await FaultAsync(dialer, "mixed.example", port));
        using (var outside = new TcpListener(answer[0], port))
        {
            outside.Start();
            Array.Reverse(answer);
            var open = Assert.IsType<DialOutcome.Open>(await DialAsync(dialer, "mixed.example", port));
            Assert.Equal(outside.LocalEndpoint.ToString(), open.Label);
            await open.Upstream.DisposeAsync();
        }

        answer = inner;
        Assert.Equal(DialFault.Forbidden, await FaultAsync(dialer, "mixed.example", port));
        Assert.Equal(0, inside.Accepted);
    }

    [Theory]
    [InlineData("::1")]
    [InlineData("[::1]")]
    [InlineData("six.example")]
    public async Task An_IPv6_upstream_is_reached_by_its_address_and_by_a_name(string address)
    {
        await using var upstream = Upstream.Echo(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        var dialer = NewDialer((_, _) => Task.FromResult<IPAddress[]>([IPAddress.IPv6Loopback]), IPNetwork.Parse("::1/128"));
        var open = Assert.IsType<DialOutcome.Open>(await DialAsync(dialer, address, upstream.EndPoint.Port));
        Assert.Equal(upstream.EndPoint.ToString(), open.Label);
        await open.Upstream.WriteAsync("six"u8.ToArray(), CancellationToken.None);
        Assert.Equal(3, await open.Upstream.ReadAsync(new byte[8], CancellationToken.None));
        await open.Upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_resolver_that_never_answers_and_one_that_knows_nothing_are_told_apart()
    {
        var silent = NewDialer((_, stop) => Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => Array.Empty<IPAddress>(), CancellationToken.None));
        Assert.Equal(DialFault.TimedOut, await FaultAsync(silent, "silent.example", 80));
        var ignorant = NewDialer((_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)));
        Assert.Equal(DialFault.Unresolved, await FaultAsync(ignorant, "nowhere.example", 80));
    }

    [Fact]
    public async Task A_port_of_zero_and_a_tunnel_without_a_client_are_no_upstream()
    {
        var dialer = NewDialer();
        Assert.Equal(DialFault.NotServed, await FaultAsync(dialer, "192.0.2.1", 0));
        var outcome = await dialer.OpenAsync(new Target.Tunnel(new Secret("7:s")), Traffic.Tls, CancellationToken.None);
        Assert.Equal(DialFault.NoTunnel, Assert.IsType<DialOutcome.Failed>(outcome).Fault);
        Assert.DoesNotContain("7:s", outcome.ToString(), StringComparison.Ordinal);
    }

    [Fact, Trait("adv", "S5")]
    public async Task A_refused_port_is_refused_in_an_allowed_network_too() =>
        Assert.Equal(DialFault.Forbidden, await FaultAsync(NewDialer(null, Loopback2), "127.0.0.2", 6379));

    private static Dialer NewDialer(Resolve? resolve = null, params IPNetwork[] allowed) => new(
        new DialGuard(new AddressPolicy(allowed), new MachineAddresses(TimeProvider.System)), new Tunnels(1, TimeProvider.System), TimeSpan.FromMilliseconds(500), TimeProvider.System, resolve);

    private static ValueTask<DialOutcome> DialAsync(Dialer dialer, string address, int port) =>
        dialer.OpenAsync(new Target.Dial(address, port, port), Traffic.Http, CancellationToken.None);

    private static async Task<DialFault> FaultAsync(Dialer dialer, string address, int port) =>
        Assert.IsType<DialOutcome.Failed>(await DialAsync(dialer, address, port)).Fault;
}

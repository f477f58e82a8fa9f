using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.IntegrationTests.Support;
using Gateway.IntegrationTests.Transport;
using Gateway.Model.Routes;
using Gateway.Transport;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

public sealed class TlsPortTests
{
    private const string Name = "shop.example.org";
    private static readonly byte[] UnrecognizedName = [21, 3, 3, 0, 2, 2, 112];
    private static readonly byte[] InternalError = [21, 3, 3, 0, 2, 2, 80];
    private static readonly byte[] DecodeError = [21, 3, 3, 0, 2, 2, 50];

    [Fact, Trait("adv", "H7")]
    public async Task An_unknown_name_is_told_so_in_an_alert()
    {
        await using var router = new RouterHarness();
        Assert.Equal(UnrecognizedName, await TlsVisitor.AskAsync(router, Hello.For(Name)));
        Assert.Equal(UnrecognizedName, await TlsVisitor.AskAsync(router, new Hello().Record()));
        Assert.Contains(Name, await router.LineAsync("NoRoute", Name), StringComparison.Ordinal);
    }

    [Fact, Trait("adv", "H7")]
    public async Task A_broken_hello_is_told_so_and_other_tongues_are_closed()
    {
        await using var router = new RouterHarness();
        Assert.Equal(DecodeError, await TlsVisitor.AskAsync(router, Hello.For("two..dots")));
        Assert.Empty(await TlsVisitor.AskAsync(router, "SSH-2.0-x\r\n"u8.ToArray()));
        await router.LineAsync("NotTls");
    }

    [Fact]
    public async Task Plain_HTTP_gets_an_answer_that_a_person_can_read()
    {
        await using var router = new RouterHarness();
        var answer = Encoding.ASCII.GetString(await TlsVisitor.AskAsync(router, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray()));
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("speaks TLS", answer, StringComparison.Ordinal);
    }

    [Fact, Trait("adv", "H5")]
    public async Task Whoever_never_finishes_its_hello_is_closed_at_the_deadline()
    {
        await using var router = new RouterHarness(options => options.HelloTimeout = TimeSpan.FromMilliseconds(300));
        var visitors = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => RouterHarness.ConnectAsync(router.Tls)));
        foreach (var visitor in visitors.Skip(50)) await visitor.SendAllAsync(Hello.For(Name).AsMemory(0, 60));
        foreach (var visitor in visitors)
        {
            Assert.Empty(await visitor.ReceiveAllAsync());
            visitor.Dispose();
        }

        await Eventually.TrueAsync(() => router.Log.Lines.Count(line => line.Contains("TooSlow", StringComparison.Ordinal)) == 100, "100 visitors were too slow");
    }

    [Fact, Trait("adv", "H5")]
    public async Task One_address_cannot_fill_the_memory_with_unfinished_hellos()
    {
        await using var router = new RouterHarness(options => options.HelloBytesPerAddress = 48 * 1024);
        var large = new Hello().WithExtension(51, new byte[40 * 1024]).WithName(Name).Record();
        using var first = await RouterHarness.ConnectAsync(router.Tls);
        await first.SendAllAsync(large.AsMemory(0, 30_000));
        using var second = await RouterHarness.ConnectAsync(router.Tls);
        await second.SendAllAsync(large.AsMemory(0, 30_000));
        await Task.WhenAny(first.ReceiveAllAsync(), second.ReceiveAllAsync());
        await router.LineAsync("Malformed");
    }

    [Fact, Trait("adv", "H5")]
    public async Task An_address_with_as_many_connections_as_one_may_have_is_closed_until_it_lets_go()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.ConnectionsPerAddress = 1);
        router.Dial(Name, upstream.EndPoint);
        var first = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await first.SendAllAsync(hello);
        await first.ReceiveExactlyAsync(hello.Length);
        Assert.False(await IsServedAsync());
        await router.LineAsync("Crowded");
        first.Dispose();
        await Eventually.TrueAsync(IsServedAsync, "its place is free again");

        async Task<bool> IsServedAsync()
        {
            try
            {
                return (await TlsVisitor.AskAsync(router, hello)).Length == hello.Length;
            }
            catch (SocketException)
            {
                // Closed with bytes unread.
                return false;
            }
        }
    }

    [Fact]
    public async Task The_hello_ends_the_handshake_with_the_upstream()
    {
        var packets = 0;
        await using var upstream = new Upstream(async (socket, stop) =>
        {
            await socket.ReceiveAsync(new byte[4096], stop);
            packets = socket.PacketsTaken();
            await socket.ReceiveAllAsync();
        });
        await using var router = new RouterHarness();
        router.Dial(Name, upstream.EndPoint);
        // A router that the machine holds up for 200 ms between the two has answered without the hello: another try.
        await Eventually.TrueAsync(
            async () =>
            {
                await TlsVisitor.AskAsync(router, Hello.For(Name));
                return packets == 2;
            },
            "the upstream has got two packets");
    }

    [Theory, Trait("adv", "H7")]
    [InlineData(0, 16384)]
    [InlineData(1200, 1)]
    [InlineData(60 * 1024, 16384)]
    [InlineData(60 * 1024, 1)]
    public async Task A_hello_of_any_shape_reaches_the_upstream_byte_for_byte(int keys, int fragment)
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Dial(Name, upstream.EndPoint);
        var hello = new Hello().WithExtension(51, new byte[keys]).WithName("Shop.Example.ORG.").Record(fragment);
        Assert.Equal(hello, await TlsVisitor.AskAsync(router, hello));
    }

    [Theory, Trait("adv", "H5")]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_hello_counts_until_its_upstream_has_it_and_no_longer(int proxyProtocol)
    {
        const int Visitors = 40;
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial("127.0.0.1", 0, upstream.EndPoint.Port), new RouteRules { ProxyProtocol = proxyProtocol });
        // All from one address, as out of an office: more than its unfinished hellos may hold.
        var hello = new Hello().WithExtension(51, new byte[10 * 1024]).WithName(Name).Record();
        var visitors = new List<Socket>();
        for (var i = 0; i < Visitors; i++)
        {
            visitors.Add(await RouterHarness.ConnectAsync(router.Tls));
            await visitors[i].SendAllAsync(hello);
            Assert.Equal(hello.Length, (await visitors[i].ReceiveExactlyAsync(hello.Length)).Length);
        }

        visitors.ForEach(visitor => visitor.Dispose());
    }

    [Fact, Trait("adv", "H7")]
    public async Task A_hello_that_comes_byte_by_byte_is_routed()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Dial("*.example.org", upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        foreach (var octet in hello) await visitor.SendAllAsync(new[] { octet });
        Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
    }

    [Fact]
    public async Task A_half_closed_visitor_still_gets_its_answer_and_one_line_tells_the_story()
    {
        await using var upstream = new Upstream(async (socket, stop) =>
        {
            var all = await socket.ReceiveAllAsync();
            await socket.SendAllAsync(Encoding.ASCII.GetBytes($"got {all.Length}"), stop);
        });
        await using var router = new RouterHarness();
        router.Dial(Name, upstream.EndPoint);
        var hello = Hello.For(Name);
        Assert.Equal($"got {hello.Length}", Encoding.ASCII.GetString(await TlsVisitor.AskAsync(router, hello)));
        var line = await router.LineAsync(Name, "Finished");
        Assert.Contains($"{upstream.EndPoint}", line, StringComparison.Ordinal);
        Assert.Contains($"{hello.Length} bytes to the upstream", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_that_refuses_is_an_alert_and_one_that_resets_is_a_reset()
    {
        await using var resetting = new Upstream(async (socket, stop) =>
        {
            await socket.ReceiveAsync(new byte[10], stop);
            socket.Close(0);
        });
        await using var router = new RouterHarness();
        using var closed = new Socket(SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        router.Put(Name, new Target.Dial("127.0.0.1", 0, ((IPEndPoint)closed.LocalEndPoint!).Port));
        Assert.Equal(InternalError, await TlsVisitor.AskAsync(router, Hello.For(Name)));
        await router.LineAsync("Refused");
        router.Dial(Name, resetting.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        await visitor.SendAllAsync(Hello.For(Name));
        var error = await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        await router.LineAsync("UpstreamBroke");
    }

    [Theory]
    [InlineData("127.0.0.1", "Forbidden"), Trait("adv", "S1")]
    [InlineData("127.1", "Forbidden")]
    [InlineData("::ffff:127.0.0.1", "Forbidden")]
    [InlineData("0.0.0.0", "Forbidden")]
    [InlineData("no-such-host.invalid", "Unresolved")]
    [InlineData("not a host", "Forbidden")]
    public async Task Nobody_is_led_into_the_house(string address, string end)
    {
        await using var inside = Upstream.Echo();
        await using var router = new RouterHarness(options => options.AllowedNetworks = []);
        router.Put(Name, new Target.Dial(address, inside.EndPoint.Port, inside.EndPoint.Port));
        Assert.Equal(InternalError, await TlsVisitor.AskAsync(router, Hello.For(Name)));
        await router.LineAsync(Name, end);
        Assert.Equal(0, inside.Accepted);
    }

    [Fact, Trait("adv", "S3")]
    public async Task The_gateway_never_dials_its_own_listeners_even_in_an_allowed_network()
    {
        await using var router = new RouterHarness();
        foreach (var own in new[] { router.Tls, router.Http, router.Tunnels })
        {
            router.Dial(Name, own);
            Assert.Equal(InternalError, await TlsVisitor.AskAsync(router, Hello.For(Name)));
        }

        // The line is written after the alert.
        await Eventually.TrueAsync(() => router.Log.Lines.Count(line => line.Contains("Forbidden", StringComparison.Ordinal)) == 3, "each refusal is logged");
    }

    [Fact, Trait("adv", "S3")]
    public async Task The_gateway_never_dials_the_addresses_of_its_machine_and_those_that_lead_to_it()
    {
        await using var router = new RouterHarness(options => (options.AllowedNetworks, options.OwnAddresses) = ([], [IPAddress.Parse("198.51.100.7")]));
        // Some machines have only private addresses, which are refused as such: in an allowed network the listeners stay closed.
        await using var open = new RouterHarness(options => (options.AllowedNetworks, options.TlsListen) = ([IPNetwork.Parse("0.0.0.0/0")], [new IPEndPoint(IPAddress.Any, 0)]));
        IPAddress[] own = [.. MachineAddresses.OfInterfaces().Where(it => it.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(it))];
        foreach (var address in own.Append(IPAddress.Parse("198.51.100.7"))) await RefusedAsync(router, address);
        foreach (var address in own.Append(IPAddress.Any)) await RefusedAsync(open, address);

        static async Task RefusedAsync(RouterHarness router, IPAddress address)
        {
            var host = $"of-{address}.example";
            router.Dial(host, new IPEndPoint(address, router.Tls.Port));
            Assert.Equal(InternalError, await TlsVisitor.AskAsync(router, Hello.For(host)));
            await router.LineAsync(host, "Forbidden");
        }
    }

    [Fact]
    public async Task A_visitor_who_comes_by_IPv6_reaches_an_IPv6_upstream_who_is_told_his_address()
    {
        await using var upstream = Upstream.Echo(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        await using var router = new RouterHarness(options => (options.TlsListen, options.AllowedNetworks) = ([new IPEndPoint(IPAddress.IPv6Loopback, 0)], [IPNetwork.Parse("::1/128")]));
        router.Put(Name, new Target.Dial("::1", 0, upstream.EndPoint.Port), new RouteRules { ProxyProtocol = 1 });
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await visitor.SendAllAsync(hello);
        var header = Encoding.ASCII.GetBytes($"PROXY TCP6 ::1 ::1 {((IPEndPoint)visitor.LocalEndPoint!).Port} {router.Tls.Port}\r\n");
        byte[] expected = [.. header, .. hello];
        Assert.Equal(expected, await visitor.ReceiveExactlyAsync(expected.Length));
        visitor.Shutdown(SocketShutdown.Send);
        Assert.Empty(await visitor.ReceiveAllAsync());
        await router.LineAsync(Name, "[::1]", "Finished");
    }

    [Fact]
    public async Task A_route_without_a_TLS_port_is_not_served_on_the_TLS_port()
    {
        await using var router = new RouterHarness();
        router.Put(Name, new Target.Dial("127.0.0.1", 80, 0));
        Assert.Equal(UnrecognizedName, await TlsVisitor.AskAsync(router, Hello.For(Name)));
    }

    [Fact]
    public async Task A_changed_route_leaves_running_connections_alone_and_a_deleted_one_cuts_them()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Dial(Name, upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await visitor.SendAllAsync(hello);
        await visitor.ReceiveExactlyAsync(hello.Length);
        router.Put(Name, new Target.Dial("127.0.0.1", 1, 1));
        await visitor.SendAllAsync("still"u8.ToArray());
        await visitor.ReceiveExactlyAsync(5);
        router.Delete(Name);
        await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        await router.LineAsync(Name, "Deleted");
    }

    [Fact]
    public async Task A_stop_lets_visitors_finish()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness(options => options.Drain = TimeSpan.FromMinutes(5));
        router.Dial(Name, upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await visitor.SendAllAsync(hello);
        await visitor.ReceiveExactlyAsync(hello.Length);
        var stopping = router.StopAsync();
        await Eventually.TrueAsync(IsClosedAsync, "nobody is let in any more");
        await visitor.SendAllAsync("last words"u8.ToArray());
        Assert.Equal("last words"u8.ToArray(), await visitor.ReceiveExactlyAsync(10));
        Assert.False(stopping.IsCompleted);
        visitor.Shutdown(SocketShutdown.Send);
        Assert.Empty(await visitor.ReceiveAllAsync());
        await router.LineAsync(Name, "Finished");
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));

        async Task<bool> IsClosedAsync()
        {
            try
            {
                using var late = await RouterHarness.ConnectAsync(router.Tls);
                return false;
            }
            catch (SocketException)
            {
                return true;
            }
        }
    }

    [Fact]
    public async Task A_stop_cuts_visitors_who_do_not_finish()
    {
        await using var upstream = Upstream.Echo();
        await using var router = new RouterHarness();
        router.Dial(Name, upstream.EndPoint);
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await visitor.SendAllAsync(hello);
        await visitor.ReceiveExactlyAsync(hello.Length);
        await router.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<SocketException>(visitor.ReceiveAllAsync);
        await router.LineAsync(Name, "Stopped");
    }
}

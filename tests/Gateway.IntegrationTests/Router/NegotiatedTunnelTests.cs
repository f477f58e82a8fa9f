using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Cli.Expose;
using Gateway.IntegrationTests.Cli.Expose;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Transport.Handshakes;
using Gateway.Transport.ProxyProtocol;
using Gateway.UnitTests.Router;
using Xunit;

namespace Gateway.IntegrationTests.Router;

/// <summary>The negotiated handshake, between the node and the client that users have.</summary>
public sealed class NegotiatedTunnelTests
{
    private const string Name = "hello.gw.test";

    [Fact]
    public async Task The_operator_sees_who_the_client_is()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = new RunningClient(Options(router, service.Port) with { Name = "web-1\n" });
        await router.LineAsync("tunnel 1", "is up, protocol 2, client web-1 ");
        await SaysAsync(client, "connected as tunnel 1");
    }

    [Theory]
    [InlineData(ProxyVersion.One)]
    [InlineData(ProxyVersion.Two)]
    public async Task The_local_service_learns_the_visitors_address_and_the_server_name(ProxyVersion version)
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = new RunningClient(Options(router, service.Port) with { ProxyProtocol = version });
        await router.LineAsync("is up");
        var hello = Hello.For(Name);
        var (echoed, from) = await AskTlsAsync(router, hello);
        Assert.Equal(ProxyParse.Found, ProxyHeader.TryRead(echoed, out var header, out var used));
        Assert.Equal((from, router.Tls), (header.Source, header.Destination));
        Assert.Equal(version == ProxyVersion.Two, Encoding.ASCII.GetString(echoed, 0, used).Contains(Name, StringComparison.Ordinal));
        Assert.Equal(hello, echoed[used..]);
    }

    [Fact]
    public async Task Requests_of_one_visitor_share_a_connection_that_tells_his_address_and_others_get_their_own()
    {
        await using var service = new TestService(AnswerWithHeaderAsync);
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = new RunningClient(Options(router, service.Port) with { ProxyProtocol = ProxyVersion.One });
        await router.LineAsync("is up");
        using var one = await RouterHarness.ConnectAsync(router.Http);
        using var two = await RouterHarness.ConnectAsync(router.Http);
        foreach (var visitor in new[] { one, two, one, two })
            Assert.Contains($" {((IPEndPoint)visitor.LocalEndPoint!).Port} {router.Http.Port}", await GetAsync(visitor), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_client_says_why_and_keeps_asking()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        await using var client = new RunningClient(Options(router, service.Port));
        await SaysAsync(client, "refused: no reservation at this gateway has this secret");
        router.Tunnel(Name, RunningClient.Secret);
        await SaysAsync(client, "connected as tunnel");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_that_the_line_ended_is_followed_at_once_and_one_that_the_node_ended_is_not(bool isLine)
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        await using var line = new FaultyWire(router.Tunnels.Port);
        router.Tunnel(Name, RunningClient.Secret);
        var at = new TunnelRemote(new HostPort("127.0.0.1", line.Endpoint().Port));
        await using var client = new RunningClient(Options(router, service.Port) with { Remotes = [at], Proven = TimeSpan.Zero, Settled = TimeSpan.FromHours(1) });
        for (var session = 1; session <= 5; session++)
        {
            await SaysAsync(client, $"connected as tunnel {session}\n");
            if (isLine) line.Reset();
            else Assert.True(router.Drop(session));
        }

        await SaysAsync(client, "connected as tunnel 6\n");
        // A pause is a random part of its bound: five of them are never all nothing.
        var pauses = client.Said.Split('\n').Where(told => told.Contains("lost: ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(5, pauses.Length);
        Assert.Equal(isLine, pauses.All(told => told.EndsWith("trying again at once", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Visitors_whom_the_service_does_not_take_are_not_sent_to_it()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var client = new RunningClient(Options(router, service.Port) with { Serves = ServedTraffic.Http });
        await router.LineAsync("is up");
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        await visitor.SendAllAsync(Hello.For(Name));
        Assert.Equal(0x15, (await visitor.ReceiveAllAsync())[0]);
        await router.LineAsync("TLS", "NoTunnel");
    }

    [Fact]
    public async Task A_visitor_for_whom_the_server_speaks_first_is_not_waited_for()
    {
        await using var service = TestService.Echo(mark: (byte)'s');
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        // The old way would look at the visitor's first byte for an hour, and then guess.
        await using var client = new RunningClient(Options(router, 1) with { LocalTls = new HostPort("127.0.0.1", service.Port), PeekTimeout = TimeSpan.FromHours(1) });
        await router.LineAsync("is up");
        var hello = Hello.For(Name);
        var (answer, _) = await AskTlsAsync(router, hello);
        Assert.Equal((byte[])[(byte)'s', .. hello], answer);
    }

    [Fact]
    public async Task A_node_that_stops_tells_its_clients_first_and_visitors_may_finish()
    {
        await using var service = TestService.Echo();
        await using var router = new RouterHarness(options => options.Drain = TimeSpan.FromSeconds(30));
        await using var other = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        other.Tunnel(Name, RunningClient.Secret);
        var remotes = new[] { router, other }.Select(node => new TunnelRemote(new HostPort("127.0.0.1", node.Tunnels.Port)));
        await using var client = new RunningClient(Options(router, service.Port) with { Remotes = [.. remotes] });
        await router.LineAsync("is up");
        await other.LineAsync("is up");
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var hello = Hello.For(Name);
        await visitor.SendAllAsync(hello);
        Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        var stopping = router.StopAsync();
        await SaysAsync(client, "the gateway goes away");
        await visitor.SendAllAsync(hello);
        Assert.Equal(hello, await visitor.ReceiveExactlyAsync(hello.Length));
        Assert.False(stopping.IsCompleted);
        visitor.Shutdown(SocketShutdown.Send);
        Assert.Empty(await visitor.ReceiveAllAsync());
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(hello, (await AskTlsAsync(other, hello)).Answer);
    }

    [Fact, Trait("adv", "T9")]
    public async Task A_client_that_insists_on_what_the_node_does_not_know_is_refused_and_told_so()
    {
        await using var router = new RouterHarness();
        router.Tunnel(Name, RunningClient.Secret);
        await using var carrier = await Gateway.Transport.SocketDuplex.ConnectAsync(router.Tunnels, CancellationToken.None);
        await using var session = new Gateway.Transport.Yamux.YamuxSession(carrier, Gateway.Transport.Yamux.YamuxRole.Client, Gateway.Transport.Yamux.YamuxOptions.Default, TimeProvider.System);
        var running = session.RunAsync(CancellationToken.None);
        await using var stream = (await session.OpenAsync(CancellationToken.None))!;
        var hello = new TunnelHello(new Secret(RunningClient.Secret), "", ServedTraffic.Any, TunnelFeatures.None).Encode();
        byte[] claim = [0x80, 77, 0, 6, .. "*.test"u8];
        hello[3] += (byte)claim.Length;
        await stream.WriteAsync((byte[])[.. hello, .. claim], CancellationToken.None);
        var answer = new byte[256];
        var read = await stream.ReadAsync(answer, CancellationToken.None);
        Assert.Equal(HandshakeParse.Found, TunnelAnswer.TryDecode(answer.AsSpan(0, read), out var said, out _));
        Assert.Equal(TunnelRefusal.Unsupported, said.Refusal);
        await running.WaitAsync(TimeSpan.FromSeconds(30));
        await router.LineAsync("turned away", "unsupported");
    }

    private static TunnelClientOptions Options(RouterHarness router, int service) => RunningClient.Options(service, router.Tunnels.Port);

    private static Task SaysAsync(RunningClient client, string text) =>
        Eventually.TrueAsync(() => client.Said.Contains(text, StringComparison.Ordinal), $"the client says '{text}'");

    private static async Task<(byte[] Answer, EndPoint From)> AskTlsAsync(RouterHarness router, byte[] bytes)
    {
        using var visitor = await RouterHarness.ConnectAsync(router.Tls);
        var from = new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)visitor.LocalEndPoint!).Port);
        await visitor.SendAllAsync(bytes);
        visitor.Shutdown(SocketShutdown.Send);
        return (await visitor.ReceiveAllAsync(), from);
    }

    private static async Task<string> GetAsync(Socket visitor)
    {
        await visitor.SendAllAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {Name}\r\n\r\n"));
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().Contains("</end>", StringComparison.Ordinal))
        {
            var read = await visitor.ReceiveAsync(buffer);
            Assert.NotEqual(0, read);
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    // A web server that shows the PROXY line of the connection in every answer.
    private static async Task AnswerWithHeaderAsync(Gateway.Transport.SocketDuplex visitor, CancellationToken stop)
    {
        var buffer = new byte[4096];
        var (text, line) = ("", "");
        while (await visitor.ReadAsync(buffer, stop) is > 0 and var read)
        {
            text += Encoding.ASCII.GetString(buffer, 0, read);
            if (line.Length == 0 && text.IndexOf("\r\n", StringComparison.Ordinal) is > 0 and var end) (line, text) = (text[..end], text[(end + 2)..]);
            while (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is >= 0 and var request)
            {
                text = text[(request + 4)..];
                var body = line + "</end>";
                await visitor.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"), stop);
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Dns;
using Gateway.Dns.Zones;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Xunit;

namespace Gateway.IntegrationTests.Dns.Forwarding;

/// <summary>Names of others for the operator's own clients, and for nobody else.</summary>
public sealed class ForwardingTests
{
    private const string TheirAddress = "203.0.113.7";
    private const string Refused = "status: REFUSED";

    [Theory]
    [InlineData("+notcp")]
    [InlineData("+tcp")]
    [InlineData("+noedns")]
    [InlineData("+cookie")]
    public async Task An_own_client_gets_names_of_others_from_a_resolver(string how)
    {
        await using var resolver = new ScriptedResolver();
        await using var server = Start(resolver);
        var answer = await server.DigAsync($"WWW.other.example A {how}");
        Assert.Contains(TheirAddress, answer, StringComparison.Ordinal);
        Assert.Contains("flags: qr rd ra;", answer, StringComparison.Ordinal);
        Assert.Equal(how == "+tcp", Assert.Single(resolver.Asked).Port < 0);
    }

    [Fact]
    public async Task Own_names_are_never_forwarded_and_other_clients_are_refused()
    {
        await using var resolver = new ScriptedResolver();
        await using var server = Start(resolver, options => options.ForwardClients = [IPNetwork.Parse("127.0.0.1/32")]);
        Assert.Contains("192.0.2.1", await server.DigAsync("www.own.example A"), StringComparison.Ordinal);
        foreach (var question in new[] { "absent.own.example A", "x.y.own.example A" }) Assert.Contains("status: NXDOMAIN", await server.DigAsync(question), StringComparison.Ordinal);
        Assert.Contains(Refused, await server.DigAsync("www.other.example A +norec"), StringComparison.Ordinal);
        foreach (var transport in new[] { "+notcp", "+tcp" })
        {
            var stranger = await server.DigAsync($"-b 127.0.0.3 www.other.example A {transport}");
            Assert.Contains(Refused, stranger, StringComparison.Ordinal);
            Assert.DoesNotContain(" ra", stranger.Split("flags:")[1].Split(';')[0], StringComparison.Ordinal);
        }

        Assert.Empty(resolver.Asked);
    }

    [Fact]
    public async Task What_comes_from_a_resolver_is_not_sent_to_one()
    {
        await using var resolver = new ScriptedResolver();
        await using var server = Start(resolver);
        Assert.Contains(Refused, await server.DigAsync("-b 127.0.0.2 www.other.example A"), StringComparison.Ordinal);
        Assert.Empty(resolver.Asked);
    }

    [Fact]
    public async Task The_next_resolver_is_asked_when_the_first_is_silent_and_is_then_asked_first()
    {
        await using var silent = new ScriptedResolver { IsSilent = true };
        await using var second = new ScriptedResolver("127.0.0.4");
        await using var server = Start(silent, options => options.ForwardTo = [silent.Endpoint, second.Endpoint]);
        for (var i = 0; i < 3; i++) Assert.Contains(TheirAddress, await server.DigAsync($"www{i}.other.example A"), StringComparison.Ordinal);
        Assert.Single(silent.Asked);
        Assert.Equal(3, second.Asked.Count);
    }

    [Fact]
    public async Task Silence_of_all_is_a_failure_for_the_client_and_costs_own_names_nothing()
    {
        await using var silent = new ScriptedResolver { IsSilent = true };
        await using var server = Start(silent, options => (options.ForwardAtOnce, options.UdpThreads) = (1, 1));
        var waiting = Enumerable.Range(0, 5).Select(i => server.DigAsync($"www{i}.other.example A +time=20")).ToList();
        await Eventually.TrueAsync(() => !silent.Asked.IsEmpty, "a query is on its way");
        for (var i = 0; i < 20; i++) Assert.Contains("192.0.2.1", await server.DigAsync("www.own.example A"), StringComparison.Ordinal);
        foreach (var answer in await Task.WhenAll(waiting))
        {
            Assert.Contains("status: SERVFAIL", answer, StringComparison.Ordinal);
            Assert.Contains("EDE: 23", answer, StringComparison.Ordinal);
        }

        Assert.Contains("status: SERVFAIL", await server.DigAsync("www.other.example A +tcp"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forged_answers_are_passed_over()
    {
        await using var resolver = new ScriptedResolver { SendsForgeries = true };
        await using var server = Start(resolver);
        Assert.Contains(TheirAddress, await server.DigAsync("www.other.example A"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_query_has_a_port_and_an_id_of_its_own_and_tells_the_resolver_no_cookie_of_the_client()
    {
        await using var resolver = new ScriptedResolver();
        await using var server = Start(resolver);
        for (var i = 0; i < 8; i++) Assert.Contains(TheirAddress, await server.DigAsync("www.other.example A +cookie"), StringComparison.Ordinal);
        Assert.True(resolver.Asked.Select(asked => asked.Port).Distinct().Count() > 4, "ports repeat");
        Assert.True(resolver.Asked.Select(asked => (asked.Message[0] << 8) | asked.Message[1]).Distinct().Count() > 4, "IDs repeat");
        // Header, question, and an OPT record without options.
        Assert.All(resolver.Asked, asked => Assert.Equal(12 + 19 + 4 + 11, asked.Message.Length));
    }

    [Fact]
    public async Task What_does_not_fit_by_UDP_comes_by_TCP()
    {
        await using var resolver = new ScriptedResolver { Truncates = true };
        await using var server = Start(resolver);
        Assert.Contains(TheirAddress, await server.DigAsync("www.other.example A"), StringComparison.Ordinal);
        Assert.Equal(2, resolver.Asked.Count);
    }

    [Fact]
    public async Task Pipelined_queries_before_and_after_a_forwarded_one_are_answered()
    {
        await using var resolver = new ScriptedResolver();
        await using var server = Start(resolver);
        using var client = new TcpClient();
        await client.ConnectAsync(server.Endpoint, Deadline.Generous);
        await client.GetStream().WriteAsync(Enumerable.Range(1, 5).SelectMany(id => Frame((byte)id, id % 2 == 0 ? "other" : "own")).ToArray(), Deadline.Generous);
        var answers = new Dictionary<int, int>();
        for (var i = 1; i <= 5; i++)
        {
            var answer = await ReadFrameAsync(client.GetStream());
            answers[answer[1]] = answer[^1];
        }

        Assert.Equal([1, 2, 3, 4, 5], answers.Keys.Order());
        Assert.All(answers, answer => Assert.Equal(answer.Key % 2 == 0 ? 7 : 1, answer.Value));
        Assert.Equal(2, resolver.Asked.Count);
    }

    [Fact]
    public async Task A_forwarded_query_holds_up_no_other_of_its_connection_and_its_answer_comes_though_the_client_asks_no_more()
    {
        var release = new TaskCompletionSource();
        await using var resolver = new ScriptedResolver { Held = release.Task };
        await using var server = Start(resolver, options => options.ForwardTimeout = TimeSpan.FromSeconds(30));
        using var client = new TcpClient();
        await client.ConnectAsync(server.Endpoint, Deadline.Generous);
        var stream = client.GetStream();
        byte[] queries = [.. Frame(1, "other"), .. Frame(2, "own"), .. Frame(3, "own")];
        await stream.WriteAsync(queries, Deadline.Generous);
        Assert.Equal(2, (await ReadFrameAsync(stream))[1]);
        Assert.Equal(3, (await ReadFrameAsync(stream))[1]);
        client.Client.Shutdown(SocketShutdown.Send);
        release.SetResult();
        var late = await ReadFrameAsync(stream);
        Assert.Equal((1, 7), (late[1], late[^1]));
        Assert.Equal(0, await stream.ReadAsync(new byte[1], Deadline.Generous));
    }

    [Fact]
    public async Task More_forwarded_queries_than_one_connection_may_have_wait_for_their_turn()
    {
        var release = new TaskCompletionSource();
        await using var resolver = new ScriptedResolver { Held = release.Task };
        await using var server = Start(resolver, options => options.ForwardTimeout = TimeSpan.FromSeconds(30));
        using var client = new TcpClient();
        await client.ConnectAsync(server.Endpoint, Deadline.Generous);
        await client.GetStream().WriteAsync(Enumerable.Range(1, 200).SelectMany(id => Frame((byte)id, "other")).ToArray(), Deadline.Generous);
        await Eventually.TrueAsync(() => !resolver.Asked.IsEmpty, "the resolver is asked");
        release.SetResult();
        var answered = new HashSet<int>();
        while (answered.Count < 200)
        {
            var answer = await ReadFrameAsync(client.GetStream());
            Assert.Equal((0, 7), (answer[3] & 0xF, answer[^1]));
            answered.Add(answer[1]);
        }
    }

    [Fact]
    public async Task A_server_that_would_ask_itself_does_not_start()
    {
        int port;
        await using (var first = RunningNameServer.StartAlone()) port = first.Endpoint.Port;
        var options = RunningNameServer.Options();
        options.Listen = [new IPEndPoint(IPAddress.Any, port)];
        options.ForwardTo = [new IPEndPoint(IPAddress.Loopback, port)];
        options.ForwardClients = [IPNetwork.Parse("127.0.0.0/8")];
        await using var server = RunningNameServer.StartAlone(options: options);
        Assert.Contains("is this very server", Assert.Single(server.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_query_log_has_one_line_for_each_query_and_is_off_by_default()
    {
        await using var resolver = new ScriptedResolver();
        using var log = new KeptLog();
        await using (var server = Start(resolver, options => options.QueryLog = true, log))
        {
            await server.DigAsync("WWW.own.example A");
            await server.DigAsync("www.other.example AAAA +tcp");
            await server.DigAsync("'line\\010break.own.example' TXT");
        }

        var lines = log.Lines.Where(line => line.Contains("Query from", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, lines.Count);
        Assert.Matches(@"^Information: Query from 127\.0\.0\.1 by udp: www\.own\.example\. A: NoError, \d+ octets$", lines[0]);
        Assert.Equal("Information: Query from 127.0.0.1 by tcp: www.other.example. AAAA: forwarded, 0 octets", lines[1]);
        Assert.Matches(@"by udp: '?line\\010break\.own\.example", lines[2]);

        using var quiet = new KeptLog();
        await using (var server = Start(resolver, logs: quiet)) await server.DigAsync("www.own.example A");
        Assert.DoesNotContain(quiet.Lines, line => line.Contains("Query from", StringComparison.Ordinal));
    }

    private static async Task<byte[]> ReadFrameAsync(NetworkStream stream)
    {
        var head = new byte[2];
        await stream.ReadExactlyAsync(head, Deadline.Generous);
        var answer = new byte[(head[0] << 8) | head[1]];
        await stream.ReadExactlyAsync(answer, Deadline.Generous);
        return answer;
    }

    // www.own.example A or www.other.example A, with RD.
    private static byte[] Frame(byte id, string label)
    {
        byte[] query = [0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, .. "www"u8, (byte)label.Length, .. Encoding.ASCII.GetBytes(label), 7, .. "example"u8, 0, 0, 1, 0, 1];
        return [0, (byte)query.Length, .. query];
    }

    private static RunningNameServer Start(ScriptedResolver resolver, Action<DnsOptions>? change = null, KeptLog? logs = null)
    {
        var options = RunningNameServer.Options();
        options.ForwardTo = [resolver.Endpoint];
        options.ForwardClients = [IPNetwork.Parse("127.0.0.0/8")];
        options.ForwardTimeout = TimeSpan.FromSeconds(1);
        change?.Invoke(options);
        var server = RunningNameServer.StartAlone(options: options, logs: logs);
        var zone = new Zone(DomainName.Parse("own.example"), options.ZoneDefaults, 1);
        zone.Put(DomainName.Parse("www.own.example"), Encoding.UTF8.GetBytes("""{"a":[{"ip":"192.0.2.1"}]}"""), []);
        server.Feed.Zones.Add(zone);
        return server;
    }
}

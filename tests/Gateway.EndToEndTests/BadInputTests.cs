using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>Bad input gets one line that names the cause and the cure, a proper code, and nothing is lost.</summary>
public sealed class BadInputTests
{
    private static readonly string[] Ports = ["--admin", "127.0.0.1:0", "--explorer-listen", "127.0.0.1:0", "--dns-listen", "127.0.0.1:0", "--router-http-listen", "127.0.0.1:0", "--router-tls-listen", "127.0.0.1:0", "--router-tunnel-listen", "127.0.0.1:0"];

    [Fact]
    public async Task Every_fault_of_the_options_is_named_at_once_and_the_code_is_2()
    {
        using var work = new TemporaryDirectory();
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["--state", work.File("state"), "--dns-listn", "127.0.0.1:53", "--drain-nothing", "1", "--redis-port", "99999", "--domains", "gw..test"]);
        Assert.Equal(2, ended.Code);
        Assert.Contains("gatewayd: flag --dns-listn: unknown option", ended.Error, StringComparison.Ordinal);
        Assert.Contains("gatewayd: flag --redis-port: '99999' is out of range: 0 to 65535.", ended.Error, StringComparison.Ordinal);
        Assert.Contains("gatewayd: flag --domains: 'gw..test' is not a domain name like gw.example.com.", ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(work.File("state")));
    }

    [Fact]
    public async Task An_occupied_port_is_named_with_its_holder()
    {
        using var work = new TemporaryDirectory();
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var taken = holder.LocalEndpoint.ToString()!;
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["--state", work.File("state"), .. Ports, "--router-tls-listen", taken]);
        Assert.Equal(1, ended.Code);
        var line = Assert.Single(ended.Error.Split('\n'), line => line.StartsWith("gatewayd: ", StringComparison.Ordinal));
        Assert.Contains($"port {taken.Split(':')[1]}", line, StringComparison.Ordinal);
        Assert.Contains($"(pid {Environment.ProcessId})", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Occupied_UDP_and_admin_ports_are_named_with_their_holder_too()
    {
        using var work = new TemporaryDirectory();
        using var udp = OnlyUdp();
        using var tcp = new TcpListener(IPAddress.Loopback, 0);
        tcp.Start();
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["--state", work.File("state"), .. Ports, "--dns-listen", udp.Client.LocalEndPoint!.ToString()!, "--admin", tcp.LocalEndpoint.ToString()!]);
        Assert.Equal(1, ended.Code);
        var lines = ended.Error.Split('\n').Where(line => line.StartsWith("gatewayd: ", StringComparison.Ordinal)).ToArray();
        Assert.Contains(lines, line => line.Contains($"UDP port {((IPEndPoint)udp.Client.LocalEndPoint).Port}", StringComparison.Ordinal) && line.Contains($"(pid {Environment.ProcessId})", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains($"admin: TCP port {((IPEndPoint)tcp.LocalEndpoint).Port}", StringComparison.Ordinal) && line.Contains($"(pid {Environment.ProcessId})", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
    }

    // A port whose TCP side nobody has, and nobody gets by chance: it is below those that the kernel hands out.
    private static UdpClient OnlyUdp()
    {
        while (true)
        {
            var at = new IPEndPoint(IPAddress.Loopback, Random.Shared.Next(20_000, 32_000));
            try
            {
                using var tcp = new TcpListener(at);
                tcp.Start();
                return new UdpClient(at);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Another one.
            }
        }
    }

    [Theory]
    [InlineData("""{"foo": {}}""", "'foo' is no section")]
    [InlineData("""{"dns": {"lisen": []}}""", "did you mean 'dns.listen'?")]
    [InlineData("""{"state": "x"} trailing""", "not valid JSON")]
    public async Task A_wrong_configuration_file_is_found_by_check_config(string json, string says)
    {
        using var work = new TemporaryDirectory();
        await File.WriteAllTextAsync(work.File("gatewayd.json"), json);
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["check-config", "--config", work.File("gatewayd.json")]);
        Assert.Equal(2, ended.Code);
        Assert.Contains(says, ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_directory_that_cannot_be_written_is_one_line()
    {
        using var work = new TemporaryDirectory();
        await File.WriteAllTextAsync(work.File("file"), "");
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["--state", work.File("file/state"), .. Ports]);
        Assert.Equal(1, ended.Code);
        Assert.Matches("^gatewayd: state: '.*/file/state' cannot be .*--state\\.\n$", ended.Error);
    }

    [Fact]
    public async Task A_second_node_on_one_state_directory_is_refused()
    {
        using var work = new TemporaryDirectory();
        await using var first = await RunningNode.StartAsync(work.File("state"));
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["--state", work.File("state"), .. Ports]);
        Assert.Equal(1, ended.Code);
        Assert.Contains("is in use by another gatewayd", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_are_told_what_is_wrong_and_what_they_hold_is_untouched()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        var stranger = new CommandLineUser(node, work.Path, "stranger");
        await SaysAsync(stranger, 1, "There is no identity", "gateway identity new", "reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");
        await stranger.MustAsync("identity", "new");
        await SaysAsync(stranger, 1, "is not registered", "gateway user register", "reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");

        var alice = await new CommandLineUser(node, work.Path).RegisterAsync();
        await alice.MustAsync("reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.1");
        await SaysAsync(alice, 2, "is not a domain name", "letters, digits, hyphens and dots", "reserve", "subdomain", "a..gw.test", "--ip", "127.0.0.1");
        await SaysAsync(alice, 2, "'bücher.gw.test' cannot be reserved as it is written", "xn--bcher-kva.gw.test", "reserve", "subdomain", "bücher.gw.test", "--ip", "127.0.0.1");
        await SaysAsync(alice, 3, "no-such-zone.example", "delegate", "reserve", "subdomain", "www.no-such-zone.example", "--ip", "127.0.0.1");

        var bob = await new CommandLineUser(node, work.Path, "bobby").RegisterAsync();
        await SaysAsync(bob, 3, "a.gw.test", "reserved", "reserve", "subdomain", "a.gw.test", "--ip", "127.0.0.9");
        Assert.Equal((0, 1), await Resolver.AskAsync(node.Dns, "a.gw.test"));
        Assert.Single((await alice.MustAsync("reservations")).AsArray());
    }

    [Fact]
    public async Task A_wrong_signature_is_refused_by_the_explorer()
    {
        using var work = new TemporaryDirectory();
        await using var node = await RunningNode.StartAsync(work.File("state"));
        using var client = new HttpClient { BaseAddress = node.Explorer };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/reservations/workloads") { Content = JsonContent.Create(new { workload_id = 1 }) };
        request.Headers.TryAddWithoutValidation("Authorization", "Signature keyId=\"1\",algorithm=\"ed25519\",created=\"1\",headers=\"(created) date threebot-id\",signature=\"AAAA\"");
        using var response = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("unauthorized access", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_in_Redis_that_cannot_be_read_keeps_the_last_good_one()
    {
        using var work = new TemporaryDirectory();
        await using var redis = await RedisServer.StartAsync(work.File("redis"));
        await using var node = await RunningNode.StartAsync(work.File("state"), "--redis", redis.Url);
        await redis.CommandAsync("HSET", "gw.test.", "kept", """{"a":[{"ip":"192.0.2.1","ttl":60}]}""");
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, "kept.gw.test") == (0, 1), "a record written by hand is answered");
        await redis.CommandAsync("HSET", "gw.test.", "kept", "{broken");
        await redis.CommandAsync("HSET", "gw.test.", "after", """{"a":[{"ip":"192.0.2.2","ttl":60}]}""");
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, "after.gw.test") == (0, 1), "a later record is answered");
        Assert.Equal((0, 1), await Resolver.AskAsync(node.Dns, "kept.gw.test"));
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains("kept", StringComparison.Ordinal)), "the log names the record");
        await redis.CommandAsync("HDEL", "gw.test.", "after");
        await Programs.EventuallyAsync(async () => await Resolver.AskAsync(node.Dns, "after.gw.test") == (3, 0), "a record deleted by hand is gone");
    }

    private static async Task SaysAsync(CommandLineUser user, int code, string cause, string cure, params string[] arguments)
    {
        var ended = await user.RunAsync(arguments);
        Assert.True(ended.Code == code, $"code {ended.Code}: {ended.Output}{ended.Error}");
        Assert.StartsWith("gateway: ", ended.Error, StringComparison.Ordinal);
        Assert.Contains(cause, ended.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(cure, ended.Error, StringComparison.OrdinalIgnoreCase);
    }
}

using System.Buffers.Binary;
using System.Net.Sockets;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Dns;

public sealed class NameServerTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    private const string One = """{"a":[{"ip":"192.0.2.1","ttl":60}]}""";

    [Fact]
    public async Task A_name_that_redis_cli_writes_is_answered_and_one_that_it_deletes_is_denied()
    {
        await redis.FlushAsync();
        await using var server = await RunningNameServer.StartAsync(redis);
        await using var other = await redis.ConnectAsync();
        var database = other.Database;
        await database.HashSetAsync("zone", "cli.test", """{"Owner":"7"}""");
        await UntilAsync(server, "cli.test SOA", "status: NOERROR");
        await UntilAsync(server, "www.cli.test A", "status: NXDOMAIN");
        await database.HashSetAsync("cli.test.", "www", One);
        await UntilAsync(server, "www.cli.test A", "192.0.2.1");
        await database.HashSetAsync("cli.test.", "www", One.Replace("192.0.2.1", "192.0.2.2", StringComparison.Ordinal));
        await UntilAsync(server, "www.cli.test A", "192.0.2.2");
        await database.HashDeleteAsync("cli.test.", "www");
        await UntilAsync(server, "www.cli.test A", "status: NXDOMAIN");
        await database.HashDeleteAsync("zone", "cli.test");
        await UntilAsync(server, "cli.test SOA", "status: REFUSED");
    }

    [Fact]
    public async Task A_name_that_our_writer_sets_is_answered()
    {
        await redis.FlushAsync();
        await using var server = await RunningNameServer.StartAsync(redis);
        await using var other = await redis.ConnectAsync();
        var writer = new LedgerWriter(other, TimeProvider.System);
        var fence = LedgerWriter.NoFence;
        await writer.WriteAsync([new LedgerWrite.SetField("zone", "own.test", """{"Owner":"7"}"""), new LedgerWrite.SetField("own.test.", "www", One)], fence, CancellationToken.None);
        await UntilAsync(server, "www.own.test A", "192.0.2.1");
        await writer.WriteAsync([new LedgerWrite.DeleteField("own.test.", "www")], fence, CancellationToken.None);
        await UntilAsync(server, "www.own.test A", "status: NXDOMAIN");
    }

    [Fact]
    public async Task Dig_and_kdig_get_the_same_by_UDP_and_TCP()
    {
        await using var server = await WithZoneAsync("peers.test", ("www", One), ("big", Big()));
        foreach (var how in new[] { "+notcp", "+tcp", "+noedns", "+nocookie", "+dnssec", "+nsid" })
        {
            Assert.Contains("192.0.2.1", await server.DigAsync($"www.peers.test A {how}"), StringComparison.Ordinal);
            Assert.Contains("status: NXDOMAIN", await server.DigAsync($"missing.peers.test A {how}"), StringComparison.Ordinal);
        }

        Assert.Contains("192.0.2.1", await server.KdigAsync("www.peers.test A +cookie +keepopen"), StringComparison.Ordinal);
        Assert.Contains("192.0.2.1", await server.KdigAsync("www.peers.test A +tcp"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("adv", "D16")]
    public async Task Dig_comes_back_by_TCP_for_what_is_too_long()
    {
        await using var server = await WithZoneAsync("long.test", ("big", Big()));
        var output = await server.DigAsync("big.long.test TXT +noall +answer +comments +noedns");
        Assert.Contains("Truncated, retrying in TCP mode", output, StringComparison.Ordinal);
        Assert.Contains("ANSWER: 250", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_serial_moves_with_data_alone_and_is_the_same_on_every_node()
    {
        await using var one = await WithZoneAsync("serial.test", ("www", One));
        await using var two = await RunningNameServer.StartAsync(redis);
        var first = await SerialAsync(one, "serial.test");
        await Eventually.TrueAsync(async () => await SerialAsync(two, "serial.test") == first, "both nodes serve one serial");
        await using var other = await redis.ConnectAsync();
        await other.Database.HashSetAsync("serial.test.", "www", " " + One);
        await other.Database.HashSetAsync("serial.test.", "mail", One);
        await UntilAsync(one, "mail.serial.test A", "192.0.2.1");
        await Eventually.TrueAsync(async () => await SerialAsync(one, "serial.test") is var moved && moved > first && await SerialAsync(two, "serial.test") == moved, "both move to one new serial");
        var last = await SerialAsync(one, "serial.test");
        await using var three = await RunningNameServer.StartAsync(redis);
        await Eventually.TrueAsync(async () => await SerialAsync(three, "serial.test") == last, "a restart finds the serial");
    }

    [Fact]
    public async Task A_start_without_Redis_serves_the_file_of_the_last_run()
    {
        var path = Path.Combine(redis.Directory, "zones.lkg");
        uint serial;
        await redis.FlushAsync();
        await using (var other = await redis.ConnectAsync())
        {
            await other.Database.HashSetAsync("zone", "kept.test", """{"Owner":"7"}""");
            await other.Database.HashSetAsync("kept.test.", [new("www", One), new("@", """{"txt":[{"text":"apex"}]}""")]);
        }

        await using (var server = await RunningNameServer.StartAsync(redis, file: new LastKnownGood(path, NullLogger.Instance)))
        {
            await UntilAsync(server, "www.kept.test A", "192.0.2.1");
            await Eventually.TrueAsync(async () => await SerialAsync(server, "kept.test") > 0, "a serial");
            serial = await SerialAsync(server, "kept.test");
        }

        await using var alone = RunningNameServer.StartAlone(new LastKnownGood(path, NullLogger.Instance));
        Assert.Contains("192.0.2.1", await alone.DigAsync("www.kept.test A"), StringComparison.Ordinal);
        Assert.Contains("apex", await alone.DigAsync("kept.test TXT"), StringComparison.Ordinal);
        Assert.Equal(serial, await SerialAsync(alone, "kept.test"));
        Assert.NotNull(alone.Feed.ServedFromFile);
    }

    [Fact]
    public async Task Foreign_spellings_of_names_are_served()
    {
        await using var server = await WithZoneAsync("odd.test", ("WWW", One), ("", """{"txt":[{"text":"apex"}]}"""), ("a", "{broken"), ("bad..name", One));
        Assert.Contains("192.0.2.1", await server.DigAsync("www.odd.test A"), StringComparison.Ordinal);
        Assert.Contains("apex", await server.DigAsync("odd.test TXT"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_foreign_change_of_a_large_zone_is_found_while_our_own_go_on()
    {
        await redis.FlushAsync();
        await using var other = await redis.ConnectAsync();
        var names = Enumerable.Range(0, 12_000).Select(i => new HashEntry($"n{i}", One)).ToArray();
        await other.Database.HashSetAsync("large.test.", names);
        await using var server = await RunningNameServer.StartAsync(redis);
        await UntilAsync(server, "n11999.large.test A", "192.0.2.1");
        await other.Database.HashSetAsync("large.test.", "foreign", One);
        await other.Database.HashDeleteAsync("large.test.", "n7");
        var writer = new LedgerWriter(other, TimeProvider.System);
        await writer.WriteAsync([new LedgerWrite.SetField("large.test.", "own", One)], LedgerWriter.NoFence, CancellationToken.None);
        await UntilAsync(server, "own.large.test A", "192.0.2.1");
        await UntilAsync(server, "foreign.large.test A", "192.0.2.1");
        await UntilAsync(server, "n7.large.test A", "status: NXDOMAIN");
        Assert.Contains("192.0.2.1", await server.DigAsync("n8.large.test A"), StringComparison.Ordinal);
        // So many at once may be an accident: only the operator's word lets them go.
        await other.Database.KeyDeleteAsync("large.test.");
        await Eventually.TrueAsync(() => server.Feed.Guard.Held > 12_000, "the loss is noticed");
        Assert.Contains("192.0.2.1", await server.DigAsync("n8.large.test A"), StringComparison.Ordinal);
        server.Feed.Guard.Accept();
        await UntilAsync(server, "n8.large.test A", "status: REFUSED");
    }

    [Fact]
    public async Task Thousands_of_zones_are_all_loaded_whatever_stands_between_them()
    {
        await redis.FlushAsync();
        await using var other = await redis.ConnectAsync();
        var database = other.Database;
        var writes = new List<Task>();
        for (var i = 0; i < 3_000; i++)
        {
            writes.Add(database.HashSetAsync("zone", $"z{i}.test", """{"Owner":"7"}"""));
            // One in ten has no names yet, one in a hundred a key that is no hash.
            if (i % 100 == 99) writes.Add(database.StringSetAsync($"z{i}.test.", "no hash"));
            else if (i % 10 > 0) writes.Add(database.HashSetAsync($"z{i}.test.", [new("@", One), new("www", One.Replace("192.0.2.1", $"10.0.{i >> 8}.{i & 255}", StringComparison.Ordinal))]));
        }

        await Task.WhenAll(writes);
        await using var server = await RunningNameServer.StartAsync(redis);
        await Eventually.TrueAsync(() => server.Feed.ZoneCount == 3_000, "all zones are served");
        foreach (var i in new[] { 1, 255, 256, 257, 511, 1_234, 2_998 }) Assert.Contains($"10.0.{i >> 8}.{i & 255}", await server.DigAsync($"www.z{i}.test A"), StringComparison.Ordinal);
        foreach (var i in new[] { 0, 10, 99, 2_999 }) Assert.Contains("status: NXDOMAIN", await server.DigAsync($"www.z{i}.test A"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zone_whose_key_has_capitals_is_served_until_the_right_key_comes()
    {
        await redis.FlushAsync();
        await using var server = await RunningNameServer.StartAsync(redis);
        await using var other = await redis.ConnectAsync();
        await other.Database.HashSetAsync("Caps.TEST.", "www", One);
        await UntilAsync(server, "www.caps.test A", "192.0.2.1");
        await other.Database.HashSetAsync("caps.test.", "www", One.Replace("192.0.2.1", "192.0.2.2", StringComparison.Ordinal));
        await UntilAsync(server, "www.caps.test A", "192.0.2.2");
        await other.Database.KeyDeleteAsync(["Caps.TEST.", "caps.test."]);
        await UntilAsync(server, "www.caps.test A", "status: REFUSED");
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        await using var first = RunningNameServer.StartAlone();
        var options = RunningNameServer.Options();
        options.Listen = [first.Endpoint];
        await using var second = RunningNameServer.StartAlone(options: options);
        Assert.Contains($"{first.Endpoint.Port}", Assert.Single(second.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_stops_within_a_second_though_clients_hold_connections()
    {
        var server = await WithZoneAsync("stop.test", ("www", One));
        using var idle = await ConnectAsync(server);
        await server.DisposeAsync();
        Assert.InRange(server.StopTime, TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Assert.Equal(0, await idle.ReceiveAsync(new byte[1]));
    }

    [Fact]
    [Trait("adv", "D4")]
    public async Task A_thousand_pipelined_queries_are_all_answered()
    {
        await using var server = await WithZoneAsync("pipe.test", ("www", One));
        using var client = await ConnectAsync(server);
        var query = Frame("www.pipe.test");
        var all = Enumerable.Repeat(query, 1000).SelectMany(frame => frame).ToArray();
        await client.SendAsync(all);
        client.Shutdown(SocketShutdown.Send);
        var received = new MemoryStream();
        var buffer = new byte[65536];
        while (await client.ReceiveAsync(buffer) is var count and > 0) received.Write(buffer, 0, count);
        var answers = 0;
        for (var at = 0; at < received.Length; answers++) at += 2 + BinaryPrimitives.ReadUInt16BigEndian(received.GetBuffer().AsSpan(at));
        Assert.Equal(1000, answers);
    }

    [Fact]
    [Trait("adv", "D4")]
    public async Task A_query_in_single_octets_is_answered_and_one_that_never_ends_is_cut()
    {
        await using var server = await WithZoneAsync("slow.test", ("www", One));
        using var client = await ConnectAsync(server);
        foreach (var octet in Frame("www.slow.test")) await client.SendAsync(new[] { octet });
        Assert.True(await client.ReceiveAsync(new byte[2048]) > 12);
        await client.SendAsync(new byte[] { 0xFF, 0xFF, 1 });
        Assert.True(await EndsAsync(client));
    }

    [Fact]
    [Trait("adv", "D4")]
    public async Task One_address_gets_so_many_connections_and_no_more()
    {
        await redis.FlushAsync();
        await using var server = await RunningNameServer.StartAsync(redis, options => (options.TcpConnectionsPerClient, options.TcpIdle) = (3, TimeSpan.FromMinutes(5)));
        var clients = new List<Socket>();
        for (var i = 0; i < 3; i++) clients.Add(await ConnectAsync(server));
        foreach (var client in clients)
        {
            await client.SendAsync(Frame("x.test"));
            Assert.True(await client.ReceiveAsync(new byte[512]) > 0);
        }

        using var fourth = await ConnectAsync(server);
        Assert.True(await EndsAsync(fourth));
        Assert.Contains("REFUSED", await server.DigAsync("x.test A"), StringComparison.Ordinal);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    [Trait("adv", "D2")]
    public async Task A_flood_from_one_network_is_cut_to_the_rate_with_some_truncated()
    {
        await redis.FlushAsync();
        await using var server = await RunningNameServer.StartAsync(redis, options => (options.RateLimit, options.RateLimitExempt) = (10, []));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await client.ConnectAsync(server.Endpoint);
        var query = Frame("flood.test")[2..];
        for (var i = 0; i < 200; i++) await client.SendAsync(query);
        int whole = 0, truncated = 0;
        client.ReceiveTimeout = 2000;
        var buffer = new byte[1500];
        try
        {
            while (true)
            {
                client.Receive(buffer);
                if ((buffer[2] & 2) != 0) truncated++;
                else whole++;
            }
        }
        catch (SocketException)
        {
            // No more came.
        }

        Assert.InRange(whole, 10, 100);
        Assert.InRange(truncated, 20, 100);
    }

    private async Task<RunningNameServer> WithZoneAsync(string zone, params (string Field, string Json)[] names)
    {
        await redis.FlushAsync();
        await using (var other = await redis.ConnectAsync())
            await other.Database.HashSetAsync(zone + ".", [.. names.Select(name => new HashEntry(name.Field, name.Json))]);
        var server = await RunningNameServer.StartAsync(redis);
        await Eventually.TrueAsync(() => server.Feed.ZoneCount == 1, "the zone is loaded");
        return server;
    }

    private static Task UntilAsync(RunningNameServer server, string question, string expected) =>
        Eventually.TrueAsync(async () => (await server.DigAsync(question)).Contains(expected, StringComparison.Ordinal), $"{question} gives {expected}");

    private static async Task<uint> SerialAsync(RunningNameServer server, string zone)
    {
        var fields = (await server.DigAsync($"{zone} SOA +short")).Split(' ');
        return fields.Length > 2 && uint.TryParse(fields[2], out var serial) ? serial : 0;
    }

    private static async Task<Socket> ConnectAsync(RunningNameServer server)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(server.Endpoint);
        return client;
    }

    private static async Task<bool> EndsAsync(Socket client)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            return await client.ReceiveAsync(new byte[1], deadline.Token) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static byte[] Frame(string name)
    {
        byte[] query = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DomainName.Parse(name).Wire, 0, 1, 0, 1];
        return [0, (byte)query.Length, .. query];
    }

    private static string Big() =>
        $$"""{"txt":[{{string.Join(',', Enumerable.Range(0, 250).Select(i => $$"""{"text":"{{i}}{{new string('x', 235)}}"}"""))}}]}""";
}

using System.Diagnostics;
using Gateway.IntegrationTests.Support;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Store;

public sealed class PrivateRedisTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-redis-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_second_start_on_the_same_directory_finds_port_password_and_data()
    {
        RedisEndpoint first;
        await using (var redis = New())
        {
            Assert.Null(await redis.StartAsync(Stop));
            first = redis.Endpoint;
            await WithDatabaseAsync(first, async database => await database.HashSetAsync("zone", "a.test", "{}"));
        }

        await using var again = New();
        Assert.Null(await again.StartAsync(Stop));
        Assert.Equal(first, again.Endpoint);
        await WithDatabaseAsync(again.Endpoint, async database => Assert.Equal("{}", await database.HashGetAsync("zone", "a.test")));
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task Killed_it_comes_back_at_the_same_place_with_the_data()
    {
        await using var redis = New();
        Assert.Null(await redis.StartAsync(Stop));
        using var stop = new CancellationTokenSource();
        var running = redis.RunAsync(stop.Token);
        var endpoint = redis.Endpoint;
        await WithDatabaseAsync(endpoint, async database => await database.StringSetAsync("k", "v"));
        for (var kill = 1; kill <= 3; kill++)
        {
            Kill(redis.ProcessId!.Value);
            await Eventually.TrueAsync(() => redis.Restarts == kill && redis.ProcessId is not null, "the child was started again");
            await WithDatabaseAsync(endpoint, async database => Assert.Equal("v", await database.StringGetAsync("k")));
        }

        Assert.Equal(endpoint, redis.Endpoint);
        await stop.CancelAsync();
        await running;
        Assert.Null(redis.ProcessId);
    }

    [Fact]
    [Trait("adv", "R3")]
    public async Task Killed_while_it_rewrites_its_file_it_comes_back_at_once_and_leaves_no_process_behind()
    {
        await using var redis = New();
        Assert.Null(await redis.StartAsync(Stop));
        using var stop = new CancellationTokenSource();
        var running = redis.RunAsync(stop.Token);
        await WithDatabaseAsync(redis.Endpoint, async database =>
        {
            // A minute for each key: the rewriting child outlives every patience of this test.
            await database.ExecuteAsync("CONFIG", "SET", "rdb-key-save-delay", "60000000");
            for (var i = 0; i < 10; i++) await database.StringSetAsync($"k{i}", "v");
            await database.ExecuteAsync("BGREWRITEAOF");
        });
        var group = redis.ProcessId!.Value;
        await Eventually.TrueAsync(() => InGroup(group).Count == 2, "the rewriting child runs");
        Kill(group);
        await Eventually.TrueAsync(() => redis.Restarts == 1 && redis.ProcessId is not null, "the child was started again");
        await WithDatabaseAsync(redis.Endpoint, async database => Assert.Equal("v", await database.StringGetAsync("k9")));
        await Eventually.TrueAsync(() => InGroup(group).Count == 0, "nothing is left of the killed one");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task It_has_a_session_of_its_own_so_that_Ctrl_C_does_not_reach_it()
    {
        await using var redis = New();
        Assert.Null(await redis.StartAsync(Stop));
        Assert.Equal([redis.ProcessId!.Value], InGroup(redis.ProcessId.Value));
    }

    [Fact]
    public async Task The_password_is_on_no_command_line_and_in_files_for_the_owner_alone()
    {
        await using var redis = New();
        Assert.Null(await redis.StartAsync(Stop));
        var password = redis.Endpoint.Password.Reveal();
        Assert.Equal(64, password.Length);
        Assert.DoesNotContain(password, await File.ReadAllTextAsync($"/proc/{redis.ProcessId}/cmdline", Stop));
        Assert.Equal(password, await File.ReadAllTextAsync(Path.Combine(_directory, "password"), Stop));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, "password")));
    }

    [Fact]
    public async Task It_keeps_what_the_architecture_promises()
    {
        await using var redis = New();
        Assert.Null(await redis.StartAsync(Stop));
        await WithDatabaseAsync(redis.Endpoint, async database =>
        {
            foreach (var (setting, value) in new[]
            {
                ("appendonly", "yes"), ("appendfsync", "everysec"), ("auto-aof-rewrite-min-size", "201326592"), ("save", ""), ("maxmemory-policy", "noeviction"),
                ("notify-keyspace-events", "AKE"), ("bind", "127.0.0.1"), ("protected-mode", "yes"),
            })
            {
                var answer = (StackExchange.Redis.RedisValue[]?)await database.ExecuteAsync("CONFIG", "GET", setting);
                Assert.Equal((setting, value), (setting, answer![1].ToString()));
            }
        });
    }

    [Fact]
    public async Task A_directory_in_use_is_refused_by_name()
    {
        await using var redis = New();
        Assert.Null(await redis.StartAsync(Stop));
        await using var second = New();
        var fault = await second.StartAsync(Stop);
        Assert.Equal($"another gatewayd uses the state directory {_directory}: stop it, or give this one a directory of its own", fault);
        await WithDatabaseAsync(redis.Endpoint, async database => await database.PingAsync());
    }

    [Fact]
    public async Task A_process_left_over_from_a_killed_gateway_is_ended_and_its_data_found()
    {
        var leftover = await StartLeftoverAsync();
        await using var redis = New();
        Assert.Null(await redis.StartAsync(Stop));
        Assert.True(leftover.WaitForExit(TimeSpan.FromSeconds(20)));
        await WithDatabaseAsync(redis.Endpoint, async database => Assert.Equal("kept", await database.StringGetAsync("left")));
        leftover.Dispose();
    }

    [Fact]
    public async Task A_process_number_that_belongs_to_somebody_else_is_left_alone()
    {
        using var stranger = Process.Start("sleep", "300");
        await File.WriteAllTextAsync(Path.Combine(_directory, "redis.pid"), $"{stranger.Id}\n", Stop);
        await using var redis = New();
        Assert.Null(await redis.StartAsync(Stop));
        Assert.False(stranger.HasExited);
        stranger.Kill();
    }

    [Fact]
    public async Task A_port_in_use_is_refused_and_a_remembered_one_is_replaced()
    {
        using var holder = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        holder.Start();
        var port = ((System.Net.IPEndPoint)holder.LocalEndpoint).Port;
        await using (var redis = new PrivateRedis(_directory, port, TimeProvider.System, NullLoggerFactory.Instance))
            Assert.StartsWith($"port {port} of the private Redis is in use", await redis.StartAsync(Stop));
        await File.WriteAllTextAsync(Path.Combine(_directory, "port"), $"{port}", Stop);
        await using var other = New();
        Assert.Null(await other.StartAsync(Stop));
        Assert.NotEqual(port, other.Endpoint.Port);
    }

    [Fact]
    public async Task A_missing_program_names_the_package_to_install()
    {
        await using var redis = new PrivateRedis(_directory, 0, TimeProvider.System, NullLoggerFactory.Instance) { Program = "/nowhere/redis-server" };
        Assert.StartsWith("/nowhere/redis-server cannot be run: install redis-server", await redis.StartAsync(Stop));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_made_is_named()
    {
        var file = Path.Combine(_directory, "file");
        await File.WriteAllTextAsync(file, "", Stop);
        await using var redis = new PrivateRedis(Path.Combine(file, "redis"), 0, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.StartsWith($"the state directory {file}/redis cannot be written", await redis.StartAsync(Stop));
    }

    [Fact]
    public async Task A_damaged_append_only_file_is_a_fault_that_quotes_redis()
    {
        await using (var redis = New())
        {
            Assert.Null(await redis.StartAsync(Stop));
            await WithDatabaseAsync(redis.Endpoint, async database => await database.StringSetAsync("k", new string('v', 1000)));
        }

        var file = Directory.EnumerateFiles(Path.Combine(_directory, "appendonlydir"), "*.incr.aof").Single();
        var bytes = await File.ReadAllBytesAsync(file, Stop);
        bytes.AsSpan(10, 20).Fill((byte)'!');
        await File.WriteAllBytesAsync(file, bytes, Stop);
        await using var again = New();
        var fault = await again.StartAsync(Stop);
        Assert.StartsWith("redis-server ended with code 1: ", fault);
        Assert.Contains("redis-check-aof", fault, StringComparison.Ordinal);
    }

    // proc(5), stat: pid (name) state ppid pgrp session …
    private static List<int> InGroup(int group) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => Stat(name!)).Where(stat => stat.Length > 3 && stat[2] == $"{group}" && stat[3] == $"{group}" && stat[0] != "Z").Select(stat => int.Parse(stat[^1])),
    ];

    private static string[] Stat(string process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return [.. text[(text.LastIndexOf(')') + 2)..].Split(' ')[..4], process];
        }
        catch (IOException)
        {
            // It ended between the listing and the look.
            return [];
        }
    }

    private PrivateRedis New() => new(_directory, 0, TimeProvider.System, NullLoggerFactory.Instance);

    private static void Kill(int process)
    {
        using var victim = Process.GetProcessById(process);
        victim.Kill();
        victim.WaitForExit();
    }

    private static async Task WithDatabaseAsync(RedisEndpoint endpoint, Func<StackExchange.Redis.IDatabase, Task> work)
    {
        await using var connection = RedisConnection.Open(endpoint, TimeProvider.System, NullLoggerFactory.Instance);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await connection.WaitConnectedAsync(deadline.Token);
        await work(connection.Database);
    }

    // A redis-server on the directory whose starter is gone, as a gatewayd killed in the moment between fork and prctl leaves it.
    private async Task<Process> StartLeftoverAsync()
    {
        var process = Process.Start(new ProcessStartInfo("redis-server", ["--port", "0", "--unixsocket", Path.Combine(_directory, "s"), "--dir", _directory, "--appendonly", "yes", "--pidfile", Path.Combine(_directory, "redis.pid")]) { RedirectStandardOutput = true })!;
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(_directory, "s")), "the leftover listens");
        using var cli = Process.Start(new ProcessStartInfo("redis-cli", ["-s", Path.Combine(_directory, "s"), "SET", "left", "kept"]) { RedirectStandardOutput = true })!;
        await cli.WaitForExitAsync(Stop);
        return process;
    }
}

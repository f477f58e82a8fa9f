using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>What a supervisor sees of the daemon, and what it can ask of it.</summary>
public sealed class SupervisionTests
{
    [Fact]
    [Trait("adv", "O2")]
    public async Task The_supervisor_hears_of_readiness_life_reload_and_stop()
    {
        using var work = new TemporaryDirectory();
        await using var supervisor = new Supervisor(work.File("notify"));
        var configuration = work.File("gatewayd.json");
        await WriteLevelAsync(configuration, "information");
        await using var node = await RunningNode.StartUnderAsync(supervisor.Starter, work.File("state"), "--config", configuration);
        await supervisor.HeardAsync("READY=1");
        await supervisor.HeardAsync("WATCHDOG=1");
        await Programs.EventuallyAsync(() => Task.FromResult(supervisor.Text.Contains("routes, as Redis has them.", StringComparison.Ordinal)), "the status line tells what is served");

        await WriteLevelAsync(configuration, "debug");
        await HangUpAsync(node);
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains("the log level is Debug", StringComparison.Ordinal)), "the level is taken");
        await supervisor.HeardAsync("RELOADING=1");

        Assert.Equal(0, await node.StopAsync());
        await supervisor.HeardAsync("STOPPING=1");
    }

    [Fact]
    public async Task A_faulty_configuration_changes_nothing_while_running()
    {
        using var work = new TemporaryDirectory();
        var configuration = work.File("gatewayd.json");
        await WriteLevelAsync(configuration, "information");
        await using var node = await RunningNode.StartAsync(work.File("state"), "--config", configuration);
        await WriteLevelAsync(configuration, "loud");
        await HangUpAsync(node);
        await Programs.EventuallyAsync(() => Task.FromResult(node.Log.Contains($"nothing of it is taken: {configuration}:2: 'loud' is not one of trace", StringComparison.Ordinal)), "the fault is named");
        Assert.Equal(200, (await node.AdminAsync("/readyz")).Status);
    }

    [Fact]
    public async Task The_sample_configuration_is_good()
    {
        var ended = await Programs.RunAsync(Programs.Gatewayd, ["check-config", "--config", Path.Combine(Programs.Root, "packaging", "gatewayd.json")]);
        Assert.Equal((0, "The configuration is good.\n", ""), (ended.Code, ended.Output, ended.Error));
    }

    private static Task WriteLevelAsync(string file, string level) => File.WriteAllTextAsync(file, $"{{\n\"log_level\": \"{level}\" }}\n");

    private static Task<Ended> HangUpAsync(RunningNode node) =>
        Programs.RunAsync("kill", ["-HUP", node.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);

    /// <summary>The other end of sd_notify(3), with a watchdog that wants a sign of life every other second.</summary>
    private sealed class Supervisor : IAsyncDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        private readonly ConcurrentQueue<string> _heard = new();
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _listening;

        public Supervisor(string path)
        {
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            Starter = ["env", $"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=2000000"];
            _listening = ListenAsync();
        }

        /// <summary>What stands before the node's command line.</summary>
        public string[] Starter { get; }

        public string Text => string.Join('\n', _heard);

        public Task HeardAsync(string line) => Programs.EventuallyAsync(() => Task.FromResult(Text.Split('\n').Contains(line)), $"the supervisor hears {line}");

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _socket.Dispose();
            _stop.Dispose();
        }

        private async Task ListenAsync()
        {
            var buffer = new byte[4096];
            while (true)
            {
                var length = await _socket.ReceiveAsync(buffer, SocketFlags.None, _stop.Token);
                _heard.Enqueue(Encoding.UTF8.GetString(buffer, 0, length));
            }
        }
    }
}

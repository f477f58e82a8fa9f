using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Gateway.EndToEndTests.Support;
using Xunit;

namespace Gateway.EndToEndTests;

/// <summary>
/// Everything at once that a bad line does: it loses one packet of a hundred each way, delays each by up to 50 ms, and resets what is
/// on it once a second, while visitors come and go.
/// </summary>
public sealed partial class TunnelWeatherTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Visitors = 12;
    private const int Seed = 12;

    private static readonly Weather Bad = new(0.01, TimeSpan.FromMilliseconds(50));

    /* GATEWAY_SOAK_SECONDS=86400 makes it a day. */
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("GATEWAY_SOAK_SECONDS") ?? "8", CultureInfo.InvariantCulture));

    /* Of what comes and goes by itself: timers, connections and sockets that are kept ready. */
    private const int Few = 4;

    private TunnelMachines? _machines;
    private RoughLine? _line;
    private EchoService? _service;
    private BackgroundProgram? _client;

    private TunnelMachines Machines => _machines!;

    public async ValueTask InitializeAsync()
    {
        _machines = await TunnelMachines.CreateAsync();
        _line = await RoughLine.CreateAsync(Machines.Near, Machines.Far, TunnelMachines.Device, Seed);
        await Machines.JoinAsync();
        Machines.StartNode();
        _service = new EchoService(Machines.Far.NewSocket(), 8000);
        _client = await Machines.ExposeAsync("tcp://127.0.0.1:8000", "--heartbeat", TunnelMachines.Heartbeat, "--backoff", "1");
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null) await _service.DisposeAsync();
        _line?.Dispose();
        if (_machines is not null) await _machines.DisposeAsync();
    }

    [Fact, Trait("adv", "T12")]
    public async Task Loss_and_jitter_and_a_cut_each_second_give_nobody_what_is_not_his_and_leave_nothing_behind()
    {
        var visitors = new EchoingVisitors(Machines.Near, TunnelMachines.Host);
        var before = await RestedAsync(visitors);
        _line!.Weather = Bad;
        using var over = new CancellationTokenSource();
        var visits = Enumerable.Range(0, Visitors).Select(seed => visitors.RunAsync(seed, over.Token)).ToArray();
        var cuts = 0;
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Lasts; cuts++) await CutAsync(visitors);
        await over.CancelAsync();
        await Task.WhenAll(visits);
        output.WriteLine($"{cuts} cuts, {visitors.Answered} answered, {visitors.Unanswered} not, {_line.Lost} frames lost");
        Assert.Empty(visitors.Wrong);
        Assert.NotEqual(0, _line.Lost);
        Assert.InRange(visitors.Answered, Visitors * cuts, int.MaxValue);

        _line.Weather = Weather.Calm;
        var after = await RestedAsync(visitors);
        output.WriteLine($"{before} before, {after} after");
        await Programs.EventuallyAsync(async () => (after = await CountedAsync()).IsAtMost(before), $"{after} is no more than {before}", TimeSpan.FromSeconds(30));
        Assert.Empty(visitors.Wrong);
    }

    // Nobody is here, and the session is a new one, so that its connections are as many as at its beginning.
    private async Task<Counts> RestedAsync(EchoingVisitors visitors)
    {
        await CutAsync(visitors);
        await Programs.EventuallyAsync(async () => (await CountedAsync()) is { Tunnels: 1, Streams: 0, Visitors: 0, AtService: 0 }, "nobody is here");
        return await CountedAsync();
    }

    // Resets what is on the line, and waits until a visitor is served.
    private async Task CutAsync(EchoingVisitors visitors)
    {
        var pause = Stopwatch.GetTimestamp();
        await Programs.EventuallyAsync(() => visitors.AskTlsAsync([1, 2, 3]), $"a visitor is served; the client said {_client!.Output}");
        await Programs.EventuallyAsync(() => Task.FromResult(Stopwatch.GetElapsedTime(pause) > TimeSpan.FromSeconds(1)), "a second is over");
        var losses = _client!.Output.Split("lost: ").Length - 1;
        await Machines.Far.MustAsync("ss", "-K", "dst", TunnelMachines.NearAddress);
        await _client.SaysAsync("lost: ", losses + 1);
        await Programs.EventuallyAsync(() => visitors.AskTlsAsync([1, 2, 3]), $"a visitor is served again; the client said {_client.Output}");
    }

    private async Task<Counts> CountedAsync()
    {
        var metrics = (await Machines.Near.MustAsync("curl", "-s", "http://127.0.0.1:8091/metrics")).Split('\n').Select(line => Metric().Match(line)).Where(line => line.Success)
            .ToDictionary(line => line.Groups[1].Value, line => double.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture));
        int Value(string name) => (int)metrics[name];
        return new Counts(
            Value("gateway_router_tunnels"), Value("gateway_router_tunnel_streams"), Value("gateway_router_active_connections"), _service!.Visitors,
            Value("gateway_router_tasks"), Value("dotnet_timers"), Value("process_open_fds"), Directory.GetFiles($"/proc/{_client!.Id}/fd").Length);
    }

    [GeneratedRegex(@"^(\w+) (\S+)$")]
    private static partial Regex Metric();

    /// <summary>What lives at a moment: in the node, at the service, in the client.</summary>
    private sealed record Counts(int Tunnels, int Streams, int Visitors, int AtService, int Tasks, int Timers, int NodeDescriptors, int ClientDescriptors)
    {
        public bool IsAtMost(Counts other) =>
            (Tunnels, Streams, Visitors, AtService) == (1, 0, 0, 0) && Tasks <= other.Tasks + Few && Timers <= other.Timers + Few
            && NodeDescriptors <= other.NodeDescriptors + Few && ClientDescriptors <= other.ClientDescriptors + Few;
    }
}

using System.Collections;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Gateway.Model.Crypto;
using Gateway.Server.Admin;
using Gateway.Server.Logs;
using Gateway.Server.Metrics;
using Gateway.Server.Operating;
using Gateway.Server.Options;
using Gateway.Transport;
using Gateway.Transport.Questions;
using Microsoft.Extensions.Logging;

namespace Gateway.Server;

/// <summary>
/// One gateway node: starts its parts in the order of their needs, runs until told to stop, ends them in reverse, Redis last.
/// </summary>
internal sealed partial class Node : IAsyncDisposable
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StatusPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(20);

    private readonly Configuration _configuration;
    private readonly PassedSockets _passed;
    private readonly ServiceNotification _notification;
    private readonly TextWriter _output;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly LogThreshold _threshold;
    private readonly RecentTroubles _troubles;
    private readonly OtlpExport? _export;
    private readonly TrafficHistory _traffic;
    private readonly DelegationWatch _delegations;
    private readonly ProcessMetrics _process = new();
    private readonly ILoggerFactory _logs;
    private readonly ILogger<Node> _log;
    /* One: a second asking before the first is heard asks for the same. */
    private readonly Channel<Reload> _reloads = Channel.CreateBounded<Reload>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly MetricsText _metrics = new();
    private NodeDirectory? _directory;
    private NodeRedis? _redis;
    private NodeParts? _parts;
    private PartMetrics? _partMetrics;
    private HeldTunnels? _held;
    private AdminServer? _admin;

    public Node(Configuration configuration, PassedSockets passed, ServiceNotification notification, IDictionary environment, TextWriter output, TextWriter error)
    {
        (_configuration, _passed, _notification, _output) = (configuration, passed, notification, output);
        _threshold = new LogThreshold(configuration.Node.LogLevel);
        _troubles = new RecentTroubles(Cures.FromProgram(), _time);
        _traffic = new TrafficHistory(_metrics, () => _parts?.Traffic, _time);
        _delegations = new DelegationWatch(new StubResolver(configuration.Reconciler.Resolvers, _time), configuration.Node.Nameservers, _time);
        _logs = Logging.Create(configuration.Node, _threshold, error, environment, _time, _troubles);
        _log = _logs.CreateLogger<Node>();
        _export = OtlpExport.Start(configuration.Node);
    }

    /// <summary>Takes everything the node needs: directory, identity, Redis, ports. Faults, all at once where they can be; empty when it may run.</summary>
    public async Task<IReadOnlyList<string>> StartAsync(CancellationToken stop)
    {
        if (!Sodium.TryLoad(out var fault)) return [fault];
        if (!NodeDirectory.TryOpen(_configuration.Node.State, out _directory, out fault)) return [fault];
        // The reconciler signs and decrypts, the router names its tunnels by it: a process with neither makes no key.
        Identity? identity = null;
        if ((_configuration.Runs(Role.Reconciler) || _configuration.Runs(Role.Router)) && !NodeIdentity.TryTake(_configuration.Node, _directory, out identity, out fault)) return [fault];
        _redis = new NodeRedis(_configuration.Node, _directory, _time, _logs);
        if (await _redis.StartAsync(stop) is { } redisFault) return [redisFault];
        _parts = new NodeParts(_configuration, _directory, identity, _redis.Connection, _time, _logs);
        _partMetrics = new PartMetrics(Conditions, _parts, () => _redis.Connection.IsConnected);
        var faults = new List<string>(_parts.Bind(_passed));
        var view = new LedgerView(_redis.Connection, _delegations, _time);
        _held = new HeldTunnels(_redis.Connection, view, _parts, identity?.Id ?? "", _time);
        _admin = new AdminServer(_configuration.Node.Admin, _configuration.Node.AdminSocket, Conditions, FactsAsync, _parts.AcceptLoss, _metrics, Hands(_directory, _parts, view, FactsAsync), _logs);
        if (await _admin.StartAsync(_passed, stop) is { } adminFault) faults.Add(adminFault);
        faults.AddRange(_passed.Faults);
        _parts.Protect(_redis.EndPoint is { } redis ? [_admin.Bound, redis] : [_admin.Bound]);
        await _parts.ReloadAsync(stop);
        if (faults.Count == 0) NodeFacts.WriteListening(_directory, _parts, _admin);
        return faults;

        async Task<JsonObject> FactsAsync(CancellationToken asked) => NodeFacts.Describe(identity, _configuration, _parts!, _admin!, await _held!.DescribeAsync(asked), _time);
    }

    /// <summary>Asks a running node to read its configuration again, as <c>systemctl reload</c> does; several askings at once are one.</summary>
    public void Reload(IReadOnlyList<string> arguments, IDictionary environment) =>
        _reloads.Writer.TryWrite(new Reload(_configuration, arguments, environment, _threshold, _logs.CreateLogger<Reload>()));

    /// <summary>Runs until told to stop, or until a part breaks. Gives the process's exit code.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var redisEnd = new CancellationTokenSource();
        var redisRuns = _redis!.RunAsync(redisEnd.Token);
        var parts = _parts!.Start(end.Token);
        var announced = Task.WhenAll(AnnounceAsync(end.Token), TellSupervisorAsync(end.Token), _traffic.RunAsync(end.Token), _delegations.RunAsync(end.Token));
        var reloading = ReloadAsync(end.Token);
        var broken = await Task.WhenAny([.. parts, redisRuns, Stopped(stop)]);
        var failed = !stop.IsCancellationRequested;
        if (failed) Broke(_log, broken.Exception?.InnerException?.Message ?? "it ended by itself");
        else _notification.Stopping();
        await end.CancelAsync();
        await Task.WhenAll([.. parts, announced, reloading]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _redis.DisconnectAsync();
        await redisEnd.CancelAsync();
        await redisRuns.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return failed ? CommandLine.Failed : CommandLine.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_admin is not null) await _admin.DisposeAsync();
        _held?.Dispose();
        if (_parts is not null) await _parts.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
        _passed.Dispose();
        _directory?.Dispose();
        _partMetrics?.Dispose();
        _process.Dispose();
        _metrics.Dispose();
        _export?.Dispose();
        _logs.Dispose();
    }

    private AdminApi Hands(NodeDirectory directory, NodeParts parts, LedgerView view, Func<CancellationToken, Task<JsonObject>> facts)
    {
        var redis = _redis!.Connection;
        var backup = new StateBackup(view, redis, NodeIdentity.PathOf(_configuration.Node, directory), _time);
        var events = new LiveEvents(parts, view, _traffic, _troubles, Conditions, _time);
        return new AdminApi(new AdminKey(directory, _time), parts, view, new NameRelease(view, redis, _time), new UserFreeze(redis, _time), backup, events, _traffic, facts, _time, _logs.CreateLogger<AdminApi>());
    }

    private IReadOnlyList<Condition> Conditions() => [.. _redis!.Conditions(), .. _parts!.Conditions()];

    /// <summary>Says that the node serves, as soon as it does; after the deadline it says what is missing instead.</summary>
    private async Task AnnounceAsync(CancellationToken stop)
    {
        var end = _time.GetTimestamp() + (long)(ReadyDeadline.TotalSeconds * _time.TimestampFrequency);
        while (!Conditions().All(condition => condition.Serving) && _time.GetTimestamp() < end) await Task.Delay(AskAgain, _time, stop);
        var missing = Conditions().Where(condition => !condition.Serving).Select(condition => condition.Text).ToArray();
        if (missing.Length == 0) Serving(_log, _configuration.Node.State);
        else NotServing(_log, string.Join(" ", missing));
        _notification.Ready(missing.Length == 0 ? StatusLine() : "not everything serves yet: " + string.Join(" ", missing));
        if (_configuration.Node.Banner) await _output.WriteLineAsync(NodeFacts.Banner(_parts!, _admin!));
    }

    private async Task ReloadAsync(CancellationToken stop)
    {
        await foreach (var reload in _reloads.Reader.ReadAllAsync(stop))
        {
            _notification.Reloading();
            reload.Run();
            await _parts!.ReloadAsync(stop);
            _notification.Ready(StatusLine());
        }
    }

    /// <summary>A line for `systemctl status` and a sign of life for the watchdog, from a thread of the pool that does the node's work.</summary>
    private async Task TellSupervisorAsync(CancellationToken stop)
    {
        var period = _notification.WatchdogPeriod is { } watchdog && watchdog < StatusPeriod ? watchdog : StatusPeriod;
        using var timer = new PeriodicTimer(period, _time);
        while (await timer.WaitForNextTickAsync(stop)) _notification.Alive(StatusLine());
    }

    private string StatusLine()
    {
        if (_redis is null || _parts is null) return "starting";
        var troubles = Conditions().Where(condition => condition.Degraded).Select(condition => condition.Text).ToArray();
        return troubles.Length == 0 ? string.Join(" ", _parts.Conditions().Select(condition => condition.Text)) : string.Join(" ", troubles);
    }

    private static Task Stopped(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        stop.Register(stopped.SetResult);
        return stopped.Task;
    }

    [LoggerMessage(1, LogLevel.Information, "The node serves; its state is in {Directory}")]
    private static partial void Serving(ILogger log, string directory);

    [LoggerMessage(2, LogLevel.Warning, "The node is up but does not serve everything yet: {Missing}")]
    private static partial void NotServing(ILogger log, string missing);

    [LoggerMessage(3, LogLevel.Critical, "A part of the node broke, so the node stops: {Reason}")]
    private static partial void Broke(ILogger log, string reason);
}

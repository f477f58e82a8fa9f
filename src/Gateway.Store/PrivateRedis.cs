using Gateway.Store.Child;
using Microsoft.Extensions.Logging;

namespace Gateway.Store;

/// <summary>
/// A redis-server of our own, for a gateway that nobody gave one: a supervised child on a loopback port, with a random
/// password, whose data lies in one directory. It is started again when it dies, and ended last.
/// </summary>
public sealed partial class PrivateRedis : IAsyncDisposable
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    // A child that lived this long did not die of its configuration: the next restart is immediate again.
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(10);

    private readonly StateDirectory _state;
    private readonly int _port;
    private readonly TimeProvider _time;
    private readonly ILogger<PrivateRedis> _log;
    private RedisEndpoint? _endpoint;
    private RedisChild? _child;

    /// <summary>Prepares; nothing is touched before <see cref="StartAsync"/>.</summary>
    /// <param name="directory">Where data, password and port are kept; made, for this user alone, when it is not there.</param>
    /// <param name="port">Loopback port, 1 to 65535; 0: a free one, kept in the directory for the next start.</param>
    /// <param name="time">The clock of back-off and deadlines.</param>
    /// <param name="logs">Takes what redis-server itself prints, too.</param>
    public PrivateRedis(string directory, int port, TimeProvider time, ILoggerFactory logs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        _state = new StateDirectory(directory);
        _port = port;
        _time = time;
        _log = logs.CreateLogger<PrivateRedis>();
    }

    /// <summary>Where it listens and the password it wants: the same through all restarts.</summary>
    /// <exception cref="InvalidOperationException">Not started.</exception>
    public RedisEndpoint Endpoint => _endpoint ?? throw new InvalidOperationException("The private Redis is not started.");

    /// <summary>Process number of the child that runs now, for health pages; null when none does.</summary>
    public int? ProcessId => Volatile.Read(ref _child) is { Ended.IsCompleted: false } child ? child.ProcessId : null;

    /// <summary>How often the child was started again since <see cref="StartAsync"/>.</summary>
    public int Restarts { get; private set; }

    /// <summary>Name or path of the program.</summary>
    internal string Program { get; init; } = "redis-server";

    /// <summary>Starts redis-server and waits until it has read its data and answers.</summary>
    /// <returns>Null when it does; otherwise one line that names the cause and the cure.</returns>
    public async Task<string?> StartAsync(CancellationToken stop)
    {
        if (RedisProgram.Fault(Program) is { } missing) return missing;
        if (_state.Open() is { } fault) return fault;
        if (_state.EndLeftover(out var ended) is { } leftover) return leftover;
        if (ended is not null) EndedLeftover(ended.Value);
        if (_state.ChoosePort(_port, out var port) is { } occupied) return occupied;
        _endpoint = new RedisEndpoint("127.0.0.1", port, null, _state.Password(), 0);
        return await LaunchAsync(stop);
    }

    /// <summary>Keeps redis-server running until it is time to stop, and then ends it: SHUTDOWN first, SIGKILL after 5 s.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var delay = TimeSpan.Zero;
        while (Volatile.Read(ref _child) is { } child)
        {
            var launched = _time.GetTimestamp();
            if (await EndsBeforeAsync(child, stop)) break;
            if (_time.GetElapsedTime(launched) > Healthy) delay = TimeSpan.Zero;
            delay = await LaunchAgainAsync(child, delay, stop);
        }

        await EndChildAsync();
    }

    /// <summary>Ends the child, if it still runs, and lets go of the directory.</summary>
    public async ValueTask DisposeAsync()
    {
        await EndChildAsync();
        _state.Dispose();
    }

    /// <returns>True when it was time to stop before the child ended.</returns>
    private static async Task<bool> EndsBeforeAsync(RedisChild child, CancellationToken stop)
    {
        try
        {
            await child.Ended.WaitAsync(stop);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private async Task<TimeSpan> LaunchAgainAsync(RedisChild dead, TimeSpan delay, CancellationToken stop)
    {
        ChildDied(dead.ProcessId, await dead.Ended, delay.TotalMilliseconds);
        try
        {
            await Task.Delay(delay, _time, stop);
            Restarts++;
            StoreMetrics.ChildRestarted();
            if (await LaunchAsync(stop) is { } fault) NotRestarted(fault);
        }
        catch (OperationCanceledException)
        {
            // The caller sees the same token, and ends what was begun.
        }

        var next = delay == TimeSpan.Zero ? TimeSpan.FromMilliseconds(100) : delay * 2;
        return next < LongestDelay ? next : LongestDelay;
    }

    private async Task<string?> LaunchAsync(CancellationToken stop)
    {
        var child = RedisChild.Start(Program, RedisConfiguration.Text(_state, Endpoint), Heard);
        var last = Interlocked.Exchange(ref _child, child);
        if (last is not null) await last.DisposeAsync();
        var fault = await new Readiness(Endpoint, _time).WaitAsync(child, stop);
        if (fault is null) Ready(Endpoint, child.ProcessId);
        return fault;
    }

    private async Task EndChildAsync()
    {
        if (Interlocked.Exchange(ref _child, null) is not { } child) return;
        await child.EndAsync(Endpoint, _time);
        await child.DisposeAsync();
    }

    // What a Redis 7 says as a warning at every start and stop of a healthy child.
    private static readonly string[] Greetings =
        ["Reading config from", "oO0OoO0OoO0Oo", "Redis version=", "Configuration loaded", "Server initialized", "User requested shutdown", "ready to exit, bye bye"];

    // "123:M 20 Nov 2026 11:31:00.000 # text": the level is the sign after the time; # is a warning.
    private void Heard(string line)
    {
        if (ProcessId is not null && line.Contains(" # ", StringComparison.Ordinal) && !Array.Exists(Greetings, greeting => line.Contains(greeting, StringComparison.Ordinal))) Warned(line);
        else Said(line);
    }

    [LoggerMessage(1101, LogLevel.Information, "Private Redis is ready at {Endpoint}, process {Process}")]
    private partial void Ready(RedisEndpoint endpoint, int process);

    [LoggerMessage(1102, LogLevel.Warning, "redis-server (process {Process}) ended with {Code}; starting it again in {Delay} ms")]
    private partial void ChildDied(int process, int code, double delay);

    [LoggerMessage(1103, LogLevel.Error, "redis-server did not start again: {Fault}")]
    private partial void NotRestarted(string fault);

    [LoggerMessage(1104, LogLevel.Warning, "Ended redis-server (process {Process}), left over from a gatewayd that was killed")]
    private partial void EndedLeftover(int process);

    [LoggerMessage(1105, LogLevel.Warning, "redis-server: {Line}")]
    private partial void Warned(string line);

    [LoggerMessage(1106, LogLevel.Debug, "redis-server: {Line}")]
    private partial void Said(string line);
}

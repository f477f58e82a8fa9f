using System.Diagnostics;
using System.Net;
using Gateway.Dns;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.IntegrationTests.Dns;

/// <summary>A name server on a loopback port, fed by a real Redis.</summary>
internal sealed class RunningNameServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly RedisConnection? _redis;
    private readonly NameServer _server;
    private readonly Task _running;

    private RunningNameServer(RedisConnection? redis, DnsOptions options, LastKnownGood? file, ILoggerFactory? logs = null)
    {
        _redis = redis;
        Feed = new ZoneFeed(redis, options, file, TimeProvider.System, NullLoggerFactory.Instance);
        _server = new NameServer(options, Feed, TimeProvider.System, logs ?? NullLoggerFactory.Instance);
        Faults = _server.Bind();
        var parts = new List<Task> { _server.RunAsync(_stop.Token) };
        if (redis is not null)
        {
            var changes = new ChangeFeed(redis, [Feed], new ChangeFeedOptions(), TimeProvider.System, NullLogger<ChangeFeed>.Instance);
            parts.Add(changes.RunAsync(_stop.Token));
        }

        _running = Task.WhenAll(parts);
    }

    public ZoneFeed Feed { get; }

    public IReadOnlyList<string> Faults { get; }

    public IPEndPoint Endpoint => _server.Bound[0];

    public static DnsOptions Options() => new()
    {
        Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
        NameServers = [DomainName.Parse("ns1.gateway.test")],
        UdpThreads = 2,
    };

    public static async Task<RunningNameServer> StartAsync(RedisFixture redis, Action<DnsOptions>? change = null, LastKnownGood? file = null)
    {
        var options = Options();
        change?.Invoke(options);
        return new RunningNameServer(await redis.ConnectAsync(), options, file);
    }

    /// <summary>Without Redis: what the file holds.</summary>
    public static RunningNameServer StartAlone(LastKnownGood? file = null, DnsOptions? options = null, ILoggerFactory? logs = null) => new(null, options ?? Options(), file, logs);

    /// <summary>What dig prints: one line for each word of <paramref name="arguments"/>.</summary>
    public Task<string> DigAsync(string arguments) =>
        ProgramRun.OutputAsync("dig", $"@127.0.0.1 -p {Endpoint.Port} +tries=1 +time=5 {arguments}");

    public Task<string> KdigAsync(string arguments) =>
        ProgramRun.OutputAsync("kdig", $"@127.0.0.1 -p {Endpoint.Port} +retry=0 +timeout=5 {arguments}");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        var stopped = Stopwatch.GetTimestamp();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // As told.
        }

        StopTime = Stopwatch.GetElapsedTime(stopped);
        await _server.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
        _stop.Dispose();
    }

    public TimeSpan StopTime { get; private set; }
}

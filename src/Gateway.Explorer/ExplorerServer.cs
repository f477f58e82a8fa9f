using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Store;
using Gateway.Transport;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gateway.Explorer;

/// <summary>
/// The reservation API on HTTP, kept in Redis. <see cref="Bind"/> takes the ports, so that an occupied one is known before anything
/// runs; <see cref="RunAsync"/> serves until it is stopped. While Redis is away every request gets a 503 at once, and nothing is lost.
/// </summary>
public sealed class ExplorerServer : IAsyncDisposable
{
    private const int Backlog = 512;

    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(3);

    private readonly ExplorerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _logs;
    private readonly ExplorerEvents _events;
    private readonly ExplorerApplication _application;
    private readonly IdFloor _ids;
    private readonly RecordsCopy _copy;
    private readonly Dictionary<EndPoint, Socket> _listeners = [];

    /// <summary>Composes the server; nothing is opened yet.</summary>
    /// <param name="options">Checked before.</param>
    /// <param name="redis">The connection; stays the caller's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">Where to tell.</param>
    /// <param name="floorFile">Where the highest numbers that were given out are kept; null: nowhere.</param>
    /// <param name="copy">Where the records are kept beside Redis; null: nowhere, and a loss waits for the operator.</param>
    public ExplorerServer(ExplorerOptions options, RedisConnection redis, TimeProvider time, ILoggerFactory logs, string? floorFile = null, LastKnownGood? copy = null)
    {
        (_options, _time, _logs) = (options, time, logs);
        _events = new ExplorerEvents(logs.CreateLogger<ExplorerServer>());
        _ids = new IdFloor(floorFile, logs.CreateLogger<ExplorerServer>());
        var recent = new RecentRecords();
        var store = new ExplorerStore(redis, _events, _ids, recent, time);
        var shelf = new WorkloadShelf(store, options, time);
        _copy = new RecordsCopy(copy, redis, store, shelf, _ids, recent, time, logs.CreateLogger<ExplorerServer>());
        _application = new ExplorerApplication(Routes.Over(store, shelf, options, _events, time), options, _events, time);
    }

    /// <summary>Where it listens, after <see cref="Bind"/>.</summary>
    public IReadOnlyList<IPEndPoint> Bound { get; private set; } = [];

    /// <summary>What Redis lost of the explorer, in one line for the operator; null when nothing is missing.</summary>
    public string? Loss => _ids.Loss;

    /// <summary>The operator's word that what is lost is lost: numbers go on where nobody has been. False when nothing is missing.</summary>
    public bool AcceptLoss() => _ids.Accept();

    /// <summary>The operator is about to put a backup of Redis back, until the answer is disposed of: nobody puts anything else back meanwhile.</summary>
    public async Task<IDisposable> RestoringAsync(CancellationToken stop)
    {
        var hold = await _copy.HoldAsync(stop);
        _ids.Restored();
        return hold;
    }

    /// <summary>The operator has put it back: numbers go on beyond all that were given out.</summary>
    public void Restored() => _ids.Restored();

    /// <summary>Takes all ports that were not passed. Each fault is a sentence that names the port and the cure; none means that all are taken.</summary>
    public IReadOnlyList<string> Bind(PassedSockets? passed = null)
    {
        var faults = new List<string>();
        foreach (var listener in Listening.Open("explorer", _options.Listen, Backlog, passed ?? PassedSockets.None, faults)) _listeners[listener.LocalEndPoint!] = listener;
        Bound = [.. _listeners.Keys.Cast<IPEndPoint>()];
        return faults;
    }

    /// <summary>Serves until <paramref name="stop"/>, then lets requests under way finish within three seconds.</summary>
    /// <exception cref="InvalidOperationException">Nothing was bound.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        // Kestrel would open a port of its own choice.
        if (Bound.Count == 0) throw new InvalidOperationException("Bind comes before RunAsync.");
        using var kestrel = new KestrelServer(Options.Create(KestrelOptions()), new SocketTransportFactory(Options.Create(TransportOptions()), _logs), _logs);
        await kestrel.StartAsync(_application, stop);
        foreach (var endpoint in Bound) _events.Listening(endpoint);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var copying = _copy.RunAsync(stop);
        await using (stop.Register(stopped.SetResult)) await stopped.Task;
        using var deadline = new CancellationTokenSource(StopDeadline, _time);
        await kestrel.StopAsync(deadline.Token);
        await copying;
    }

    /// <summary>Gives the ports back.</summary>
    public ValueTask DisposeAsync()
    {
        foreach (var listener in _listeners.Values) listener.Dispose();
        return ValueTask.CompletedTask;
    }

    // Kestrel asks for a listener for each endpoint; they are open already.
    private SocketTransportOptions TransportOptions() => new()
    {
        Backlog = Backlog,
        CreateBoundListenSocket = endpoint => _listeners[endpoint],
    };

    private KestrelServerOptions KestrelOptions()
    {
        var options = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        // One client sends a header value that is no ASCII (section 1.2); Latin-1 takes any octet.
        options.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        options.Limits.MaxConcurrentConnections = _options.ConnectionLimit;
        options.Limits.MaxRequestBodySize = _options.BodyLimit;
        options.Limits.MaxRequestHeaderCount = 100;
        options.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        options.Limits.MaxRequestLineSize = 8 * 1024;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        options.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        foreach (var endpoint in Bound) options.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
        return options;
    }
}

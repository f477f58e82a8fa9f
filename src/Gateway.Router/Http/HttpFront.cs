using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Router.Http;

/// <summary>
/// Kestrel on the HTTP port. It takes listeners that are bound already, so that a taken port is a fault with a reason before
/// anything starts; it parses, we route, YARP forwards.
/// </summary>
internal sealed class HttpFront : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly KestrelServer _server;
    private readonly VisitorTransport _transport;
    private HttpVisit? _visit;

    /* Longer than a busy visitor pauses between two requests. */
    private static readonly TimeSpan LastRequests = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>RFC 9112 section 2.2 allows a bare LF as the end of a line; it is how two parsers come to disagree, so it is refused.</summary>
    private const string RefuseBareLineFeeds = "Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators";

    private static readonly DigitsOnly Digits = new();

    static HttpFront() => AppContext.SetSwitch(RefuseBareLineFeeds, true);

    /// <summary>Prepares the server for these listeners, which it owns from now on.</summary>
    public HttpFront(IReadOnlyList<Socket> listeners, VisitorIds ids, AddressBudget visitors, Action<Exception> onAcceptError, Action<Exception> onFault, Action<ConnectionContext, VisitEnd> onTurnedAway, RouterOptions options, TimeProvider time, ILoggerFactory logs)
    {
        // The forwarder would add two lines to each request's one, with names in them that mean nothing to anybody else.
        _services = new ServiceCollection().AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddLogging().AddHttpForwarder().BuildServiceProvider();
        var kestrel = new KestrelServerOptions { ApplicationServices = _services, AddServerHeader = false };
        Limit(kestrel.Limits, options);
        kestrel.RequestHeaderEncodingSelector = static name => name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) ? Digits : null;
        _transport = new VisitorTransport(listeners, ids, options.MaxConnections, options.StallTimeout, options.HalfClosed, time, onAcceptError, onFault);
        foreach (var listener in listeners.Select(listener => (IPEndPoint)listener.LocalEndPoint!))
        {
            var proxies = TrustedProxies.Of(listener, options.ListenerProxies, options.HttpProxies);
            kestrel.Listen(listener, port =>
            {
                port.Protocols = HttpProtocols.Http1;
                port.Use(next => new VisitorConnection(proxies, visitors, options.HelloTimeout, time, onTurnedAway, next).RunAsync);
            });
        }

        _server = new KestrelServer(Options.Create(kestrel), _transport, logs);
    }

    /// <summary>What forwards a request; it lives as long as this.</summary>
    public IHttpForwarder Forwarder => _services.GetRequiredService<IHttpForwarder>();

    /// <summary>How many connections are served now.</summary>
    public int Running => _transport.Connections;

    /// <summary>Starts to serve.</summary>
    public Task StartAsync(HttpVisit visit, CancellationToken stop) => _server.StartAsync(_visit = visit, stop);

    /// <summary>
    /// Serves until told to stop, then lets running requests end within <paramref name="drain"/>. A connection that is closed between two
    /// requests loses the one that is on its way; so whoever asks once more is answered, and told that it was the last time.
    /// </summary>
    public async Task DrainAsync(TimeSpan drain, TimeProvider time, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (stop.UnsafeRegister(static it => ((TaskCompletionSource)it!).TrySetResult(), stopped)) await stopped.Task;
        using var bound = new CancellationTokenSource(drain, time);
        await _transport.CloseDoorsAsync();
        _visit?.Leave();
        var left = time.GetTimestamp();
        while (_transport.Connections > 0 && time.GetElapsedTime(left) < LastRequests && !bound.IsCancellationRequested)
            await Task.Delay(LookAgain, time, bound.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _server.StopAsync(bound.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _server.Dispose();
        await _services.DisposeAsync();
    }

    private static void Limit(KestrelServerLimits limits, RouterOptions options)
    {
        // Bodies are streamed, never held: their size is the upstream's affair.
        limits.MaxRequestBodySize = null;
        limits.MaxRequestLineSize = 8 * 1024;
        limits.MaxRequestHeadersTotalSize = 32 * 1024;
        limits.MaxRequestHeaderCount = 100;
        // A whole header takes longer to send than a hello does.
        limits.RequestHeadersTimeout = options.HelloTimeout * 2;
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
        // Slow readers are ours to cut, by the route's own rule, over HTTP as over TLS.
        limits.MinResponseDataRate = null;
        // Counted before the accept, by the transport.
        limits.MaxConcurrentConnections = null;
        limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
    }
}

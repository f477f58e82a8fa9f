using System.Net;
using Gateway.Model;
using Gateway.Model.Routes;
using Gateway.Router.Routing;
using Gateway.Router.Tunnelling;
using Gateway.Router.Upstreams;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Router.Http;

/// <summary>
/// The story of one HTTP request: its Host, the route, the upstream, the answer. Each request of a kept-alive connection is
/// routed by its own Host, so that no later request reaches another tenant's server.
/// </summary>
internal sealed class HttpVisit(
    RouteTable routes, Tunnels tunnels, UpstreamTurns turns, IHttpForwarder forwarder, HttpMessageInvoker client, HostTraffic traffic, RouterOptions options, RouterMetrics metrics, TimeProvider time, ILogger log)
    : IHttpApplication<RequestStory>
{
    private static readonly ForwarderRequestConfig AnyRequest = new() { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private readonly ForwarderRequestConfig _request = AnyRequest with { ActivityTimeout = options.HttpTimeout };
    private readonly ForwarderRequestConfig _webSocket = AnyRequest with { ActivityTimeout = options.IdleTimeout };

    private volatile bool _isLeaving;

    /// <summary>From now on each answer is the last one of its connection (RFC 9112 section 9.6).</summary>
    public void Leave() => _isLeaving = true;

    /// <inheritdoc/>
    public RequestStory CreateContext(IFeatureCollection contextFeatures)
    {
        // Kestrel keeps the story of a connection's request for its next one.
        if (contextFeatures is not IHostContextContainer<RequestStory> kept) return new RequestStory(contextFeatures);
        if (kept.HostContext is not { } story) return kept.HostContext = new RequestStory(contextFeatures);
        story.Http.Initialize(contextFeatures);
        return story;
    }

    /// <summary>Tells the story: by now everything of the answer has been written.</summary>
    public void DisposeContext(RequestStory context, Exception? exception)
    {
        var http = context.Http;
        var (fromVisitor, toVisitor) = http.Features.Get<PolledConnection>()?.TakeMoved() ?? default;
        VisitTrace.EndHttp(context.Span, http.Request.Host.Value ?? "", context.Upstream, context.End, context.Status);
        RouterLog.RequestEnded(
            log, http.TraceIdentifier, http.Connection.RemoteIpAddress, http.Request.Method, http.Request.Host.Value ?? "", context.Upstream,
            context.Status, context.End, (long)time.GetElapsedTime(context.Began).TotalMilliseconds, fromVisitor, toVisitor);
        http.Uninitialize();
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(RequestStory context)
    {
        var http = context.Http;
        context.Begin(time.GetTimestamp(), VisitTrace.BeginHttp(http.TraceIdentifier, http.Request.Method));
        if (_isLeaving && http.Request.Headers.Upgrade.Count == 0) http.Response.Headers.Connection = "close";
        var (end, upstream) = await ServeAsync(http);
        context.Decide(end, upstream);
        metrics.RequestAnswered(context.Status);
    }

    private async Task<(VisitEnd End, string Upstream)> ServeAsync(HttpContext context)
    {
        if (IsAmbiguous(context.Request)) return (await RefuseAsync(context, Refusal.Ambiguous, VisitEnd.Malformed), "");
        if (ForwardedHeaders.HaveBeenHere(context.Request.Headers)) return (await RefuseAsync(context, Refusal.Loop, VisitEnd.Forbidden), "");
        if (Find(context.Request.Host) is not { } route) return (await RefuseAsync(context, Refusal.UnknownHost, VisitEnd.NoRoute), "");
        if (route.Route.Rules.IsFrozen) return (await RefuseAsync(context, Refusal.Frozen, VisitEnd.Frozen), "");
        if (HttpsRedirect.For(context.Request, route.Route.Rules, options.HttpsPort) is { } location) return (Redirect(context.Response, location), "");
        var session = route.Route.Target is Target.Tunnel tunnel ? tunnels.Pick(tunnel.Secret, Traffic.Http) ?? await PickLaterAsync(tunnel.Secret, context.RequestAborted) : null;
        var upstream = HttpUpstream.Of(route, session, PlaceIn(route), context.Connection);
        if (route.Route.Target is Target.Tunnel && session is null) return (await RefuseAsync(context, Refusal.NoTunnel, VisitEnd.NoTunnel), upstream.Label);
        if (route.Route.Target is Target.Dial { HttpPort: 0 }) return (await RefuseAsync(context, Refusal.UnknownHost, VisitEnd.NotServed), upstream.Label);
        return await CountAsync(context, upstream);
    }

    private int PlaceIn(LiveRoute route, uint tried = 0) => route.Route.Target is Target.Dial dial ? turns.Next(dial, dial.HttpPort, tried) : 0;

    private async Task<TunnelSession?> PickLaterAsync(Secret secret, CancellationToken stop)
    {
        await tunnels.WaitAsync(secret, stop);
        return tunnels.Pick(secret, Traffic.Http);
    }

    private async Task<(VisitEnd End, string Upstream)> CountAsync(HttpContext context, HttpUpstream upstream)
    {
        var count = traffic.Of(upstream.Route.Route.Host);
        count.Begin();
        try
        {
            return await ForwardAsync(context, upstream);
        }
        finally
        {
            count.End();
        }
    }

    /// <summary>
    /// True when another parser might see another end of this request (RFC 9112 section 6.1): a body in chunks that also has a
    /// length, is not only in chunks, or comes from a client too old to know them. Kestrel puts a length that it overrides aside.
    /// </summary>
    private static bool IsAmbiguous(HttpRequest request)
    {
        var coding = request.Headers.TransferEncoding;
        if (coding.Count == 0) return false;
        return coding.Count > 1 || !string.Equals(coding[0], "chunked", StringComparison.OrdinalIgnoreCase)
            || request.Headers.ContainsKey("X-Content-Length") || !HttpProtocol.IsHttp11(request.Protocol);
    }

    private LiveRoute? Find(HostString host)
    {
        var name = host.HasValue ? host.Host : "";
        return DomainName.TryParse(name, out var parsed) ? routes.Find(parsed) : routes.FindCatchAll();
    }

    /// <summary>Forwards to the upstream whose turn it is, or to the next that can be reached, and says which it was.</summary>
    private async Task<(VisitEnd End, string Upstream)> ForwardAsync(HttpContext context, HttpUpstream upstream)
    {
        // A deleted route ends its requests: those that run, and the connections of those that were upgraded.
        using var cut = upstream.Route.Gone.UnsafeRegister(static it => ((HttpContext)it!).Abort(), context);
        var visitor = context.Features.Get<PolledConnection>();
        visitor?.Patience = options.StallOf(upstream.Route.Route.Rules);
        // Half of an upgraded connection is of no use, and its upstream may be silent for long.
        visitor?.AfterEnd = context.Request.Headers.Upgrade.Count > 0 ? TimeSpan.Zero : options.HalfClosed;
        ForwarderError error;
        var tried = 0u;
        while ((error = await SendAsync(context, upstream)) != ForwarderError.None && AfterUnreachable(context, upstream, ref tried) is { } next) upstream = next;
        return (error == ForwarderError.None ? VisitEnd.Finished : await ExplainAsync(context, upstream, visitor, error), upstream.Label);
    }

    private ValueTask<ForwarderError> SendAsync(HttpContext context, HttpUpstream upstream)
    {
        var isWebSocket = context.Request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase);
        return forwarder.SendAsync(
            context, upstream.Prefix, client, isWebSocket ? ForWebSocket(upstream.Route.Route.Rules) : _request, new ForwardedHeaders(upstream), upstream.Route.Gone);
    }

    /// <summary>The next address in turn when there was no connection to this one, so that nothing of the request was sent; else null.</summary>
    private HttpUpstream? AfterUnreachable(HttpContext context, HttpUpstream failed, ref uint tried)
    {
        if (UpstreamException.Find(FaultOf(context)) is null || failed.Session is not null || failed.Route.Gone.IsCancellationRequested) return null;
        tried |= 1u << failed.Place;
        var place = PlaceIn(failed.Route, tried);
        if (place < 0) return null;
        // The forwarder has noted its failure there.
        context.Response.StatusCode = StatusCodes.Status200OK;
        return HttpUpstream.Of(failed.Route, null, place, context.Connection);
    }

    private static Exception? FaultOf(HttpContext context) => context.Features.Get<IForwarderErrorFeature>()?.Exception;

    private async Task<VisitEnd> ExplainAsync(HttpContext context, HttpUpstream upstream, PolledConnection? visitor, ForwarderError error)
    {
        if (upstream.Route.Gone.IsCancellationRequested) return VisitEnd.Deleted;
        if (visitor is { IsStalled: true }) return VisitEnd.VisitorStalled;
        if (context.RequestAborted.IsCancellationRequested || error == ForwarderError.RequestBodyClient) return VisitEnd.VisitorBroke;
        var exception = FaultOf(context);
        RouterLog.RequestFailed(log, context.TraceIdentifier, error.ToString(), exception?.Message ?? "");
        if (StalledUpstreamException.IsIn(exception))
            return context.Response.HasStarted ? VisitEnd.UpstreamStalled : await RefuseAsync(context, Refusal.SlowUpstream, VisitEnd.UpstreamStalled);
        var (refusal, end) = Explain(error, UpstreamException.Find(exception));
        return context.Response.HasStarted ? VisitEnd.UpstreamBroke : await RefuseAsync(context, refusal, end);
    }

    private ForwarderRequestConfig ForWebSocket(RouteRules rules) =>
        rules.IdleSeconds == 0 ? _webSocket : _webSocket with { ActivityTimeout = options.IdleOf(rules) };

    /// <summary>308, unlike 301, keeps the method (RFC 9110 section 15.4.9).</summary>
    private static VisitEnd Redirect(HttpResponse response, string location)
    {
        response.StatusCode = StatusCodes.Status308PermanentRedirect;
        response.Headers.Location = location;
        response.ContentLength = 0;
        return VisitEnd.Finished;
    }

    private static (Refusal Refusal, VisitEnd End) Explain(ForwarderError error, DialFault? fault) => (error, fault) switch
    {
        (_, DialFault.NoTunnel) => (Refusal.NoTunnel, VisitEnd.NoTunnel),
        (_, DialFault.TimedOut) => (Refusal.SlowUpstream, VisitEnd.TimedOut),
        (_, { } other) => (Refusal.BadUpstream, VisitEnds.Of(other)),
        (ForwarderError.RequestTimedOut, _) => (Refusal.SlowUpstream, VisitEnd.TimedOut),
        _ => (Refusal.BadUpstream, VisitEnd.UpstreamBroke),
    };

    private static async Task<VisitEnd> RefuseAsync(HttpContext context, Refusal refusal, VisitEnd end)
    {
        var response = context.Response;
        var (type, body) = refusal.Render(context.Request.Headers.Accept.ToString(), context.TraceIdentifier);
        response.Clear();
        response.StatusCode = refusal.Status;
        response.ContentType = type;
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Request-Id"] = context.TraceIdentifier;
        if (refusal.EndsConnection) response.Headers.Connection = "close";
        if (refusal.RetryAfter > 0) response.Headers.RetryAfter = refusal.RetryAfter.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(body, context.RequestAborted);
        return end;
    }
}

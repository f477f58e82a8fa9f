using System.Net;
using Gateway.Model.Routes;
using Gateway.Router.Upstreams;
using Gateway.Transport;

namespace Gateway.Router.Http;

/// <summary>The one HTTP client behind all hosts. It follows nothing, keeps no cookies, unpacks nothing and asks no proxy.</summary>
internal static class UpstreamClient
{
    /// <summary>Shorter than the five seconds after which common servers close an idle connection, so that a request seldom meets a close.</summary>
    private static readonly TimeSpan KeepIdle = TimeSpan.FromSeconds(4);

    /// <summary>After this a name is resolved, and a policy asked, again even when its connections are always busy.</summary>
    private static readonly TimeSpan KeepAtAll = TimeSpan.FromMinutes(2);

    /// <summary>Kibibytes of response headers, those of all interim answers before it included; more is an upstream that means harm.</summary>
    private const int MaxResponseHeaders = 64;

    public static HttpMessageInvoker Create(Dialer dialer, HostTraffic traffic, RouterOptions options, TimeProvider time) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = MaxResponseHeaders,
        PooledConnectionIdleTimeout = KeepIdle,
        PooledConnectionLifetime = KeepAtAll,
        // The dialer has its own deadline, which tells more; this one only ends what it could not.
        ConnectTimeout = options.ConnectTimeout * 2,
        ConnectCallback = (context, stop) => ConnectAsync(dialer, traffic, options, time, context, stop),
    });

    private static async ValueTask<Stream> ConnectAsync(Dialer dialer, HostTraffic traffic, RouterOptions options, TimeProvider time, SocketsHttpConnectionContext context, CancellationToken stop)
    {
        if (!context.InitialRequestMessage.Options.TryGetValue(HttpUpstream.Key, out var upstream))
            throw new UpstreamException(DialFault.Forbidden, context.DnsEndPoint.Host);
        var outcome = (upstream.Session, upstream.Route.Route.Target) switch
        {
            ({ } session, _) => await dialer.OpenStreamAsync(session, stop),
            (_, Target.Dial dial) => await dialer.OpenAtAsync(dial, upstream.Place, dial.HttpPort, stop),
            _ => new DialOutcome.Failed(DialFault.NoTunnel, upstream.Label),
        };
        if (outcome is DialOutcome.Failed failed) throw new UpstreamException(failed.Fault, failed.Label);
        var open = (DialOutcome.Open)outcome;
        var answering = new AnsweringUpstream(open.Upstream, traffic.Of(upstream.Route.Route.Host).Http, options.StallOf(upstream.Route.Route.Rules), time);
        return await OpenedAsync(answering, upstream.Opening(open.Announces), stop);
    }

    private static async ValueTask<Stream> OpenedAsync(Duplex upstream, ReadOnlyMemory<byte> opening, CancellationToken stop)
    {
        var stream = new DuplexStream(upstream);
        try
        {
            if (!opening.IsEmpty) await stream.WriteAsync(opening, stop);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }
}

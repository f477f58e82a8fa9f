using System.Diagnostics;

namespace Gateway.Router;

/// <summary>
/// Spans of visitors, for whoever collects traces; without one they are not made. Each is the beginning of its trace: what a stranger says
/// about one of his own is handed on to the application, and not believed here.
/// </summary>
internal static class VisitTrace
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "Gateway.Router";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>A TLS connection begins.</summary>
    public static Activity? BeginTls(string id) => Source.StartActivity("tls connection", ActivityKind.Server, default(ActivityContext))?.SetTag("gateway.connection_id", id);

    /// <summary>It ended.</summary>
    public static void EndTls(Activity? span, string host, object upstream, VisitEnd end, long toUpstream, long toVisitor)
    {
        if (span is null) return;
        End(span, host, upstream.ToString()!, end);
        span.SetTag("gateway.bytes_to_upstream", toUpstream).SetTag("gateway.bytes_to_visitor", toVisitor).Stop();
    }

    /// <summary>An HTTP request begins.</summary>
    public static Activity? BeginHttp(string id, string method) =>
        Source.StartActivity("http request", ActivityKind.Server, default(ActivityContext))?.SetTag("gateway.request_id", id).SetTag("http.request.method", method);

    /// <summary>It was answered.</summary>
    public static void EndHttp(Activity? span, string host, string upstream, VisitEnd end, int status)
    {
        if (span is null) return;
        End(span, host, upstream, end);
        span.SetTag("http.response.status_code", status).Stop();
    }

    private static void End(Activity span, string host, string upstream, VisitEnd end)
    {
        span.SetTag("server.address", host).SetTag("gateway.upstream", upstream).SetTag("gateway.end", end.ToString());
        if (end is VisitEnd.UpstreamBroke or VisitEnd.Refused or VisitEnd.TimedOut or VisitEnd.NoTunnel or VisitEnd.Unresolved or VisitEnd.Forbidden) span.SetStatus(ActivityStatusCode.Error, end.ToString());
    }
}

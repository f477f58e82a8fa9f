using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Router.Http;

/// <summary>
/// Writes the forwarded request: the visitor's own Host, and our account of who asked. What the visitor says about itself in the
/// headers that applications trust is dropped, never merged (RFC 7239 section 8.1).
/// </summary>
internal sealed class ForwardedHeaders(HttpUpstream upstream) : HttpTransformer
{
    /// <summary>Headers by which proxies and delivery networks tell applications about the visitor.</summary>
    private static readonly FrozenSet<string> Told = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
    [
        "Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
        "X-Forwarded-By", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Forwarded-Client-Cert", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP",
        "X-Original-Host", "X-Original-URL", "X-Original-For", "X-Original-Proto", "X-Rewrite-URL", "X-Host", "X-Scheme", "X-Url-Scheme", "Front-End-Https",
        "CF-Connecting-IP", "CF-Connecting-IPv6", "CF-IPCountry", "CF-Visitor", "True-Client-IP", "Fastly-Client-IP", "Fly-Client-IP", "X-Appengine-User-IP", "X-Azure-ClientIP", "X-ProxyUser-Ip", "Client-IP", "Via",
        "X-Request-Id", "X-Content-Length", "Proxy", "Proxy-Connection",
    ]);

    private const string LoopHeader = "CDN-Loop";

    /// <summary>By which this process knows its own requests (RFC 8586). It says nothing about the node.</summary>
    private static readonly string Here = $"gateway-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";

    /// <summary>True when we forwarded this request before.</summary>
    public static bool HaveBeenHere(IHeaderDictionary headers) =>
        headers.TryGetValue(LoopHeader, out var loop) && loop.ToString().Contains(Here, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override async ValueTask TransformRequestAsync(HttpContext context, HttpRequestMessage request, string destinationPrefix, CancellationToken stop)
    {
        DropTold(context.Request.Headers);
        await base.TransformRequestAsync(context, request, destinationPrefix, stop);
        request.Options.Set(HttpUpstream.Key, upstream);
        var headers = request.Headers;
        DropNamedByConnection(context, request);
        var host = context.Request.Headers.Host.ToString();
        headers.Host = host;
        var client = context.Connection.RemoteIpAddress ?? IPAddress.None;
        headers.TryAddWithoutValidation("X-Forwarded-For", Unmapped(client).ToString());
        headers.TryAddWithoutValidation("X-Forwarded-Proto", context.Request.Scheme);
        headers.TryAddWithoutValidation("X-Forwarded-Host", host);
        headers.TryAddWithoutValidation("Forwarded", Forwarded(Unmapped(client), host, context.Request.Scheme));
        headers.TryAddWithoutValidation(LoopHeader, Here);
        // RFC 9110 section 10.1.4: from hop to hop, so it is ours to say.
        if (TrailedBody.IsTakenBy(context.Request))
        {
            headers.Connection.Add("TE");
            headers.TryAddWithoutValidation("TE", "trailers");
        }

        headers.TryAddWithoutValidation("X-Request-Id", context.TraceIdentifier);
        // RFC 9110 section 9.2.2: no proxy repeats such a request. The HTTP client does when the connection breaks before an answer,
        // unless it has begun to send a body; so there is one, with nothing in it.
        if (request.Content is null && !IsIdempotent(context.Request.Method)) request.Content = new ByteArrayContent([]);
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> TransformResponseAsync(HttpContext context, HttpResponseMessage? response, CancellationToken stop)
    {
        var hasBody = await base.TransformResponseAsync(context, response, stop);
        if (response is not null && hasBody) TrailedBody.Begin(context, response);
        return hasBody;
    }

    /// <inheritdoc/>
    public override ValueTask TransformResponseTrailersAsync(HttpContext context, HttpResponseMessage response, CancellationToken stop) =>
        context.Response.Body is TrailedBody body ? body.EndAsync(response.TrailingHeaders) : ValueTask.CompletedTask;

    private static bool IsIdempotent(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method);

    /// <summary>Before they are copied: a visitor seldom sends any of them.</summary>
    private static void DropTold(IHeaderDictionary headers)
    {
        List<string>? sent = null;
        foreach (var (name, _) in headers)
            if (Told.Contains(name)) (sent ??= []).Add(name);
        foreach (var name in sent ?? []) headers.Remove(name);
    }

    /// <summary>RFC 9110 section 7.6.1: what Connection names was meant for us alone. Upgrade is the forwarder's own affair.</summary>
    private static void DropNamedByConnection(HttpContext context, HttpRequestMessage request)
    {
        if (StringValues.IsNullOrEmpty(context.Request.Headers.Connection)) return;
        foreach (var name in context.Request.Headers.GetCommaSeparatedValues("Connection"))
        {
            if (name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase)) continue;
            if (request.Headers.NonValidated.Contains(name)) request.Headers.Remove(name);
        }
    }

    /// <summary>RFC 7239 section 4: an IPv6 address in brackets and quotes, and a host in quotes because of its colon.</summary>
    private static string Forwarded(IPAddress client, string host, string scheme) => client.AddressFamily == AddressFamily.InterNetworkV6
        ? $"for=\"[{client}]\";host=\"{host}\";proto={scheme}"
        : $"for={client};host=\"{host}\";proto={scheme}";

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}

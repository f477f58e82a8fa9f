using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Gateway.Router.Http;

/// <summary>
/// An answer that the router gives itself, because there is nobody to forward to: a small page for people, JSON for programs.
/// </summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">One word for programs; it never changes.</param>
/// <param name="Message">One sentence for people. It repeats nothing that the visitor sent.</param>
/// <param name="RetryAfter">Seconds after which trying again makes sense; 0 when it does not.</param>
/// <param name="EndsConnection">Nothing that follows on the connection is read.</param>
internal sealed record Refusal(int Status, string Code, string Message, int RetryAfter = 0, bool EndsConnection = false)
{
    /// <summary>The request has been here before: a route leads back to this gateway.</summary>
    public static readonly Refusal Loop = new(508, "loop_detected", "This site leads back to itself.");

    /// <summary>Where the request ends can be read in two ways, so it is served to nobody.</summary>
    public static readonly Refusal Ambiguous = new(400, "ambiguous_request", "This request can be read in two ways, so it is not served.", EndsConnection: true);

    /// <summary>Nobody here has the host, or it is not served over HTTP.</summary>
    public static readonly Refusal UnknownHost = new(404, "unknown_host", "No site is served here under this name.");

    /// <summary>The operator froze the host's user (RFC 7725).</summary>
    public static readonly Refusal Frozen = new(451, "frozen", "The operator of this gateway has stopped this site.");

    /// <summary>The host's tunnel has no client now; clients come back within seconds.</summary>
    public static readonly Refusal NoTunnel = new(503, "no_tunnel", "This site is not connected at the moment. It may be back in a few seconds.", RetryAfter: 5);

    /// <summary>The upstream refused, cannot be reached, or answered with something that is no HTTP.</summary>
    public static readonly Refusal BadUpstream = new(502, "upstream_refused", "The server of this site cannot be reached, or gave an answer that makes no sense.");

    /// <summary>The upstream did not answer in time.</summary>
    public static readonly Refusal SlowUpstream = new(504, "upstream_timeout", "The server of this site took too long to answer.");

    /// <summary>The answer's body and its type, for a visitor that sent this Accept header.</summary>
    public (string ContentType, byte[] Body) Render(string accept, string requestId) => accept.Contains("text/html", StringComparison.OrdinalIgnoreCase)
        ? ("text/html; charset=utf-8", Encoding.UTF8.GetBytes(Page(requestId)))
        : ("application/json", Encoding.UTF8.GetBytes(Json(requestId)));

    private string Json(string requestId) =>
        $"{{\"status\":{Status},\"error\":\"{Code}\",\"message\":{JsonSerializer.Serialize(Message)},\"request_id\":{JsonSerializer.Serialize(requestId)}}}\n";

    private string Page(string requestId) =>
        $$"""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{Status}} {{ReasonPhrases.GetReasonPhrase(Status)}}</title>
        <style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem}small{opacity:.6}</style>
        <h1>{{Status}}</h1>
        <p>{{WebUtility.HtmlEncode(Message)}}</p>
        <p><small>Request {{WebUtility.HtmlEncode(requestId)}}</small></p>
        </html>

        """;
}

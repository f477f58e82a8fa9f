using Gateway.Model;
using Gateway.Model.Routes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Router.Http;

/// <summary>Where a request over plain HTTP is sent instead, when its route wants HTTPS.</summary>
internal static class HttpsRedirect
{
    private const int DefaultPort = 443;

    /// <summary>RFC 8555 section 8.3: a certificate authority asks here over plain HTTP, before there is any certificate.</summary>
    private const string Challenges = "/.well-known/acme-challenge/";

    /// <summary>The location; null when the request is to be forwarded.</summary>
    public static string? For(HttpRequest request, RouteRules rules, int httpsPort)
    {
        if (!rules.RedirectToHttps || request.Path.StartsWithSegments(Challenges.TrimEnd('/'), StringComparison.Ordinal)) return null;
        // Only a host that reads as one is repeated to the visitor.
        if (!DomainName.TryParse(request.Host.Host, out var host) || !host.IsHostName) return null;
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "/";
        var path = target.StartsWith('/') ? target : request.PathBase + request.Path + request.QueryString;
        return $"https://{host}{(httpsPort == DefaultPort ? "" : $":{httpsPort}")}{path}";
    }
}

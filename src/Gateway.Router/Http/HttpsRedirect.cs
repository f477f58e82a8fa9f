using System.Buffers;
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

    /// <summary>A token is base64url (RFC 8555 section 8.1); a dot is for those who try it with a file.</summary>
    private static readonly SearchValues<char> TokenOctets = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>The location; null when the request is to be forwarded.</summary>
    public static string? For(HttpRequest request, RouteRules rules, int httpsPort)
    {
        if (!rules.RedirectToHttps || IsChallenge(request.Path)) return null;
        // Only a host that reads as one is repeated to the visitor.
        if (!DomainName.TryParse(request.Host.Host, out var host) || !host.IsHostName) return null;
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "/";
        var path = target.StartsWith('/') ? target : request.PathBase + request.Path + request.QueryString;
        return $"https://{host}{(httpsPort == DefaultPort ? "" : $":{httpsPort}")}{path}";
    }

    /// <summary>
    /// One plain word below the place for challenges. A path in which some reader might see another place, as by `..;`, `%2f` or a
    /// backslash, is none: nobody gets past the redirect with it.
    /// </summary>
    private static bool IsChallenge(PathString path) =>
        path.Value is { } text && text.StartsWith(Challenges, StringComparison.Ordinal) && text.Length > Challenges.Length
        && !text.AsSpan(Challenges.Length).ContainsAnyExcept(TokenOctets) && text[Challenges.Length] != '.';
}

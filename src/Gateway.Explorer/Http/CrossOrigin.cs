using Microsoft.AspNetCore.Http;

namespace Gateway.Explorer.Http;

/// <summary>
/// Pages of any origin may read, as with the final version of the original (section 1.14). No cookie and no session exists that such a page could misuse.
/// </summary>
internal static class CrossOrigin
{
    private const string AllowOrigin = "Access-Control-Allow-Origin";

    /// <summary>The answer to a browser that asks first.</summary>
    public static ApiAnswer Preflight { get; } = new(200, ReadOnlyMemory<byte>.Empty, "")
    {
        Headers = [("Access-Control-Allow-Headers", "Content-Type"), ("Access-Control-Allow-Methods", "GET, HEAD, POST")],
    };

    /// <summary>True when a browser asks whether it may.</summary>
    public static bool IsPreflight(HttpRequest request) =>
        request.Method == "OPTIONS" && request.Headers.Origin.Count > 0 && request.Headers.AccessControlRequestMethod.Count > 0;

    /// <summary>Tells a browser that the page may read the answer.</summary>
    public static void Mark(HttpContext context)
    {
        if (context.Request.Headers.Origin.Count == 0) return;
        context.Response.Headers[AllowOrigin] = "*";
        context.Response.Headers.AccessControlExposeHeaders = "Pages";
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Gateway.Server.Operating;

/// <summary>The operator's page: three files inside the program, which ask nobody but this listener for anything.</summary>
internal static class DashboardPage
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Adds the page and its parts.</summary>
    public static void Map(WebApplication web)
    {
        Add("/", "index.html", "text/html; charset=utf-8");
        Add("/dashboard.css", "dashboard.css", "text/css; charset=utf-8");
        Add("/dashboard.js", "dashboard.js", "text/javascript; charset=utf-8");
        Add("/favicon.svg", "favicon.svg", "image/svg+xml");

        void Add(string path, string file, string type)
        {
            var bytes = Read(file);
            web.MapGet(path, (HttpContext call) =>
            {
                var headers = call.Response.Headers;
                headers.ContentSecurityPolicy = Policy;
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = "no-referrer";
                headers.CacheControl = "no-cache";
                return Results.Bytes(bytes, type);
            });
        }
    }

    private static byte[] Read(string file)
    {
        using var stream = typeof(DashboardPage).Assembly.GetManifestResourceStream("dashboard/" + file)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}

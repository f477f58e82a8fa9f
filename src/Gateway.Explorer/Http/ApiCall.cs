using System.Globalization;
using Gateway.Model.ExplorerApi;
using Microsoft.AspNetCore.Http;

namespace Gateway.Explorer.Http;

/// <summary>What a handler sees of a request. The body was read already, within its limit.</summary>
internal sealed class ApiCall(HttpContext http, IReadOnlyDictionary<string, string> parameters, ReadOnlyMemory<byte> body)
{
    /// <summary>A parameter of the path.</summary>
    public string Parameter(string name) => parameters[name];

    /// <summary>A parameter of the path that is a number; false when it is too large for one.</summary>
    public bool TryNumber(string name, out long number) => long.TryParse(parameters[name], NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>A parameter of the query; empty when absent.</summary>
    public string Query(string name) => http.Request.Query[name].FirstOrDefault() ?? "";

    /// <summary>The body as an object; the fault is fit for the sender.</summary>
    public bool TryBody<T>(out T value, out string fault) where T : class, new() => ExplorerJson.TryRead(body.Span, out value, out fault);

    /// <summary>All values of a header.</summary>
    public IReadOnlyList<string> Headers(string name) => [.. http.Request.Headers[name].OfType<string>()];

    /// <summary>One header as it was sent, null when absent.</summary>
    public string? Header(string name) => http.Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null;
}

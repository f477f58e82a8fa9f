using Gateway.Explorer.Http;

namespace Gateway.Explorer;

/// <summary>The API's description for programs, openapi.json beside this file. A test compares it with the routes and the types.</summary>
internal static class OpenApiDocument
{
    /// <summary>The document as an answer.</summary>
    public static ApiAnswer Answer { get; } = new(200, Read());

    private static byte[] Read()
    {
        using var resource = typeof(OpenApiDocument).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("openapi.json is not part of this assembly.");
        var octets = new byte[resource.Length];
        resource.ReadExactly(octets);
        return octets;
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Gateway.Server.Operating;

/// <summary>The OpenAPI description of the admin API. A test compares it with the paths that are served.</summary>
internal static class AdminDocument
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly (string Path, string Method, string Summary, string[] Parameters)[] Operations =
    [
        ("/api/zones", "get", "Zones with their owner and the number of names.", ["search", "limit"]),
        ("/api/names", "get", "Reserved names with their user and reservations.", ["search", "limit"]),
        ("/api/names/{name}", "delete", "Release a name that no reservation holds any more, or that rests.", ["name"]),
        ("/api/quarantined", "get", "Names that were given up and rest before another user may have them.", ["search", "limit"]),
        ("/api/frozen", "get", "Users whose reservations are kept and not served.", ["search", "limit"]),
        ("/api/frozen/{user}", "put", "Freeze a user: his names have no addresses, and his visitors are refused.", ["user", "reason"]),
        ("/api/frozen/{user}", "delete", "Unfreeze a user: what he has is served again.", ["user"]),
        ("/api/routes", "get", "Hosts and where their visitors go.", ["search", "limit"]),
        ("/api/reservations", "get", "Reservations, the newest first.", ["search", "limit"]),
        ("/api/traffic", "get", "The hosts that moved most in the last hour: bytes per second now, bytes and visits of the hour, bytes of each minute.", ["search", "limit"]),
        ("/api/tunnels", "get", "Tunnel clients connected to this process.", []),
        ("/api/tunnels/{id}", "delete", "Cut a tunnel client off; it may dial again.", ["id"]),
        ("/api/reconcile", "post", "Compare everything now; with dry_run=true only say what would change.", ["dry_run"]),
        ("/api/keys/token/rotate", "post", "Put a new admin token into its file; the former one is good for ten minutes more.", []),
        ("/api/keys/cookies/rotate", "post", "Make DNS cookies with a new secret; those given before are still accepted.", []),
        ("/api/backup", "get", "The whole state, identity included, as lines of JSON.", []),
        ("/api/restore", "post", "Put the state of a backup in the place of the present one.", []),
        ("/api/events", "get", "The node, its picture and its traffic, as server-sent events.", []),
        ("/api/openapi.json", "get", "This description.", []),
    ];

    /// <summary>The document as JSON.</summary>
    public static string Text { get; } = Write();

    private static string Write()
    {
        var paths = new JsonObject();
        foreach (var path in Operations.GroupBy(operation => operation.Path))
            paths[path.Key] = new JsonObject(path.Select(operation => KeyValuePair.Create<string, JsonNode?>(operation.Method, Describe(operation))));
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "Gateway admin API", ["version"] = "1", ["description"] = "Every call shows the token of the file admin.token in the state directory." },
            ["components"] = new JsonObject { ["securitySchemes"] = new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } } },
            ["security"] = new JsonArray(new JsonObject { ["token"] = new JsonArray() }),
            ["paths"] = paths,
        }.ToJsonString(Indented);
    }

    private static JsonObject Describe((string Path, string Method, string Summary, string[] Parameters) operation) => new()
    {
        ["summary"] = operation.Summary,
        ["parameters"] = new JsonArray([.. operation.Parameters.Select(name => (JsonNode)Parameter(name, operation.Path.Contains($"{{{name}}}", StringComparison.Ordinal)))]),
        ["responses"] = new JsonObject
        {
            ["200"] = new JsonObject { ["description"] = "Done." },
            ["401"] = new JsonObject { ["description"] = "The token is missing or wrong." },
            ["503"] = new JsonObject { ["description"] = "Redis is away." },
        },
    };

    private static JsonObject Parameter(string name, bool isInPath) => new JsonObject
    {
        ["name"] = name,
        ["in"] = isInPath ? "path" : "query",
        ["required"] = isInPath,
        ["schema"] = new JsonObject { ["type"] = name switch { "limit" or "id" or "user" => "integer", "dry_run" => "boolean", _ => "string" } },
    };
}

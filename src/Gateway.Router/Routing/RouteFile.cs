using System.Text.Json;
using Gateway.Model;
using Gateway.Model.Routes;

namespace Gateway.Router.Routing;

/// <summary>
/// The routes that an operator writes into a file of the node: one JSON object, a member for each host, with the members that a
/// route has in Redis (docs/routes.md). All faults come at once; a file with any is not used at all.
/// </summary>
internal static class RouteFile
{
    private static readonly JsonDocumentOptions Tolerant = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads the file's bytes. <paramref name="faults"/> takes one sentence for each fault.</summary>
    public static IReadOnlyList<Route> Read(byte[] json, List<string> faults)
    {
        var routes = new Dictionary<DomainName, Route>();
        try
        {
            using var document = JsonDocument.Parse(json, Tolerant);
            if (document.RootElement.ValueKind != JsonValueKind.Object) faults.Add("the routes must be one JSON object, with a member for each host.");
            else foreach (var member in document.RootElement.EnumerateObject()) Take(member, routes, faults);
        }
        catch (JsonException e)
        {
            faults.Add($"line {e.LineNumber + 1} is not valid JSON.");
        }
        catch (InvalidOperationException)
        {
            faults.Add("a text holds half a character (an unpaired surrogate); write it as UTF-8.");
        }

        return [.. routes.Values];
    }

    private static void Take(JsonProperty member, Dictionary<DomainName, Route> routes, List<string> faults)
    {
        if (!DomainName.TryParse(member.Name, out var host) || host.IsRoot || !(host.IsWildcard || host.IsHostName))
            faults.Add($"'{member.Name}' is no host: write one like www.example.org, *.example.org, or * for every host that has no other route.");
        else if (!RedisSchema.TryReadService(host, member.Value, out var route, out var fault)) faults.Add($"'{member.Name}' cannot be used: {fault}.");
        else if (FaultOf(route.Target) is { } wrong) faults.Add($"'{member.Name}' cannot be used: {wrong}.");
        else if (!routes.TryAdd(host, route with { Target = ByOperator(route.Target) })) faults.Add($"'{member.Name}' is there twice.");
    }

    private static string? FaultOf(Target target) => target.Match(
        dial => dial switch
        {
            _ when dial.More.Prepend(dial.Address).FirstOrDefault(address => !UpstreamHost.TryParse(address, out _)) is { } address => $"'{address}' is neither an IP address nor a host name",
            { HttpPort: 0, TlsPort: 0 } => "it has neither a tlsport nor an httpport",
            _ => null,
        },
        _ => null);

    private static Target ByOperator(Target target) => target.Match<Target>(dial => dial with { IsOperators = true }, tunnel => tunnel);
}

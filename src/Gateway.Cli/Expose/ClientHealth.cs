using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Gateway.Transport;

namespace Gateway.Cli.Expose;

/// <summary>
/// How the client stands: which service holds which gateway. It is ready when every service holds one at least. The service manager
/// is told that the client runs, so that a gateway which is away does not hold up a boot, and how many links stand whenever that changes.
/// </summary>
internal sealed class ClientHealth(ServiceNotification notification, TimeProvider time)
{
    private readonly ConcurrentDictionary<(string Service, string Remote), Link> _links = new();

    /// <summary>A link that shall be held, not held yet.</summary>
    public void Expect(string service, HostPort remote) => _links[(service, remote.ToString())] = new Link(false, "not connected yet", time.GetUtcNow());

    /// <summary>A link changed.</summary>
    public void Set(string service, HostPort remote, bool isUp, string text)
    {
        _links[(service, remote.ToString())] = new Link(isUp, text, time.GetUtcNow());
        notification.Status(Summary);
    }

    /// <summary>The client runs.</summary>
    public void Started() => notification.Ready(Summary);

    /// <summary>The client has begun to stop.</summary>
    public void Stopping() => notification.Stopping();

    /// <summary>True while every service holds a gateway.</summary>
    public bool IsReady => !_links.IsEmpty && _links.GroupBy(link => link.Key.Service).All(service => service.Any(link => link.Value.IsUp));

    /// <summary>The page of the health endpoint.</summary>
    public JsonObject Describe() => new()
    {
        ["ready"] = IsReady,
        ["links"] = new JsonArray([.. _links.OrderBy(link => link.Key).Select(link => (JsonNode)new JsonObject
        {
            ["service"] = link.Key.Service,
            ["remote"] = link.Key.Remote,
            ["connected"] = link.Value.IsUp,
            ["text"] = link.Value.Text,
            ["since"] = link.Value.Since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        })]),
    };

    private string Summary => $"{_links.Values.Count(link => link.IsUp)} of {_links.Count} gateways connected";

    private sealed record Link(bool IsUp, string Text, DateTimeOffset Since);
}

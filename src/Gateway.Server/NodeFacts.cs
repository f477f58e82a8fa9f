using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Model.Crypto;
using Gateway.Router;
using Gateway.Server.Admin;
using Gateway.Server.Options;

namespace Gateway.Server;

/// <summary>What a running node tells about itself: a file for scripts, a page for programs, a table for people.</summary>
internal static class NodeFacts
{
    /// <summary>The name of the file in the state directory that lists what listens where, one "name address:port" a line.</summary>
    public const string ListeningFile = "listening";

    /* A page that an operator can still read; the count is whole. */
    private const int MostTunnels = 500;

    /// <summary>Writes the file in one step, so that a reader never sees half of it.</summary>
    public static void WriteListening(NodeDirectory directory, NodeParts parts, AdminServer admin)
    {
        var beside = directory.File(ListeningFile + ".new");
        File.WriteAllLines(beside, [.. Listening(parts, admin).Select(at => $"{at.Name} {at.EndPoint}")]);
        File.Move(beside, directory.File(ListeningFile), overwrite: true);
    }

    /// <summary>The members that the status page adds to the conditions.</summary>
    public static JsonObject Describe(Identity? identity, Configuration configuration, NodeParts parts, AdminServer admin, JsonObject held, TimeProvider time) => new()
    {
        ["version"] = CommandLine.Version,
        ["identity"] = identity?.Id,
        ["roles"] = new JsonArray([.. configuration.Node.Roles.Select(role => (JsonNode)role.ToString().ToLowerInvariant())]),
        ["domains"] = new JsonArray([.. configuration.Node.Domains.Select(domain => (JsonNode)domain.ToString())]),
        ["nameservers"] = new JsonArray([.. configuration.Node.Nameservers.Select(server => (JsonNode)server.ToString())]),
        ["machine"] = Machine.Describe(configuration.Node.State, time),
        ["listening"] = new JsonArray([.. Listening(parts, admin).Select(at => new JsonObject { ["name"] = at.Name, ["address"] = at.EndPoint.ToString() })]),
        ["tunnels"] = new JsonArray([.. parts.Tunnels.Take(MostTunnels).Select(Describe)]),
        ["tunnel_count"] = parts.Tunnels.Count,
        ["held"] = held,
    };

    private static JsonObject Describe(TunnelFacts tunnel) => new()
    {
        ["tunnel"] = tunnel.Tunnel,
        ["session"] = tunnel.Session,
        ["client"] = tunnel.Client,
        ["name"] = tunnel.Name,
        ["protocol"] = tunnel.Protocol,
        ["visitors"] = tunnel.Visitors,
        ["direct_ready"] = tunnel.Ready,
        ["round_trip_ms"] = Math.Round(tunnel.RoundTrip.TotalMilliseconds, 3),
        ["since"] = tunnel.Since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
    };

    /// <summary>The table that `run.sh` shows, and what to type next.</summary>
    public static string Banner(NodeParts parts, AdminServer admin)
    {
        var text = new StringBuilder("\nGateway is up.\n\n");
        foreach (var (name, endPoint) in Listening(parts, admin)) text.Append($"  {Explain(name),-34} {endPoint}\n");
        var domain = parts.ManagedDomain ?? "gw.example.com";
        var explorer = Listening(parts, admin).Where(at => at.Name == "explorer").Select(at => $"http://{at.EndPoint}").FirstOrDefault();
        var elsewhere = explorer is null or "http://127.0.0.1:8090" ? "" : $"export GW_EXPLORER={explorer}; ";
        text.Append("\nNext, in another terminal:\n\n");
        text.Append($"  {elsewhere}./gateway identity new && ./gateway user register --name alice --email alice@example.com\n");
        text.Append($"  ./gateway reserve subdomain hello.{domain} --ip 127.0.0.1\n");
        text.Append($"  ./gateway reserve tunnel hello.{domain}\n\nCtrl-C ends everything.\n");
        return text.ToString();
    }

    private static IEnumerable<(string Name, IPEndPoint EndPoint)> Listening(NodeParts parts, AdminServer admin) => [.. parts.Listening, ("admin", admin.Bound)];

    private static string Explain(string name) => name switch
    {
        "explorer" => "reservation API",
        "dns" => "name server, UDP and TCP",
        "http" => "visitors, HTTP by Host",
        "tls" => "visitors, TLS by server name",
        "tunnel" => "tunnel clients",
        _ => "health, metrics and status",
    };
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.Cli.Operating;
using Gateway.Cli.Reservations;
using Gateway.ExplorerApi;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway gateways</c>: needs no identity, for it is what somebody looks at first.</summary>
internal static class GatewaysCommand
{
    /* Longer than any name; explorers are somebody else's, and what they say reaches a terminal. */
    private const int Longest = 300;

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var command = new ExampleCommand("gateways", "List the gateways that the explorer knows: the domains under which anybody may reserve a name, and the name servers for domains of one's own.",
            "gateway gateways");
        command.SetAction(async (parsed, stop) => terminal.Report(await ListAsync(parsed.GetValue(common.Explorer)!, terminal.Time, stop), parsed.GetValue(common.Json)));
        return command;
    }

    private static async Task<Outcome> ListAsync(string explorer, TimeProvider time, CancellationToken stop)
    {
        if (!ExplorerAddress.TryParse(explorer, out var address, out var text)) return new Outcome.Fault(ExitCode.Usage, text);
        using var http = ExplorerClient.CreateHttpClient();
        if ((await GatewayDirectory.ReadAsync(new ExplorerClient(http, address, time: time), stop)).Failed(out var fault, out var gateways)) return fault;
        var json = new JsonArray([.. gateways.Select(Json)]);
        return new Outcome.Done(TextTable.Of(json, "No gateway is registered with this explorer yet.",
            ("GATEWAY", TextTable.Member("gateway")), ("DOMAINS", TextTable.Member("domains")), ("NAME SERVERS", TextTable.Member("nameservers")), ("SEEN", TextTable.Moment("seen"))), json);
    }

    private static JsonNode Json(GatewayNode gateway) => new JsonObject
    {
        ["gateway"] = PeerText.OneLine(gateway.NodeId, Longest),
        ["domains"] = Texts(gateway.ManagedDomains),
        ["nameservers"] = Texts(gateway.DnsNameserver),
        ["seen"] = gateway.Updated.ToTime().ToString("O"),
    };

    private static JsonArray Texts(IReadOnlyList<string>? texts) => new([.. (texts ?? []).Select(text => (JsonNode)PeerText.OneLine(text, Longest))]);
}

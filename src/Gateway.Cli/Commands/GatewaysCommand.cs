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
        var id = new Argument<string?>("gateway") { Description = "The identity of one of them; all when none is given.", Arity = ArgumentArity.ZeroOrOne };
        var country = new Option<string?>("--country") { Description = "Only those of this country, as they write it." };
        var city = new Option<string?>("--city") { Description = "Only those of this city, as they write it." };
        var farm = new Option<long?>("--farm") { Description = "Only those of the farm with this number." };
        var command = new ExampleCommand("gateways", "List the gateways that the explorer knows: the domains under which anybody may reserve a name, and the name servers for domains of one's own.",
            "gateway gateways")
        { id, country, city, farm };
        command.SetAction(async (parsed, stop) => terminal.Report(
            await ListAsync(parsed.GetValue(common.Explorer)!, terminal.Time, explorer => FindAsync(explorer, parsed.GetValue(id), new GatewayFilter(parsed.GetValue(country), parsed.GetValue(city), parsed.GetValue(farm)), stop)),
            parsed.GetValue(common.Json)));
        return command;
    }

    private static async Task<Step<List<GatewayNode>>> FindAsync(ExplorerClient explorer, string? id, GatewayFilter filter, CancellationToken stop)
    {
        if (id is null) return await GatewayDirectory.ReadAsync(explorer, filter, stop);
        return (await explorer.GetGatewayAsync(id, stop)).ToStep($"Looking up the gateway {id}").Failed(out var fault, out var gateway) ? fault : new List<GatewayNode> { gateway };
    }

    private static async Task<Outcome> ListAsync(string explorer, TimeProvider time, Func<ExplorerClient, Task<Step<List<GatewayNode>>>> find)
    {
        if (!ExplorerAddress.TryParse(explorer, out var address, out var text)) return new Outcome.Fault(ExitCode.Usage, text);
        using var http = ExplorerClient.CreateHttpClient();
        if ((await find(new ExplorerClient(http, address, time: time))).Failed(out var fault, out var gateways)) return fault;
        var json = new JsonArray([.. gateways.Select(Json)]);
        return new Outcome.Done(TextTable.Of(json, "No such gateway is registered with this explorer yet.",
            ("GATEWAY", TextTable.Member("gateway")), ("DOMAINS", TextTable.Member("domains")), ("NAME SERVERS", TextTable.Member("nameservers")), ("SEEN", TextTable.Moment("seen"))), json);
    }

    private static JsonNode Json(GatewayNode gateway) => new JsonObject
    {
        ["gateway"] = PeerText.OneLine(gateway.NodeId, Longest),
        ["domains"] = Texts(gateway.ManagedDomains),
        ["nameservers"] = Texts(gateway.DnsNameserver),
        ["country"] = PeerText.OneLine(gateway.Location.Country, Longest),
        ["city"] = PeerText.OneLine(gateway.Location.City, Longest),
        ["farm"] = gateway.FarmId,
        ["seen"] = gateway.Updated.ToTime().ToString("O"),
    };

    private static JsonArray Texts(IReadOnlyList<string>? texts) => new([.. (texts ?? []).Select(text => (JsonNode)PeerText.OneLine(text, Longest))]);
}

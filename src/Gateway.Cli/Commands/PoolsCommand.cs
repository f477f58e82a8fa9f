using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Gateway.Cli.Operating;
using Gateway.Cli.Reservations;
using Gateway.Model;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway pools</c>.</summary>
internal sealed class PoolsCommand(Terminal terminal, CommonOptions common)
{
    /* Longer than any identity. */
    private const int Longest = 100;

    public Command Create()
    {
        var id = new Argument<long?>("id") { Description = "One pool, also another user's; all of yours when none is given.", Arity = ArgumentArity.ZeroOrOne };
        var command = new ExampleCommand("pools", "List your pools: the gateways that each lets you use, and the reservations that stand on it. 'gateway reserve' makes what it needs; nothing is to pay.",
            "gateway pools")
        { id };
        command.SetAction(async (parsed, stop) => terminal.Report(
            await Caller.RunAsync(parsed.GetValue(common.Identity)!, parsed.GetValue(common.Explorer)!, terminal.Time, caller => ListAsync(caller, parsed.GetValue(id), stop)),
            parsed.GetValue(common.Json)));
        return command;
    }

    private static async Task<Outcome> ListAsync(Caller caller, long? id, CancellationToken stop)
    {
        if ((await FindAsync(caller, id, stop)).Failed(out var fault, out var pools)) return fault;
        var json = new JsonArray([.. pools.Select(Json)]);
        return new Outcome.Done(TextTable.Of(json, "You have no pool yet: the first reservation makes one.",
            ("POOL", TextTable.Member("pool")), ("USER", TextTable.Member("user")), ("GATEWAYS", TextTable.Member("gateways")), ("RESERVATIONS", Count)), json);
    }

    private static async Task<Step<List<Pool>>> FindAsync(Caller caller, long? id, CancellationToken stop)
    {
        Outcome.Fault? fault;
        if (id is not { } one)
            return (await caller.Explorer.ListPoolsAsync(caller.User, stop)).ToStep("Listing your pools").Failed(out fault, out var listed) ? fault : listed.Items.ToList();
        return (await caller.Explorer.GetPoolAsync(one, stop)).ToStep($"Looking up the pool {one}").Failed(out fault, out var pool) ? fault : new List<Pool> { pool };
    }

    private static string Count(JsonNode pool) => pool["reservations"]!.AsArray().Count.ToString(CultureInfo.InvariantCulture);

    private static JsonNode Json(Pool pool) => new JsonObject
    {
        ["pool"] = pool.PoolId,
        ["user"] = pool.CustomerTid,
        ["gateways"] = new JsonArray([.. pool.NodeIds.Select(id => (JsonNode)PeerText.OneLine(id, Longest))]),
        ["reservations"] = new JsonArray([.. pool.ActiveWorkloadIds.Select(id => (JsonNode)id)]),
    };
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.Cli.Reservations;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway reservations</c> and <c>gateway delete</c>.</summary>
internal sealed class ReservationsCommand(Terminal terminal, CommonOptions common)
{
    private static readonly TimeSpan DeleteDeadline = TimeSpan.FromSeconds(30);

    public Command CreateList()
    {
        var all = new Option<bool>("--all") { Description = "Show deleted and failed ones too." };
        var command = new ExampleCommand("reservations", "List your reservations and where each of them stands.",
            "gateway reservations")
        { all };
        command.SetAction(async (parsed, stop) => terminal.Report(await ListAsync(parsed, parsed.GetValue(all), stop), parsed.GetValue(common.Json)));
        return command;
    }

    public Command CreateDelete()
    {
        var ids = new Argument<long[]>("id") { Description = "The reservations to give back.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Give back everything you hold." };
        var command = new ExampleCommand("delete", "Give reservations back, and wait until the gateway has removed them.",
            "gateway delete 12 13")
        { ids, all };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(ids) ?? []).Length == 0 != result.GetValue(all)) result.AddError("Name the reservations to delete, or say --all.");
        });
        command.SetAction(async (parsed, stop) => terminal.Report(await DeleteAsync(parsed, parsed.GetValue(all) ? null : parsed.GetValue(ids)!, stop), parsed.GetValue(common.Json)));
        return command;
    }

    private async Task<Outcome> ListAsync(ParseResult parsed, bool all, CancellationToken stop)
    {
        if (Open(parsed).Failed(out var fault, out var caller)) return fault;
        using var owned = caller;
        if ((await OwnAsync(caller, all, stop)).Failed(out fault, out var workloads)) return fault;
        return new Outcome.Done(ReservationView.Table(workloads), new JsonArray([.. workloads.Select(ReservationView.Json)]));
    }

    private async Task<Outcome> DeleteAsync(ParseResult parsed, long[]? ids, CancellationToken stop)
    {
        if (Open(parsed).Failed(out var fault, out var caller)) return fault;
        using var owned = caller;
        if (ids is null)
        {
            if ((await OwnAsync(caller, all: false, stop)).Failed(out fault, out var workloads)) return fault;
            ids = [.. workloads.Select(workload => workload.Id)];
        }

        var booking = new Booking(caller);
        foreach (var id in ids)
            if ((await booking.DeleteAsync(id, stop)).Failed(out fault, out _)) return fault;
        foreach (var id in ids)
        {
            if ((await booking.WaitAsync(id, workload => workload.NextAction == NextAction.Deleted, DeleteDeadline, stop)).Failed(out fault, out var workload)) return fault;
            if (workload.NextAction != NextAction.Deleted) return new Outcome.Fault(ExitCode.Failed, $"The gateway has not removed {id} yet; it will when it is back. 'gateway reservations' shows when.");
        }

        return new Outcome.Done(ids.Length == 0 ? "There was nothing to delete." : $"Deleted: {string.Join(", ", ids)}.", new JsonObject { ["deleted"] = new JsonArray([.. ids.Select(id => (JsonNode)id)]) });
    }

    private Step<Caller> Open(ParseResult parsed) => Caller.OpenRegistered(parsed.GetValue(common.Identity)!, parsed.GetValue(common.Explorer)!, terminal.Time);

    private static async Task<Step<List<Workload>>> OwnAsync(Caller caller, bool all, CancellationToken stop)
    {
        var own = new List<Workload>();
        for (var page = 1; ; page++)
        {
            var listed = (await caller.Explorer.ListWorkloadsAsync(caller.User, null, null, page, stop)).ToStep("Listing your reservations");
            if (listed.Failed(out var fault, out var found)) return fault;
            own.AddRange(found.Items.Where(workload => all || workload.NextAction is not (NextAction.Deleted or NextAction.Invalid)));
            if (page >= found.Pages) return own;
        }
    }
}

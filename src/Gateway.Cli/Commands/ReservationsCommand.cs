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
        var ids = new Argument<string[]>("id") { Description = "These alone, also another user's: a number, or the number that gateways use in their logs (12-1).", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Show deleted and failed ones too." };
        var open = new Option<bool>("--to-approve") { Description = "Show those of other users that wait for your approval." };
        var command = new ExampleCommand("reservations", "List your reservations and where each of them stands.",
            "gateway reservations")
        { ids, all, open };
        command.Validators.Add(result =>
        {
            foreach (var id in result.GetValue(ids) ?? [])
                if (!Listed.IsId(id)) result.AddError($"'{id}' is no number of a reservation.");
        });
        command.SetAction(async (parsed, stop) => terminal.Report(await RunAsync(parsed, async caller =>
        {
            var listed = new Listed(caller);
            if (parsed.GetValue(ids) is [_, ..] wanted) return Tell(await listed.FindAsync(wanted, stop), "");
            return parsed.GetValue(open)
                ? Tell(await listed.ToApproveAsync(stop), "Nobody waits for your approval.")
                : Tell(await listed.OwnAsync(parsed.GetValue(all), stop), "You hold no reservations.");
        }), parsed.GetValue(common.Json)));
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
        command.SetAction(async (parsed, stop) => terminal.Report(
            await RunAsync(parsed, caller => DeleteAsync(caller, parsed.GetValue(all) ? null : parsed.GetValue(ids)!, stop)), parsed.GetValue(common.Json)));
        return command;
    }

    private static Outcome Tell(Step<List<Workload>> found, string none) => found.Failed(out var fault, out var workloads)
        ? fault
        : new Outcome.Done(ReservationView.Table(workloads, none), new JsonArray([.. workloads.Select(ReservationView.Json)]));

    private static async Task<Outcome> DeleteAsync(Caller caller, long[]? ids, CancellationToken stop)
    {
        Outcome.Fault? fault;
        if (ids is null)
        {
            if ((await new Listed(caller).OwnAsync(all: false, stop)).Failed(out fault, out var workloads)) return fault;
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

    private Task<Outcome> RunAsync(ParseResult parsed, Func<Caller, Task<Outcome>> run) =>
        Caller.RunAsync(parsed.GetValue(common.Identity)!, parsed.GetValue(common.Explorer)!, terminal.Time, run);
}

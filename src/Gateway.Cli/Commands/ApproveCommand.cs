using System.CommandLine;
using System.Text.Json.Nodes;
using Gateway.Cli.Reservations;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Commands;

/// <summary><c>gateway approve</c>.</summary>
internal sealed class ApproveCommand(Terminal terminal, CommonOptions common)
{
    public Command Create()
    {
        var ids = new Argument<long[]>("id") { Description = "The reservations to agree to.", Arity = ArgumentArity.OneOrMore };
        var command = new ExampleCommand("approve", "Agree to reservations that other users made on condition that you do: 'gateway reservations --to-approve' lists them. What you sign is the whole reservation as the explorer shows it.",
            "gateway approve 12")
        { ids };
        command.SetAction(async (parsed, stop) => terminal.Report(
            await Caller.RunAsync(parsed.GetValue(common.Identity)!, parsed.GetValue(common.Explorer)!, terminal.Time, caller => RunAsync(new Booking(caller), parsed.GetValue(ids)!, stop)),
            parsed.GetValue(common.Json)));
        return command;
    }

    private static async Task<Outcome> RunAsync(Booking booking, long[] ids, CancellationToken stop)
    {
        var approved = new List<Workload>();
        foreach (var id in ids)
        {
            if ((await booking.ApproveAsync(id, stop)).Failed(out var fault, out var workload)) return fault;
            approved.Add(workload);
        }

        return new Outcome.Done(string.Join('\n', approved.Select(Tell)), new JsonArray([.. approved.Select(ReservationView.Json)]));
    }

    private static string Tell(Workload workload)
    {
        var what = $"{workload.WorkloadType.Name} {workload.Id} of user {workload.CustomerTid}, {ReservationView.Subject(workload)}";
        return ReservationView.State(workload) switch
        {
            ReservationView.Unapproved => $"Approved: {what}; {Approvals.OfCreation(workload)} as well.",
            "waiting" or "active" => $"Approved: {what}; the gateway has it now.",
            var state => $"Nothing to approve any more: {what} is {state}.",
        };
    }
}

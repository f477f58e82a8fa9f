using System.CommandLine;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Commands;

/// <summary>The options that let other users have a word in a reservation.</summary>
internal sealed class ApprovalOptions
{
    private readonly Option<long[]> _approvers = new("--approver") { Description = "The number of a user who has to agree ('gateway approve') before the gateway hears of it; may be repeated.", Recursive = true };
    private readonly Option<int?> _approvals = new("--approvals") { Description = "How many of those users are enough; all of them by default.", Recursive = true };
    private readonly Option<long[]> _deleters = new("--may-delete") { Description = "The number of a user who may give it back as you may; may be repeated.", Recursive = true };

    /// <summary>Adds them to a command and those below it.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_approvers, _approvals, _deleters]) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            var most = (result.GetValue(_approvers) ?? []).Distinct().Count();
            if (result.GetValue(_approvals) is { } enough && (enough < 1 || enough > most)) result.AddError("--approvals takes a number from 1 up to as many as --approver names.");
        });
    }

    /// <summary>The reservation with the users whose word it needs.</summary>
    public Workload Fill(ParseResult parsed, Workload draft)
    {
        long[] approvers = [.. (parsed.GetValue(_approvers) ?? []).Distinct()];
        return draft with
        {
            SigningRequestProvision = new SigningRequest { Signers = approvers, QuorumMin = parsed.GetValue(_approvals) ?? approvers.Length },
            SigningRequestDelete = new SigningRequest { Signers = [.. (parsed.GetValue(_deleters) ?? []).Distinct()] },
        };
    }
}

using System.Globalization;
using Gateway.ExplorerApi;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Reservations;

/// <summary>Reservations as the explorer lists them.</summary>
internal sealed class Listed(Caller caller)
{
    /// <summary>Before a page is asked for again that the explorer was asked for too soon.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private const int MostPauses = 10;

    /// <summary>True for a reservation's number, and for the global one that gateways use.</summary>
    public static bool IsId(string text) => text.Split('-') is { Length: 1 or 2 } parts && parts.All(part => TryNumber(part, out _));

    /// <summary>Those with these numbers, whosever they are.</summary>
    public async Task<Step<List<Workload>>> FindAsync(IEnumerable<string> ids, CancellationToken stop)
    {
        var found = new List<Workload>();
        foreach (var id in ids)
        {
            var asked = TryNumber(id, out var number) ? await caller.Explorer.GetWorkloadAsync(number, stop) : await caller.Explorer.GetWorkloadAsync(id, stop);
            if (asked.ToStep($"Looking up the reservation {id}").Failed(out var fault, out var workload)) return fault;
            found.Add(workload);
        }

        return found;
    }

    /// <summary>The caller's; those that are over only with <paramref name="all"/>.</summary>
    public Task<Step<List<Workload>>> OwnAsync(bool all, CancellationToken stop) =>
        PagesAsync("Listing your reservations", page => PageAsync(caller.User, null, page, stop), workload => all || workload.NextAction is not (NextAction.Deleted or NextAction.Invalid), stop);

    /// <summary>Those of anybody that wait for the caller's agreement. Where an explorer has too many to look through them all, it is done here.</summary>
    public Task<Step<List<Workload>>> ToApproveAsync(CancellationToken stop)
    {
        NextAction? action = NextAction.Sign;
        return PagesAsync("Listing what waits for approval", AskAsync, workload => Approvals.IsWaitingFor(workload, caller.User), stop);

        async Task<ExplorerOutcome<Listing<Workload>>> AskAsync(int page)
        {
            var answer = await PageAsync(null, action, page, stop);
            if (page > 1 || answer is not ExplorerOutcome<Listing<Workload>>.Refused { Status: 400 }) return answer;
            action = null;
            return await PageAsync(null, action, page, stop);
        }
    }

    private Task<ExplorerOutcome<Listing<Workload>>> PageAsync(long? customer, NextAction? action, int page, CancellationToken stop) =>
        caller.Explorer.ListWorkloadsAsync(customer, action, null, page, ExplorerClient.LargestPage, stop);

    private async Task<Step<List<Workload>>> PagesAsync(string what, Func<int, Task<ExplorerOutcome<Listing<Workload>>>> ask, Func<Workload, bool> isWanted, CancellationToken stop)
    {
        var all = new List<Workload>();
        for (var page = 1; ; page++)
        {
            if ((await PatientlyAsync(() => ask(page), stop)).ToStep(what).Failed(out var fault, out var found)) return fault;
            all.AddRange(found.Items.Where(isWanted));
            if (page >= found.Pages) return all;
        }
    }

    // Hundreds of pages in a row are more than an explorer answers at once.
    private async Task<ExplorerOutcome<Listing<Workload>>> PatientlyAsync(Func<Task<ExplorerOutcome<Listing<Workload>>>> ask, CancellationToken stop)
    {
        for (var pauses = 0; ; pauses++)
        {
            var answer = await ask();
            if (pauses == MostPauses || answer is not ExplorerOutcome<Listing<Workload>>.Refused { Status: 429 }) return answer;
            await Task.Delay(Pause, caller.Time, stop);
        }
    }

    private static bool TryNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

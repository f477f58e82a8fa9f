using System.Globalization;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Reservations;

/// <summary>Reservations as the explorer lists them.</summary>
internal sealed class Listed(Caller caller)
{
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
        PagesAsync("Listing your reservations", caller.User, null, workload => all || workload.NextAction is not (NextAction.Deleted or NextAction.Invalid), stop);

    /// <summary>Those of anybody that wait for the caller's agreement.</summary>
    public Task<Step<List<Workload>>> ToApproveAsync(CancellationToken stop) =>
        PagesAsync("Listing what waits for approval", null, NextAction.Sign, workload => Approvals.IsWaitingFor(workload, caller.User), stop);

    private async Task<Step<List<Workload>>> PagesAsync(string what, long? customer, NextAction? action, Func<Workload, bool> isWanted, CancellationToken stop)
    {
        var all = new List<Workload>();
        for (var page = 1; ; page++)
        {
            if ((await caller.Explorer.ListWorkloadsAsync(customer, action, null, page, stop)).ToStep(what).Failed(out var fault, out var found)) return fault;
            all.AddRange(found.Items.Where(isWanted));
            if (page >= found.Pages) return all;
        }
    }

    private static bool TryNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

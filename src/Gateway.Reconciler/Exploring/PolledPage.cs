using Gateway.ExplorerApi;

namespace Gateway.Reconciler.Exploring;

/// <summary>One answer to a poll, as far as it is read beside the loop.</summary>
/// <param name="Fault">Why it brought nothing, in one line; null when the explorer answered.</param>
/// <param name="Deliveries">Its elements that are for this gateway.</param>
/// <param name="Count">How many elements it had, the unreadable ones and those of others included.</param>
/// <param name="Highest">The highest id on it; 0 when it was empty.</param>
/// <param name="LastId">What the explorer gave as X-Last-Id; 0 when it did not.</param>
internal sealed record PolledPage(string? Fault, IReadOnlyList<Delivery> Deliveries, int Count, long Highest, long LastId)
{
    /// <summary>Pure: nothing is taken yet.</summary>
    public static PolledPage Of(ExplorerOutcome<WorkloadPage> answer, string nodeId) => answer.Match(
        page => new PolledPage(null, [.. Delivery.Of(page, nodeId)], page.Workloads.Count + page.Faults.Count, HighestOf(page), page.LastId),
        refused => Silent(refused.ToString()),
        unreachable => Silent(unreachable.ToString()));

    private static PolledPage Silent(string fault) => new(fault, [], 0, 0, 0);

    private static long HighestOf(WorkloadPage page)
    {
        var highest = 0L;
        foreach (var it in page.Workloads) highest = Math.Max(highest, it.Id);
        foreach (var it in page.Faults) highest = Math.Max(highest, it.Id);
        // Elements without a readable id would be sent again for ever; the explorer's own word gets us past them.
        return page.Faults.Any(it => it.Id == 0) ? Math.Max(highest, page.LastId) : highest;
    }
}

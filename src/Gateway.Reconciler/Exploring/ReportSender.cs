using Gateway.ExplorerApi;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using Gateway.Model.Reservations;

namespace Gateway.Reconciler.Exploring;

/// <summary>Tells the explorer one thing: a signed result, a removal, or first the one and then the other.</summary>
internal sealed class ReportSender(ExplorerClient explorer, Identity identity)
{
    /// <summary>Sends; what the explorer will never take counts as told, and <see cref="Sent.GivenUp"/> says why.</summary>
    public async Task<Sent> SendAsync(string id, OutboxEntry entry, CancellationToken stop)
    {
        Sent sent = new Sent.Accepted();
        if (entry.State is { } state) sent = Judge(await explorer.PutResultAsync(identity.Id, id, Result(id, entry, state), stop));
        if (!entry.Delete || sent is Sent.Later) return sent;
        var removed = Judge(await explorer.ReportDeletedAsync(identity.Id, id, stop));
        return removed is Sent.Accepted ? sent : removed;
    }

    private WorkloadResult Result(string id, OutboxEntry entry, int state) => ResultSignature.Sign(
        new WorkloadResult
        {
            Category = (WorkloadType)entry.Category,
            WorkloadId = id,
            State = (ResultState)state,
            Message = entry.Message,
            Epoch = new ExplorerDate(entry.Since),
        },
        identity);

    private static Sent Judge(ExplorerOutcome<Accepted> outcome) => outcome.Match<Sent>(
        _ => new Sent.Accepted(),
        refused => IsForGood(refused.Status) ? new Sent.GivenUp(refused.ToString()) : new Sent.Later(refused.ToString(), IsAway: refused.MayPass),
        unreachable => new Sent.Later(unreachable.ToString(), IsAway: true));

    // Unknown workload, or a body that this server will read in no other way tomorrow.
    private static bool IsForGood(int status) => status is 400 or 404 or 410 or 413 or 422;
}

/// <summary>What became of a report.</summary>
internal abstract record Sent
{
    private Sent()
    {
    }

    public sealed record Accepted : Sent;

    /// <summary>The explorer will never take it.</summary>
    public sealed record GivenUp(string Reason) : Sent;

    /// <summary>To be tried again.</summary>
    /// <param name="Reason">Why it failed.</param>
    /// <param name="IsAway">True when the explorer is away altogether, so that the others wait as well.</param>
    public sealed record Later(string Reason, bool IsAway) : Sent;
}

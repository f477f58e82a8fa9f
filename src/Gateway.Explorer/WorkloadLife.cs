using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer;

/// <summary>How a workload goes on: pure steps from one stored state to the next (sections 1.8 to 1.10).</summary>
internal static class WorkloadLife
{
    /// <summary>A new one, its signature checked. From now on its epoch is the server's.</summary>
    public static Workload Begin(Workload workload, DateTimeOffset now) => workload with
    {
        Epoch = ExplorerDate.From(now),
        NextAction = IsAgreed(workload.SigningRequestProvision, workload.SignaturesProvision) ? NextAction.Deploy : NextAction.Sign,
    };

    /// <summary>With one more agreement to its creation.</summary>
    public static Workload AgreeToProvision(Workload workload, WorkloadSignature signature)
    {
        var signatures = (IReadOnlyList<WorkloadSignature>)[.. workload.SignaturesProvision, signature];
        return workload with { SignaturesProvision = signatures, NextAction = IsAgreed(workload.SigningRequestProvision, signatures) ? NextAction.Deploy : workload.NextAction };
    }

    /// <summary>With one more agreement to its deletion; with enough of them it is to be deleted. What is gone stays gone.</summary>
    public static Workload AgreeToDelete(Workload workload, WorkloadSignature signature)
    {
        var signatures = (IReadOnlyList<WorkloadSignature>)[.. workload.SignaturesDelete, signature];
        // A minimum of 0 means that nobody can delete it, not that nobody needs to agree.
        var isAgreed = workload.SigningRequestDelete.QuorumMin > 0 && IsAgreed(workload.SigningRequestDelete, signatures);
        return workload with { SignaturesDelete = signatures, NextAction = isAgreed && !IsOver(workload) ? NextAction.Delete : workload.NextAction };
    }

    /// <summary>
    /// With the gateway's result. A failure leads to deletion. A result about a workload that shall be deleted is kept, but the deletion still has to be
    /// told: it does not end the wish, as it did in the original. A result about one that is gone comes too late and changes nothing.
    /// </summary>
    public static Workload Report(Workload workload, WorkloadResult result, string nodeId, DateTimeOffset now)
    {
        if (IsOver(workload)) return workload;
        var stored = result with { NodeId = nodeId, WorkloadId = workload.GlobalId, Epoch = ExplorerDate.From(now) };
        return workload with { Result = stored, NextAction = result.State == ResultState.Ok ? workload.NextAction : NextAction.Delete };
    }

    /// <summary>Gone from the gateway; the message of its result stays readable.</summary>
    public static Workload Gone(Workload workload) => workload with
    {
        NextAction = NextAction.Deleted,
        Result = workload.Result with { State = ResultState.Deleted },
    };

    /// <summary>True when a gateway has to know about it.</summary>
    public static bool IsLive(Workload workload) => workload.NextAction is NextAction.Deploy or NextAction.Delete;

    /// <summary>True when the gateway still owes a report: the deletion of what shall go, the result of what shall stand.</summary>
    public static bool IsOwed(Workload workload) =>
        workload.NextAction == NextAction.Delete || (workload.NextAction == NextAction.Deploy && workload.Result.State != ResultState.Ok);

    /// <summary>True when nothing more happens to it.</summary>
    public static bool IsOver(Workload workload) => workload.NextAction is NextAction.Deleted or NextAction.Invalid or NextAction.Migrated;

    private static bool IsAgreed(SigningRequest request, IReadOnlyList<WorkloadSignature> signatures) =>
        signatures.Select(signature => signature.Tid).Distinct().Count(request.Signers.Contains) >= request.QuorumMin;
}

using System.Globalization;
using Gateway.Model.ExplorerApi;

namespace Gateway.Cli.Reservations;

/// <summary>Whose agreement a reservation still waits for.</summary>
internal static class Approvals
{
    /// <summary>True when the user is among those who have signed.</summary>
    public static bool HasAgreed(IReadOnlyList<WorkloadSignature> signatures, long user) => signatures.Any(signature => signature.Tid == user);

    /// <summary>True when the creation waits for the user's agreement.</summary>
    public static bool IsWaitingFor(Workload workload, long user) =>
        workload.NextAction == NextAction.Sign && workload.SigningRequestProvision.Signers.Contains(user) && !HasAgreed(workload.SignaturesProvision, user);

    /// <summary>The users who may still agree to the creation.</summary>
    public static IReadOnlyList<long> Open(Workload workload) => Open(workload.SigningRequestProvision, workload.SignaturesProvision);

    /// <summary>How many of them have to; 0: enough have.</summary>
    public static long Missing(Workload workload) => Missing(workload.SigningRequestProvision, workload.SignaturesProvision);

    /// <summary>What is missing before a gateway hears of it, as the rest of a sentence.</summary>
    public static string OfCreation(Workload workload) => Text(workload.SigningRequestProvision, workload.SignaturesProvision);

    /// <summary>What is missing before it goes, as the rest of a sentence.</summary>
    public static string OfDeletion(Workload workload) => Text(workload.SigningRequestDelete, workload.SignaturesDelete);

    private static string Text(SigningRequest request, IReadOnlyList<WorkloadSignature> given)
    {
        var (missing, open) = (Missing(request, given), Open(request, given));
        if (missing > open.Count) return "more users have to agree than were named, so it never will be";
        var users = string.Join(", ", open.Select(user => user.ToString(CultureInfo.InvariantCulture)));
        return open is [var only] ? $"user {only} has to agree" : $"{missing} of the users {users} {(missing == 1 ? "has" : "have")} to agree";
    }

    private static IReadOnlyList<long> Open(SigningRequest request, IReadOnlyList<WorkloadSignature> given) =>
        [.. request.Signers.Distinct().Where(user => !HasAgreed(given, user))];

    private static long Missing(SigningRequest request, IReadOnlyList<WorkloadSignature> given) =>
        Math.Max(0, request.QuorumMin - request.Signers.Distinct().Count(user => HasAgreed(given, user)));
}

using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer.Handlers;

/// <summary>What users do with workloads: make them and agree to their deletion (sections 1.9 and 1.10).</summary>
internal sealed class WorkloadHandlers(
    WorkloadShelf shelf, Authentication authentication, PoolHandlers pools, ExplorerEvents events, TimeProvider time)
{
    public async Task<ApiAnswer> CreateAsync(ApiCall call, CancellationToken stop)
    {
        var (signer, refused) = await authentication.UserAsync(call, stop);
        if (signer is null) return refused!;
        if (!call.TryBody<Workload>(out var sent, out var fault)) return ApiAnswer.Error(400, fault);
        var workload = WorkloadRules.Received(sent);
        if (!WorkloadRules.IsAcceptable(workload, out fault)) return ApiAnswer.Error(400, fault);
        if (workload.CustomerTid != signer.Id) return ApiAnswer.Error(401, "request user identity does not match the reservation customer-tid");
        if (!PublicKey.TryFromHex(signer.Pubkey, out var key) || !WorkloadChallenge.VerifyCustomer(workload, key))
            return ApiAnswer.Error(400, "failed to verify customer signature: it must be the hex of ed25519 over the SHA-256 of the challenge");
        if (await PoolFaultAsync(workload, stop) is { } refusal) return refusal;
        var (id, limit) = await shelf.AddAsync(WorkloadLife.Begin(workload, time.GetUtcNow()), stop);
        if (limit is not null) return limit;
        events.WorkloadCreated(id, workload.WorkloadType.Name, workload.CustomerTid, workload.NodeId);
        return ApiAnswer.Of(new WorkloadCreated { ReservationId = id }, 201);
    }

    /// <summary>The mirror under the old base asks for no signature, and so nobody's name can be taken for the customer's.</summary>
    public static ApiAnswer Unsigned { get; } = ApiAnswer.Error(400, "workloads are made with a signed POST to /api/v1/reservations/workloads");

    public Task<ApiAnswer> SignDeleteAsync(ApiCall call, CancellationToken stop) => SignAsync(call, Agreement.ToDelete, stop);

    public Task<ApiAnswer> SignProvisionAsync(ApiCall call, CancellationToken stop) => SignAsync(call, Agreement.ToProvision, stop);

    private async Task<ApiAnswer> SignAsync(ApiCall call, Agreement agreement, CancellationToken stop)
    {
        if (!call.TryNumber("id", out var id)) return ApiAnswer.Error(400, "the workload id is too large");
        if (!call.TryBody<WorkloadSignature>(out var sent, out var fault)) return ApiAnswer.Error(400, fault);
        var signer = await authentication.FindAsync(sent.Tid, stop);
        var (answer, workload) = await shelf.ChangeAsync(id, ApiAnswer.Null(201), stored => agreement.Give(stored, sent, signer, time.GetUtcNow()), stop);
        if (workload is not null) events.WorkloadSigned(id, sent.Tid, agreement.Word, workload.NextAction.ToString());
        return answer;
    }

    private async Task<ApiAnswer?> PoolFaultAsync(Workload workload, CancellationToken stop)
    {
        if (await pools.FindAsync(workload.PoolId, stop) is not { } pool) return ApiAnswer.Error(404, "pool does not exist");
        var isAllowed = pool.CustomerTid == workload.CustomerTid && pool.NodeIds.Contains(workload.NodeId);
        return isAllowed ? null : ApiAnswer.Error(403, "not allowed to deploy workload on this pool");
    }
}

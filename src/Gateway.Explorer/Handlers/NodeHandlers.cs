using System.Globalization;
using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;
using StackExchange.Redis;

namespace Gateway.Explorer.Handlers;

/// <summary>What gateways do with workloads: ask for them and report (sections 1.7 and 1.8).</summary>
internal sealed class NodeHandlers(ExplorerStore store, WorkloadShelf shelf, Authentication authentication, ExplorerOptions options, ExplorerEvents events, TimeProvider time)
{
    private const int PageSize = 200;

    // A gateway of the old kind asks this often, so each poll shows it another part of a long queue.
    private const int QueueTurnSeconds = 10;

    public async Task<ApiAnswer> PollAsync(ApiCall call, CancellationToken stop)
    {
        var text = call.Query("from");
        if (text.Length == 0 || !text.All(char.IsAsciiDigit)) return ApiAnswer.NoSuchPath;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var from)) return ApiAnswer.Error(400, "from is too large");
        var nodeId = call.Parameter("node_id");
        var ids = await store.MembersFromAsync(RedisSchema.ExplorerNodeWorkloadsKey(nodeId), from, 0, PageSize, stop);
        if (ids.Count > 0) return await PageAsync(ids, ids.Max(id => (long)id), stop);
        ids = await QueueAsync(RedisSchema.ExplorerNodeQueueKey(nodeId), stop);
        if (ids.Count > 0) return await PageAsync(ids, Math.Max(from, ids.Max(id => (long)id)), stop);
        return ApiAnswer.Null(200) with { Headers = [LastId(await store.ReadCounterAsync(RedisSchema.ExplorerWorkloadCounterKey, stop))] };
    }

    public async Task<ApiAnswer> PutResultAsync(ApiCall call, CancellationToken stop)
    {
        if (!WorkloadReading.TryGlobalId(call.Parameter("gwid"), out var id, out var workloadId)) return ApiAnswer.Error(400, "the workload id is too large");
        if (!call.TryBody<WorkloadResult>(out var sent, out var fault)) return ApiAnswer.Error(400, fault);
        var nodeId = call.Parameter("node_id");
        var (answer, stored) = await shelf.ChangeAsync(id, ApiAnswer.Null(201), Step, stop);
        if (stored is not null) events.ResultReported(stored.GlobalId, stored.NodeId, sent.State.ToString(), sent.Message);
        return answer;

        (Workload?, ApiAnswer?) Step(Workload workload)
        {
            if (workload.WorkloadId != workloadId) return (null, ApiAnswer.Error(404, "workload not found"));
            if (!IsFrom(call, workload) && !IsSignedBy(sent, workload)) return (null, NotFromGateway(workload));
            return (WorkloadLife.Report(workload, sent, nodeId, time.GetUtcNow()), null);
        }
    }

    public async Task<ApiAnswer> DeleteAsync(ApiCall call, CancellationToken stop)
    {
        if (!WorkloadReading.TryGlobalId(call.Parameter("gwid"), out var id, out var workloadId)) return ApiAnswer.Error(400, "the workload id is too large");
        var (answer, stored) = await shelf.ChangeAsync(id, ApiAnswer.Null(200), Step, stop);
        if (stored is not null) events.WorkloadGone(stored.GlobalId, stored.NodeId);
        return answer;

        (Workload?, ApiAnswer?) Step(Workload workload)
        {
            if (workload.WorkloadId != workloadId) return (null, ApiAnswer.Error(404, "workload not found"));
            // Nothing is lost when somebody else says of a workload on its way out that it is gone; one that stands is another matter.
            var isExpected = workload.NextAction == NextAction.Delete || WorkloadLife.IsOver(workload);
            return isExpected || IsFrom(call, workload) ? (WorkloadLife.Gone(workload), null) : (null, NotFromGateway(workload));
        }
    }

    private async Task<ApiAnswer> PageAsync(IReadOnlyList<RedisValue> ids, long lastId, CancellationToken stop) =>
        ApiAnswer.List([.. await shelf.ReadAsync(ids, stop)], LastId(lastId));

    // Oldest first. When there are more than a page, each turn shows the next part, so that entries nobody settles cannot starve the others.
    private async Task<IReadOnlyList<RedisValue>> QueueAsync(string queue, CancellationToken stop)
    {
        var length = await store.CountAsync(queue, stop);
        if (length == 0) return [];
        var parts = (length + PageSize - 1) / PageSize;
        var turn = time.GetUtcNow().ToUnixTimeSeconds() / QueueTurnSeconds % parts;
        var skip = Math.Max(0, Math.Min(turn * PageSize, length - PageSize));
        return await store.MembersFromAsync(queue, 0, skip, PageSize, stop);
    }

    private bool IsFrom(ApiCall call, Workload workload) =>
        !options.VerifyReports || authentication.Gateway(call, out _)?.Id == workload.NodeId;

    private static bool IsSignedBy(WorkloadResult result, Workload workload) =>
        PublicKey.TryFromId(workload.NodeId, out var gateway) && ResultSignature.Verify(result, gateway);

    private static ApiAnswer NotFromGateway(Workload workload) =>
        ApiAnswer.Unauthorized($"only gateway {workload.NodeId} reports about this workload, with its signature on the result or on the request");

    private static (string, string) LastId(long id) => ("X-Last-Id", id.ToString(CultureInfo.InvariantCulture));
}

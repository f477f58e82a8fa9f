using System.Text;
using Gateway.Explorer.Http;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Explorer.Storage;

/// <summary>
/// Workloads with everything that has to stay in step with them: the gateway's list and queue, the customer's, the pool's, and the
/// doorbell. A workload and its indexes change in one step.
/// </summary>
internal sealed class WorkloadShelf(ExplorerStore store, ExplorerOptions options, TimeProvider time)
{
    /* Two signers, a report and a deletion at once are four; more attempts than this means that something is wrong. */
    private const int MaxAttempts = 16;

    /// <summary>
    /// Stores a new workload; gives its id, which is higher than all before, or why the user may not have it. However many servers share the
    /// store, the limits hold: they are checked where the workload is written.
    /// </summary>
    public async Task<(long Id, ApiAnswer? Refusal)> AddAsync(Workload workload, CancellationToken stop)
    {
        // Quotes inside texts are escaped, so these octets are the members themselves.
        var json = Encoding.UTF8.GetString(ExplorerJson.Write(workload with { Id = 0 })).Replace(",\"id\":0,\"json\":", $",\"id\":{StoreChange.Id},\"json\":", StringComparison.Ordinal);
        var change = new StoreChange()
            .Numbered(RedisSchema.ExplorerWorkloadCounterKey)
            .Set(RedisSchema.ExplorerWorkloadsKey, StoreChange.Id, json)
            .AddMember(RedisSchema.ExplorerCustomersKey, "0", RedisSchema.ExplorerPairStart(workload.CustomerTid) + StoreChange.PaddedId)
            .AddMember(RedisSchema.ExplorerLiveKey, "0", RedisSchema.ExplorerPairStart(workload.CustomerTid) + StoreChange.PaddedId);
        if (WorkloadLife.IsLive(workload))
        {
            change.AddMember(RedisSchema.ExplorerNodeWorkloadsKey(workload.NodeId), StoreChange.Id, StoreChange.Id)
                .AddMember(RedisSchema.ExplorerNodeQueueKey(workload.NodeId), StoreChange.Score(time.GetUtcNow()), StoreChange.Id)
                .Ring(RedisSchema.ExplorerDoorbellKey(workload.NodeId));
        }

        List<ApiAnswer> refusals = [.. Limit(change, workload.CustomerTid)];
        var answer = await store.TryCommitAsync(change, stop);
        return answer >= 0 ? (answer, null) : (0, refusals[StoreChange.LimitOf(answer)]);
    }

    /// <summary>Adds the user's limits; gives what he is told when one is reached, in the same order.</summary>
    private IEnumerable<ApiAnswer> Limit(StoreChange change, long customer)
    {
        if (options.WorkloadsPerUser > 0)
        {
            var (from, to) = ExplorerStore.Range(customer);
            change.FewerThan(options.WorkloadsPerUser, RedisSchema.ExplorerLiveKey, from, to);
            yield return ApiAnswer.Error(403, $"a user has at most {options.WorkloadsPerUser} workloads: delete some first");
        }

        if (options.ReservationsPerMinute == 0) yield break;
        change.AtMostInMinute(options.ReservationsPerMinute, RedisSchema.ExplorerRateKey(customer));
        yield return ApiAnswer.SlowDown($"a user makes at most {options.ReservationsPerMinute} reservations in a minute", seconds: 5);
    }

    /// <summary>One workload; null when unknown. Throws <see cref="StoredValueDamagedException"/> when it cannot be read.</summary>
    public Task<Stored<Workload>?> ReadAsync(long id, CancellationToken stop) => store.ReadAsync<Workload>(RedisSchema.ExplorerWorkloadsKey, ExplorerStore.Field(id), stop);

    /// <summary>Workloads as JSON, in the order of the ids; unknown and damaged ones are left out.</summary>
    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(IReadOnlyList<RedisValue> ids, CancellationToken stop) => store.ReadJsonAsync(RedisSchema.ExplorerWorkloadsKey, ids, stop);

    /// <summary>
    /// Takes one step with a workload: <paramref name="step"/> gives the next state or a refusal, and is asked again when somebody else was faster.
    /// The answer is <paramref name="success"/> or the refusal; beside it the state that was stored.
    /// </summary>
    public async Task<(ApiAnswer Answer, Workload? Stored)> ChangeAsync(long id, ApiAnswer success, Func<Workload, (Workload? Changed, ApiAnswer? Refusal)> step, CancellationToken stop)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await ReadAsync(id, stop) is not { } stored) return (ApiAnswer.Error(404, "workload not found"), null);
            var (changed, refusal) = step(stored.Value);
            if (changed is null) return (refusal!, null);
            if (await store.CommitAsync(Replacement(stored, changed), stop) is not null) return (success, changed);
        }

        return (ApiAnswer.Error(409, "the workload is being changed elsewhere at this moment: try again"), null);
    }

    private StoreChange Replacement(Stored<Workload> stored, Workload changed)
    {
        var old = stored.Value;
        var id = ExplorerStore.Field(old.Id);
        var change = new StoreChange()
            .Expect(RedisSchema.ExplorerWorkloadsKey, id, stored.Json)
            .Set(RedisSchema.ExplorerWorkloadsKey, id, ExplorerJson.Write(changed));
        Place(change, changed);
        if (old.NextAction == changed.NextAction && WorkloadLife.IsOwed(changed)) return change;
        Index(change, RedisSchema.ExplorerNodeQueueKey(old.NodeId), StoreChange.Score(time.GetUtcNow()), id, WorkloadLife.IsOwed(changed));
        return WorkloadLife.IsOwed(changed) ? change.Ring(RedisSchema.ExplorerDoorbellKey(old.NodeId)) : change;
    }

    /// <summary>A workload as it is stored, with its places in everything that depends on it.</summary>
    public StoreChange Whole(Workload workload, StoredValue json)
    {
        var change = new StoreChange().Set(json.Key, json.Field!, json.Value.ToArray()).AddMember(RedisSchema.ExplorerCustomersKey, "0", RedisSchema.ExplorerPair(workload.CustomerTid, workload.Id));
        Place(change, workload);
        Index(change, RedisSchema.ExplorerNodeQueueKey(workload.NodeId), StoreChange.Score(time.GetUtcNow()), ExplorerStore.Field(workload.Id), WorkloadLife.IsOwed(workload));
        return change;
    }

    // Where it stands, but for the queue, whose order tells since when.
    private static void Place(StoreChange change, Workload workload)
    {
        var id = ExplorerStore.Field(workload.Id);
        Index(change, RedisSchema.ExplorerNodeWorkloadsKey(workload.NodeId), id, id, WorkloadLife.IsLive(workload));
        IndexPair(change, RedisSchema.ExplorerLiveKey, workload.CustomerTid, workload.Id, !WorkloadLife.IsOver(workload));
        IndexPair(change, RedisSchema.ExplorerPoolWorkloadsKey, workload.PoolId, workload.Id, workload.Result.State == ResultState.Ok && WorkloadLife.IsLive(workload));
    }

    private static void IndexPair(StoreChange change, string set, long first, long second, bool isMember) =>
        Index(change, set, "0", RedisSchema.ExplorerPair(first, second), isMember);

    private static void Index(StoreChange change, string set, string score, string member, bool isMember)
    {
        if (isMember) change.AddMember(set, score, member);
        else change.RemoveMember(set, member);
    }
}

using System.Text;
using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer.Handlers;

/// <summary>
/// Pools (section 1.13). Gateway workloads use no capacity, so nothing is to pay: a pool is there at once and says which gateways its owner may use.
/// </summary>
internal sealed class PoolHandlers(ExplorerStore store, Authentication authentication, ExplorerOptions options, ExplorerEvents events, TimeProvider time)
{
    private const int MaxNodes = 1000;

    private const int MaxListed = 1000;

    public async Task<ApiAnswer> CreateAsync(ApiCall call, CancellationToken stop)
    {
        if (!call.TryBody<PoolReservation>(out var sent, out var fault)) return ApiAnswer.Error(400, fault);
        if (sent.Reservation.NodeIds.Count is 0 or > MaxNodes) return ApiAnswer.Error(400, $"node_ids names 1 to {MaxNodes} gateways");
        if (await authentication.FindAsync(sent.CustomerTid, stop) is not { } user || !PublicKey.TryFromHex(user.Pubkey, out var key)) return ApiAnswer.Error(400, $"user '{sent.CustomerTid}' not found");
        if (!sent.IsSignedBy(key)) return ApiAnswer.Error(400, "failed to verify customer signature: it must cover the text in json, and json must say the same as data_reservation");
        return sent.Reservation.PoolId == 0 ? await AddAsync(sent, stop) : await ExtendAsync(sent, stop);
    }

    public async Task<ApiAnswer> GetAsync(ApiCall call, CancellationToken stop)
    {
        if (!call.TryNumber("id", out var id)) return ApiAnswer.Error(400, "the pool id is too large");
        return await FindAsync(id, stop) is { } pool ? ApiAnswer.Of(await WithWorkloadsAsync(pool, stop)) : ApiAnswer.Error(404, "pool does not exist");
    }

    public async Task<ApiAnswer> ListOfOwnerAsync(ApiCall call, CancellationToken stop)
    {
        if (!call.TryNumber("owner", out var owner)) return ApiAnswer.Error(400, "the user id is too large");
        var pools = new List<ReadOnlyMemory<byte>>();
        foreach (var pool in await store.ReadAsync<Pool>(RedisSchema.ExplorerPoolsKey, await store.PairedAsync(RedisSchema.ExplorerPoolOwnersKey, owner, 0, MaxListed, stop), stop))
            pools.Add(ExplorerJson.Write(await WithWorkloadsAsync(pool, stop)));

        return ApiAnswer.List(pools);
    }

    /// <summary>A pool by id, without its workloads; null when unknown. Throws <see cref="StoredValueDamagedException"/> when it cannot be read.</summary>
    public async Task<Pool?> FindAsync(long id, CancellationToken stop) =>
        (await store.ReadAsync<Pool>(RedisSchema.ExplorerPoolsKey, ExplorerStore.Field(id), stop))?.Value;

    private async Task<ApiAnswer> AddAsync(PoolReservation sent, CancellationToken stop)
    {
        var json = Encoding.UTF8.GetString(ExplorerJson.Write(Filled(new Pool { CustomerTid = sent.CustomerTid }, sent.Reservation)));
        var change = new StoreChange()
            .Numbered(RedisSchema.ExplorerPoolCounterKey)
            .Set(RedisSchema.ExplorerPoolsKey, StoreChange.Id, json.Replace("{\"pool_id\":0,", $"{{\"pool_id\":{StoreChange.Id},", StringComparison.Ordinal))
            .AddMember(RedisSchema.ExplorerPoolOwnersKey, "0", RedisSchema.ExplorerPairStart(sent.CustomerTid) + StoreChange.PaddedId);
        var (from, to) = ExplorerStore.Range(sent.CustomerTid);
        if (options.PoolsPerUser > 0) change.FewerThan(options.PoolsPerUser, RedisSchema.ExplorerPoolOwnersKey, from, to);
        var id = await store.TryCommitAsync(change, stop);
        if (StoreChange.LimitOf(id) >= 0) return ApiAnswer.Error(403, $"a user has at most {options.PoolsPerUser} pools: extend one of them");
        events.PoolCreated(id, sent.CustomerTid);
        return ApiAnswer.Of(new PoolCreated { ReservationId = id }, 201);
    }

    private async Task<ApiAnswer> ExtendAsync(PoolReservation sent, CancellationToken stop)
    {
        var field = ExplorerStore.Field(sent.Reservation.PoolId);
        if (await store.ReadAsync<Pool>(RedisSchema.ExplorerPoolsKey, field, stop) is not { Value: var pool } stored) return ApiAnswer.Error(404, "pool does not exist");
        if (pool.CustomerTid != sent.CustomerTid) return ApiAnswer.Error(403, "the pool belongs to another user");
        var change = new StoreChange().Expect(RedisSchema.ExplorerPoolsKey, field, stored.Json).Set(RedisSchema.ExplorerPoolsKey, field, ExplorerJson.Write(Filled(pool, sent.Reservation)));
        return await store.CommitAsync(change, stop) is null
            ? ApiAnswer.Error(409, "the pool is being changed elsewhere at this moment: try again")
            : ApiAnswer.Of(new PoolCreated { ReservationId = pool.PoolId }, 201);
    }

    private Pool Filled(Pool pool, PoolData wish) => pool with
    {
        Cus = pool.Cus + wish.Cus,
        Sus = pool.Sus + wish.Sus,
        Ipv4us = pool.Ipv4us + wish.Ipv4us,
        NodeIds = wish.NodeIds,
        LastUpdated = time.GetUtcNow().ToUnixTimeSeconds(),
        EmptyAt = long.MaxValue,
    };

    private async Task<Pool> WithWorkloadsAsync(Pool pool, CancellationToken stop)
    {
        var ids = await store.PairedAsync(RedisSchema.ExplorerPoolWorkloadsKey, pool.PoolId, 0, MaxListed, stop);
        return pool with { ActiveWorkloadIds = [.. ids.Select(id => (long)id)] };
    }
}

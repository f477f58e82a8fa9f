using System.Globalization;
using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Model;
using Gateway.Model.Crypto;
using Gateway.Model.ExplorerApi;

namespace Gateway.Explorer.Handlers;

/// <summary>The directory of gateways (section 1.3).</summary>
internal sealed class GatewayHandlers(ExplorerStore store, Authentication authentication, DomainContests contests, ExplorerOptions options, ExplorerEvents events, TimeProvider time)
{
    /* Another writer comes between at most once or twice; more often means that something is wrong. */
    private const int MaxAttempts = 8;

    public async Task<ApiAnswer> RegisterAsync(ApiCall call, CancellationToken stop)
    {
        if (authentication.Gateway(call, out var fault) is not { } key) return ApiAnswer.Unauthorized(fault);
        if (!call.TryBody<GatewayNode>(out var sent, out fault)) return ApiAnswer.Error(400, fault);
        if (sent.NodeId != key.Id) return ApiAnswer.Error(403, "the request is signed by another gateway than the one it registers");
        if (Fault(sent, key) is { } wrong) return ApiAnswer.Error(400, wrong);
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await TryRegisterAsync(sent, stop) is { } answer) return answer;
        }

        return ApiAnswer.Error(409, "the gateway is being registered elsewhere at this moment: try again");
    }

    public async Task<ApiAnswer> GetAsync(ApiCall call, CancellationToken stop)
    {
        var stored = await store.ReadAsync<GatewayNode>(RedisSchema.ExplorerGatewaysKey, call.Parameter("node_id"), stop);
        return stored is not null ? ApiAnswer.Raw(stored.Json.Span) : NotFound(call.Parameter("node_id"));
    }

    public async Task<ApiAnswer> ListAsync(ApiCall call, CancellationToken stop)
    {
        if (!Paging.TryRead(call, out var paging, out var fault)) return ApiAnswer.Error(400, fault);
        if (!TryFarm(call.Query("farm_id"), out var farm)) return ApiAnswer.Error(400, "farm_id is a number");
        var gateways = (await store.ReadAllAsync<GatewayNode>(RedisSchema.ExplorerGatewaysKey, stop))
            .Where(gateway => Is(call.Query("country"), gateway.Location.Country) && Is(call.Query("city"), gateway.Location.City) && (farm == 0 || gateway.FarmId == farm))
            .OrderBy(gateway => gateway.Id)
            .ToList();
        var page = gateways.Skip((int)Math.Min(paging.Skip, int.MaxValue)).Take(paging.Size).Select(gateway => (ReadOnlyMemory<byte>)ExplorerJson.Write(gateway));
        return ApiAnswer.List([.. page], paging.Pages(gateways.Count));
    }

    public Task<ApiAnswer> UptimeAsync(ApiCall call, CancellationToken stop) =>
        UpdateAsync<UptimeReport>(call, (gateway, report) => gateway with { Uptime = report.Uptime, Updated = ExplorerDate.From(time.GetUtcNow()) }, stop);

    // The report is written as the type that a gateway declares, so its resources are left out: a gateway has no member for them.
    public Task<ApiAnswer> ReservedResourcesAsync(ApiCall call, CancellationToken stop) =>
        UpdateAsync<ReservedResources>(call, (gateway, report) => gateway with { Workloads = report }, stop);

    private async Task<ApiAnswer> UpdateAsync<T>(ApiCall call, Func<GatewayNode, T, GatewayNode> change, CancellationToken stop) where T : class, new()
    {
        var nodeId = call.Parameter("node_id");
        if (authentication.Gateway(call, out var fault) is not { } key) return ApiAnswer.Unauthorized(fault);
        if (key.Id != nodeId) return ApiAnswer.Error(403, "the request is signed by another gateway than the one it is about");
        if (!call.TryBody<T>(out var report, out fault)) return ApiAnswer.Error(400, fault);
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await store.ReadAsync<GatewayNode>(RedisSchema.ExplorerGatewaysKey, nodeId, stop) is not { } stored) return NotFound(nodeId);
            if (await store.CommitAsync(Replace(nodeId, stored.Json, change(stored.Value, report)), stop) is not null) return ApiAnswer.Null(200);
        }

        return ApiAnswer.Error(409, "the gateway is being changed elsewhere at this moment: try again");
    }

    // Null when another writer came between.
    private async Task<ApiAnswer?> TryRegisterAsync(GatewayNode sent, CancellationToken stop)
    {
        var settled = await contests.SettleAsync(sent, stop);
        if (settled.IsLater) return ApiAnswer.Error(503, "other gateways announced some of the managed domains, and too many such domains are asked about at this moment: try again");
        if (settled.Refusal is { } refusal) return ApiAnswer.Error(403, refusal);
        var stored = await store.ReadAsync<GatewayNode>(RedisSchema.ExplorerGatewaysKey, sent.NodeId, stop);
        var now = ExplorerDate.From(time.GetUtcNow());
        if (stored is { Value: var old })
        {
            var changed = await TakeAsync(settled, Replace(sent.NodeId, stored.Json, sent with { Id = old.Id, Created = old.Created, Updated = now }), stop);
            return await store.CommitAsync(changed, stop) is null ? null : Taken(sent, settled);
        }

        if (options.GatewayLimit > 0 && await store.CountFieldsAsync(RedisSchema.ExplorerGatewaysKey, stop) >= options.GatewayLimit)
            return ApiAnswer.Error(403, $"the directory is full: it holds {options.GatewayLimit} gateways");
        var text = System.Text.Encoding.UTF8.GetString(ExplorerJson.Write(sent with { Id = 0, Created = now, Updated = now }));
        var change = new StoreChange()
            .Numbered(RedisSchema.ExplorerGatewayCounterKey)
            .Expect(RedisSchema.ExplorerGatewaysKey, sent.NodeId, null)
            .Set(RedisSchema.ExplorerGatewaysKey, sent.NodeId, text.Replace("{\"id\":0,", $"{{\"id\":{StoreChange.Id},", StringComparison.Ordinal));
        if (await store.CommitAsync(await TakeAsync(settled, change, stop), stop) is not { } id) return null;
        events.GatewayRegistered(id, sent.NodeId);
        return Taken(sent, settled);
    }

    // In one step with the entry that takes them, so that no domain is listed twice or not at all.
    private async Task<StoreChange> TakeAsync(Settlement settled, StoreChange change, CancellationToken stop)
    {
        foreach (var loss in settled.Losses)
        {
            if (await store.ReadAsync<GatewayNode>(RedisSchema.ExplorerGatewaysKey, loss.Key, stop) is not { } loser) continue;
            change.Expect(RedisSchema.ExplorerGatewaysKey, loss.Key, loser.Json).Set(RedisSchema.ExplorerGatewaysKey, loss.Key, ExplorerJson.Write(DomainContests.Without(loser.Value, loss)));
        }

        return change;
    }

    private ApiAnswer Taken(GatewayNode sent, Settlement settled)
    {
        foreach (var loss in settled.Losses)
            foreach (var domain in loss) events.DomainMoved(sent.NodeId, domain.ToString(), loss.Key);
        return ApiAnswer.Null(201);
    }

    private static StoreChange Replace(string nodeId, ReadOnlyMemory<byte> old, GatewayNode changed) => new StoreChange()
        .Expect(RedisSchema.ExplorerGatewaysKey, nodeId, old)
        .Set(RedisSchema.ExplorerGatewaysKey, nodeId, ExplorerJson.Write(changed));

    private static string? Fault(GatewayNode sent, PublicKey key)
    {
        if (!PublicKey.TryFromHex(sent.PublicKeyHex, out var named) || !named.Equals(key)) return "public_key_hex is not the key of node_id";
        if (sent.FarmId == 0) return "farm_id is required";
        if (sent.OsVersion.Length == 0) return "os_version is required";
        if (sent.Location == new GatewayLocation()) return "location is required";
        var wrong = (sent.ManagedDomains ?? []).FirstOrDefault(domain => !DomainName.TryParse(domain, out var name) || !name.IsHostName);
        return wrong is null ? null : $"managed domain '{wrong}' is not a domain name";
    }

    private static ApiAnswer NotFound(string nodeId) => ApiAnswer.Error(404, $"gateway '{nodeId}' not found");

    private static bool TryFarm(string text, out long farm)
    {
        farm = 0;
        return text.Length == 0 || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out farm);
    }

    private static bool Is(string wanted, string value) => wanted.Length == 0 || wanted == value;
}

using System.Globalization;
using Gateway.Explorer.Http;
using Gateway.Explorer.Storage;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using StackExchange.Redis;

namespace Gateway.Explorer.Handlers;

/// <summary>Workloads as anybody may read them (section 1.11).</summary>
internal sealed class WorkloadReading(ExplorerStore store, WorkloadShelf shelf)
{
    /* Read and looked at together; a multiple of the largest page. */
    private const int Chunk = 1000;

    /* About a second of work. */
    private const int MaxScanned = 100_000;

    public async Task<ApiAnswer> GetAsync(ApiCall call, CancellationToken stop)
    {
        if (!call.TryNumber("id", out var id)) return ApiAnswer.Error(400, "the workload id is too large");
        return await shelf.ReadAsync(id, stop) is { } stored ? ApiAnswer.Raw(stored.Json.Span) : NotFound();
    }

    public async Task<ApiAnswer> GetByGlobalIdAsync(ApiCall call, CancellationToken stop)
    {
        if (!TryGlobalId(call.Parameter("gwid"), out var id, out var workloadId)) return ApiAnswer.Error(400, "the workload id is too large");
        if (await shelf.ReadAsync(id, stop) is not { } stored || stored.Value.WorkloadId != workloadId) return NotFound();
        return ApiAnswer.Raw(stored.Json.Span);
    }

    public async Task<ApiAnswer> ListAsync(ApiCall call, CancellationToken stop)
    {
        if (!Paging.TryRead(call, out var paging, out var fault)) return ApiAnswer.Error(400, fault);
        if (!TryFilter(call, "customer_tid", out var customer) || !TryFilter(call, "next_action", out var action) || !TryFilter(call, "workload_type", out var type))
            return ApiAnswer.Error(400, "customer_tid, next_action and workload_type are numbers");
        var source = new Source(this, customer);
        if (action is not null || type is not null) return await FilteredAsync(source, paging, action, type, stop);
        var ids = await source.IdsAsync(paging.Skip, paging.Size, stop);
        return ApiAnswer.List([.. await shelf.ReadAsync(ids, stop)], paging.Pages(await source.CountAsync(stop)));
    }

    /// <summary>The two numbers of a global id; false when one is too large.</summary>
    public static bool TryGlobalId(string text, out long id, out long workloadId)
    {
        workloadId = 0;
        var hyphen = text.IndexOf('-');
        return long.TryParse(text.AsSpan(0, hyphen), NumberStyles.None, CultureInfo.InvariantCulture, out id)
            && long.TryParse(text.AsSpan(hyphen + 1), NumberStyles.None, CultureInfo.InvariantCulture, out workloadId);
    }

    private async Task<ApiAnswer> FilteredAsync(Source source, Paging paging, long? action, long? type, CancellationToken stop)
    {
        if (await source.CountAsync(stop) > MaxScanned) return TooMany(source);
        var (page, found) = (new List<ReadOnlyMemory<byte>>(), 0L);
        for (var at = 0L; ; at += Chunk)
        {
            var ids = await source.IdsAsync(at, Chunk, stop);
            if (ids.Count == 0) return ApiAnswer.List(page, paging.Pages(found));
            foreach (var json in await shelf.ReadAsync(ids, stop))
            {
                if (!IsWanted(json.Span, action, type)) continue;
                if (found >= paging.Skip && page.Count < paging.Size) page.Add(json);
                found++;
            }
        }
    }

    private static ApiAnswer TooMany(Source source)
    {
        const string Unfiltered = "page through the list without next_action and workload_type and choose yourself";
        return ApiAnswer.Error(400, source.Customer is { } customer
            ? $"customer {customer} has more than {MaxScanned} workloads to look through: {Unfiltered}"
            : $"more than {MaxScanned} workloads to look through: add customer_tid, or {Unfiltered}");
    }

    private static bool IsWanted(ReadOnlySpan<byte> json, long? action, long? type) =>
        ExplorerJson.TryRead<Workload>(json, out var workload, out _)
        && (action is null || (long)workload.NextAction == action)
        && (type is null || (long)workload.WorkloadType == type);

    private static bool TryFilter(ApiCall call, string name, out long? value)
    {
        var text = call.Query(name);
        var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        value = isNumber ? number : null;
        return isNumber || text.Length == 0;
    }

    private static ApiAnswer NotFound() => ApiAnswer.Error(404, "workload not found");

    /// <summary>The workloads of one customer, or all of them, by ascending id.</summary>
    private sealed class Source(WorkloadReading reading, long? customer)
    {
        public long? Customer => customer;

        public Task<long> CountAsync(CancellationToken stop) => customer is { } tid
            ? reading.Store.CountPairsAsync(RedisSchema.ExplorerCustomersKey, tid, stop)
            : reading.Store.ReadCounterAsync(RedisSchema.ExplorerWorkloadCounterKey, stop);

        public async Task<IReadOnlyList<RedisValue>> IdsAsync(long skip, int count, CancellationToken stop)
        {
            if (customer is { } tid) return await reading.Store.PairedAsync(RedisSchema.ExplorerCustomersKey, tid, skip, count, stop);
            // Ids run from 1 without a gap.
            var last = Math.Min(skip + count, await CountAsync(stop));
            var ids = new List<RedisValue>();
            for (var id = skip + 1; id <= last; id++) ids.Add(id);
            return ids;
        }
    }

    private ExplorerStore Store => store;
}

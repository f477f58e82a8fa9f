using System.Text;
using System.Text.Json.Nodes;
using Gateway.Server.Admin;
using Gateway.Store;
using Microsoft.AspNetCore.Http;

namespace Gateway.Server.Operating;

/// <summary>The dashboard's stream of server-sent events: the whole picture, once a second.</summary>
internal sealed class LiveEvents(NodeParts parts, LedgerView view, TrafficHistory traffic, RecentTroubles troubles, Func<IReadOnlyList<Condition>> conditions, TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /* Pages open at once; each costs four small questions to Redis a second. */
    private const int Most = 32;

    private int _open;

    /// <summary>Writes until the page is closed or the node stops.</summary>
    public async Task WriteAsync(HttpResponse response, CancellationToken stop)
    {
        try
        {
            if (Interlocked.Increment(ref _open) > Most)
            {
                response.StatusCode = StatusCodes.Status429TooManyRequests;
                return;
            }

            response.ContentType = "text/event-stream";
            response.Headers.CacheControl = "no-store";
            using var timer = new PeriodicTimer(Every, time);
            do await response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {(await PictureAsync(stop)).ToJsonString()}\n\n"), stop);
            while (await timer.WaitForNextTickAsync(stop));
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task<JsonObject> PictureAsync(CancellationToken stop) => new()
    {
        ["at"] = time.GetUtcNow().ToString("O"),
        ["conditions"] = new JsonArray([.. conditions().Select(it => (JsonNode)new JsonObject { ["name"] = it.Name, ["serving"] = it.Serving, ["degraded"] = it.Degraded, ["text"] = it.Text })]),
        ["counts"] = await CountsAsync(stop),
        ["tunnels"] = AdminApi.Tunnels(parts),
        ["traffic"] = traffic.Describe(),
        ["troubles"] = troubles.Newest(),
    };

    private async Task<JsonObject?> CountsAsync(CancellationToken stop)
    {
        try
        {
            return await view.CountsAsync(stop);
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            // The conditions say that Redis is away; the page keeps the lists that it has.
            return null;
        }
    }
}

using System.Text;
using System.Text.Json.Nodes;
using Gateway.Server.Admin;
using Gateway.Store;
using Microsoft.AspNetCore.Http;

namespace Gateway.Server.Operating;

/// <summary>The dashboard's stream of server-sent events: the picture of the node once a second, and at once when something changed.</summary>
internal sealed class LiveEvents(NodeParts parts, LedgerView view, TrafficHistory traffic, RecentTroubles troubles, Func<IReadOnlyList<Condition>> conditions, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    /* Looks without a change before the picture is sent all the same. */
    private const int LooksPerPicture = 5;

    /* Pages open at once; each costs four small questions to Redis at every look. */
    private const int Most = 32;

    /* Hosts whose traffic is shown: more than fit a screen. */
    private static readonly ListQuery Busiest = new("", 200);

    private int _open;

    /// <summary>Writes until the page is closed or the node stops.</summary>
    /// <param name="response">Of the page.</param>
    /// <param name="facts">What the status page says of the node.</param>
    /// <param name="stop">The page is closed.</param>
    public async Task WriteAsync(HttpResponse response, Func<CancellationToken, Task<JsonObject>> facts, CancellationToken stop)
    {
        try
        {
            if (Interlocked.Increment(ref _open) > Most)
            {
                response.StatusCode = StatusCodes.Status429TooManyRequests;
                await response.WriteAsJsonAsync(new JsonObject { ["error"] = $"{Most} pages are open already: close some." }, stop);
                return;
            }

            response.ContentType = "text/event-stream";
            response.Headers.CacheControl = "no-store";
            await FollowAsync(response.Body, facts, stop);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task FollowAsync(Stream page, Func<CancellationToken, Task<JsonObject>> facts, CancellationToken stop)
    {
        await SendAsync(page, "node", await facts(stop), stop);
        using var timer = new PeriodicTimer(Look, time);
        var (shown, samples, looks) = ("", -1, 0);
        do
        {
            var counts = await CountsAsync(stop);
            var sign = $"{counts?["revision"]} {string.Join(' ', parts.Tunnels.Select(tunnel => tunnel.Session))} {troubles.Count}";
            if (sign == shown && ++looks < LooksPerPicture) continue;
            (shown, looks) = (sign, 0);
            await SendAsync(page, "picture", Picture(counts), stop);
            if (traffic.Samples != samples) await SendAsync(page, "traffic", new JsonObject { ["node"] = traffic.Describe(), ["hosts"] = traffic.DescribeHosts(Busiest) }, stop);
            samples = traffic.Samples;
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    private static ValueTask SendAsync(Stream page, string name, JsonObject content, CancellationToken stop) =>
        page.WriteAsync(Encoding.UTF8.GetBytes($"event: {name}\ndata: {content.ToJsonString()}\n\n"), stop);

    private JsonObject Picture(JsonObject? counts) => new()
    {
        ["at"] = time.GetUtcNow().ToString("O"),
        ["conditions"] = new JsonArray([.. conditions().Select(it => (JsonNode)new JsonObject { ["name"] = it.Name, ["serving"] = it.Serving, ["degraded"] = it.Degraded, ["text"] = it.Text })]),
        ["counts"] = counts,
        ["tunnels"] = AdminApi.Tunnels(parts),
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

using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

/// <summary>Explorer, Redis and the reconciler itself on their bad days.</summary>
public sealed class ReconcileOutageTests(RedisFixture redis) : RigTests(redis)
{
    [Theory]
    [InlineData("500 html")]
    [InlineData("502 empty")]
    [InlineData("200 no json")]
    [InlineData("200 half an array")]
    [InlineData("200 an object")]
    [InlineData("redirect")]
    [InlineData("429")]
    [InlineData("silence")]
    [InlineData("reset")]
    public async Task A_misbehaving_explorer_delays_everything_and_loses_nothing(string how)
    {
        var isBad = true;
        Explorer.Misbehave = context => isBad ? MisbehaveAsync(context, how) : Task.FromResult(false);
        await using var rig = await Rig.StartAsync(Redis, Explorer, deadline: TimeSpan.FromMilliseconds(300));
        var kept = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await Eventually.TrueAsync(() => Explorer.Requests.Count(it => it.Contains("from=", StringComparison.Ordinal)) > 2, "it tried again");
        await Eventually.TrueAsync(() => rig.Loop.Status.ExplorerFault is not null, "the fault is told");
        isBad = false;
        await rig.ReportedAsync(kept);
        await Eventually.TrueAsync(() => rig.Loop.Status.ExplorerFault is null, "the fault is over");
        Explorer.Delete(kept);
        isBad = true;
        await Eventually.TrueAsync(() => rig.Loop.Status.ExplorerFault is not null, "the fault is told");
        Assert.True(await rig.IsServedAsync(kept));
        isBad = false;
        await rig.EndedAsync(kept);
    }

    [Fact, Trait("adv", "S4")]
    public async Task An_explorer_that_sends_us_elsewhere_is_not_followed()
    {
        await using var inside = await FakeExplorer.StartAsync();
        Explorer.Misbehave = context =>
        {
            context.Response.Redirect($"{inside.Url.GetLeftPart(UriPartial.Authority)}{context.Request.Path}{context.Request.QueryString}", permanent: false, preserveMethod: true);
            return Task.FromResult(true);
        };
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        await Eventually.TrueAsync(() => rig.Loop.Status.ExplorerFault is not null, "the fault is told");
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task Reports_are_kept_over_a_restart_until_the_explorer_takes_them()
    {
        var isRefusing = true;
        Explorer.Misbehave = async context =>
        {
            if (!isRefusing || context.Request.Method is not ("PUT" or "DELETE")) return false;
            return await MisbehaveAsync(context, "500 html");
        };
        var good = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        var bad = Explorer.Add(Rig.Subdomain(9, "a.gw.example.com", "203.0.113.10"));
        await using (var rig = await Rig.StartAsync(Redis, Explorer))
        {
            await rig.ServedAsync(good);
            await Eventually.TrueAsync(() => rig.Redis.HashLength(RedisSchema.OutboxKey) == 2, "two reports wait in Redis");
        }

        isRefusing = false;
        await using var next = await Rig.StartAsync(Redis, Explorer);
        await next.ReportedAsync(good);
        await next.EndedAsync(bad);
        Assert.Contains("already reserved", Explorer.ResultOf(bad)!.Message, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => next.Redis.HashLength(RedisSchema.OutboxKey) == 0, "the outbox is empty");
    }

    [Fact]
    public async Task After_a_restart_damage_is_repaired_before_the_explorer_is_asked()
    {
        var id = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await using (var rig = await Rig.StartAsync(Redis, Explorer))
        {
            await rig.ReportedAsync(id);
            await Eventually.TrueAsync(() => rig.Redis.HashLength(RedisSchema.OutboxKey) == 0, "the outbox is empty");
            await rig.Redis.HashDeleteAsync("gw.example.com.", "a");
        }

        Explorer.Misbehave = context => MisbehaveAsync(context, "silence");
        await using var next = await Rig.StartAsync(Redis, Explorer);
        await Eventually.TrueAsync(() => next.Value("gw.example.com.", "a") is not null, "the record is back");
    }

    [Fact]
    public async Task A_restart_does_not_take_again_what_was_taken()
    {
        await using (var rig = await Rig.StartAsync(Redis, Explorer))
        {
            for (var i = 0; i < 3; i++) await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, $"n{i}.gw.example.com", "203.0.113.10")));
            await Eventually.TrueAsync(() => rig.Redis.HashGet(RedisSchema.ReconcilerKey, RedisSchema.CursorField).ToString().StartsWith("3 ", StringComparison.Ordinal), "the cursor is kept");
        }

        Explorer.Requests.Clear();
        await using var next = await Rig.StartAsync(Redis, Explorer);
        await next.ReportedAsync(Explorer.Add(Rig.Subdomain(7, "n3.gw.example.com", "203.0.113.10")));
        Assert.Contains(Explorer.Requests, it => it.EndsWith("from=4", StringComparison.Ordinal));
        Assert.DoesNotContain(Explorer.Requests, it => it.EndsWith("from=1", StringComparison.Ordinal));
        Assert.Equal(4, Explorer.Results.Count);
    }

    [Fact]
    public async Task An_explorer_that_begins_again_from_nothing_is_read_from_the_beginning()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        for (var i = 0; i < 5; i++) await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, $"n{i}.gw.example.com", "203.0.113.10")));
        await Eventually.TrueAsync(() => rig.Redis.HashLength(RedisSchema.OutboxKey) == 0, "the outbox is empty");
        Explorer.ForgetAll();
        await Eventually.TrueAsync(() => Explorer.Requests.Any(it => it.EndsWith("from=0", StringComparison.Ordinal)), "it asks for everything");
        Explorer.Results.Clear();
        var stolen = Explorer.Add(Rig.Subdomain(9, "n4.gw.example.com", "203.0.113.99"));
        await rig.ReportedAsync(stolen);
        Assert.Equal(ResultState.Error, Explorer.ResultOf(stolen)!.State);
        var next = Explorer.Add(Rig.Subdomain(9, "z.gw.example.com", "203.0.113.10"));
        await rig.ReportedAsync(next);
        Assert.Equal(ResultState.Ok, Explorer.ResultOf(next)!.State);
        Assert.Equal("7", rig.Value("managed_domains", "n4.gw.example.com"));
    }

    [Fact]
    public async Task Redis_killed_in_between_stops_nothing_but_the_writing()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-redis-").FullName;
        using var end = new CancellationTokenSource();
        await using var own = new PrivateRedis(directory, 0, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Null(await own.StartAsync(TestContext.Current.CancellationToken));
        var running = own.RunAsync(end.Token);
        await using var connection = RedisConnection.Open(own.Endpoint, TimeProvider.System, NullLoggerFactory.Instance);
        await using (var rig = Rig.Start(Explorer, connection, ownsRedis: false))
        {
            await Eventually.TrueAsync(() => rig.Loop.Status.IsLoaded, "it is loaded");
            for (var i = 0; i < 3; i++)
            {
                System.Diagnostics.Process.GetProcessById(own.ProcessId!.Value).Kill();
                var id = Explorer.Add(Rig.Subdomain(7, $"n{i}.gw.example.com", "203.0.113.10"));
                await rig.ReportedAsync(id);
                Assert.Equal(ResultState.Ok, Explorer.ResultOf(id)!.State);
                await Eventually.TrueAsync(() => own.ProcessId is not null && connection.IsConnected, "Redis is back");
            }

            await Eventually.TrueAsync(async () => connection.IsConnected && await rig.Redis.HashLengthAsync("gw.example.com.") == 4, "all records are there");
        }

        await end.CancelAsync();
        await running;
        Directory.Delete(directory, recursive: true);
    }

    [Fact, Trait("adv", "R3")]
    public async Task An_emptied_Redis_is_filled_again()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.ResyncInterval = TimeSpan.FromMilliseconds(300));
        await rig.ReportedAsync(Explorer.Add(Rig.Delegate(7, "user7.org")));
        await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, "www.user7.org", "203.0.113.10")));
        await rig.ReportedAsync(Explorer.Add(Rig.Tunnel(7, "www.user7.org", "7:s3cr3t")));
        var whole = Content(await rig.DumpAsync());
        await rig.Redis.ExecuteAsync("FLUSHALL");
        await Eventually.TrueAsync(async () => Content(await rig.DumpAsync()) == whole, "everything is as before");

        // The time of the result in the cache is that of the repair.
        static string Content(string dump) => string.Join('\n', dump.Split('\n').Where(it => !it.StartsWith(RedisSchema.ReservationsKey, StringComparison.Ordinal)));
    }

    [Fact, Trait("adv", "R2")]
    public async Task A_reconciler_that_was_displaced_writes_no_more()
    {
        await using var old = await Rig.StartAsync(Redis, Explorer);
        await Eventually.TrueAsync(() => old.Loop.Status.IsLoaded, "the old one is loaded");
        await using var elsewhere = await FakeExplorer.StartAsync();
        await using var next = await Rig.StartAsync(Redis, elsewhere);
        await Eventually.TrueAsync(() => next.Loop.Status.IsLoaded, "the next one is loaded");
        Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await Eventually.TrueAsync(() => old.Loop.Status.StoreFault?.Contains("taken over", StringComparison.Ordinal) ?? false, "the old one says that it was displaced");
        Assert.Null(next.Value("gw.example.com.", "a"));
        await next.ReportedAsync(elsewhere.Add(Rig.Subdomain(9, "b.gw.example.com", "203.0.113.10")));
    }

    private static async Task<bool> MisbehaveAsync(HttpContext context, string how)
    {
        switch (how)
        {
            case "500 html":
                context.Response.StatusCode = 500;
                await context.Response.WriteAsync("<html>out of order</html>");
                break;
            case "502 empty":
                context.Response.StatusCode = 502;
                break;
            case "200 no json":
                await context.Response.WriteAsync("welcome to our captive portal");
                break;
            case "200 half an array":
                await context.Response.WriteAsync("""[{"id":1,"workload_id":1,""");
                break;
            case "200 an object":
                await context.Response.WriteAsync("""{"error":"no"}""");
                break;
            case "redirect":
                context.Response.Redirect("http://127.0.0.1:1/");
                break;
            case "429":
                context.Response.StatusCode = 429;
                await context.Response.WriteAsync("""{"error":"slow down"}""");
                break;
            case "silence":
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                break;
            case "reset":
                context.Abort();
                break;
            default:
                return false;
        }

        return true;
    }
}

using System.Text.Json;
using Gateway.IntegrationTests.Support;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Reconciler;
using Microsoft.AspNetCore.Http;
using StackExchange.Redis;
using Xunit;

namespace Gateway.IntegrationTests.Reconciler;

public sealed class ReconcileLoopTests(RedisFixture redis) : RigTests(redis)
{
    [Fact]
    public async Task Reservations_become_the_keys_that_the_old_program_wrote_byte_for_byte()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        Explorer.Add(Rig.Delegate(7, "user7.org"));
        Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10", "2001:db8::10"));
        var last = Explorer.Add(Rig.Subdomain(7, "www.user7.org", "203.0.113.10"));
        await rig.ServedAsync(last);
        using var vector = JsonDocument.Parse(await File.ReadAllBytesAsync(VectorFile("redis-zones.json"), TestContext.Current.CancellationToken));
        foreach (var key in vector.RootElement.GetProperty("keys").EnumerateObject())
        {
            Assert.Equal(key.Value.EnumerateObject().Count(), (int)await rig.Redis.HashLengthAsync(key.Name));
            foreach (var field in key.Value.EnumerateObject()) Assert.Equal(field.Value.GetString(), rig.Value(key.Name, field.Name));
        }
    }

    [Fact]
    public async Task A_result_is_reported_with_the_signature_of_the_recorded_one()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        var id = Explorer.Add(Rig.Tunnel(7, "a.gw.example.com", "7:s3cr3t"));
        await rig.ReportedAsync(id);
        var result = Explorer.ResultOf(id)!;
        Assert.Equal("1f5c31535d82a386dec2650c250f7139ea34aac250097be139f3582ee95b1cb055108e81f5815edd6a8741fa72488e7f374266864c8b96c7f9bee74c1cffb805", result.Signature);
        Assert.Equal((WorkloadType.ReverseProxy, ResultState.Ok, $"{id}-1"), (result.Category, result.State, result.WorkloadId));
        Assert.Contains("eyJhZGRyIjoiIiwiY2xpZW50c2VjcmV0IjoiNzpzM2NyM3QiLCJ0bHNwb3J0IjowLCJodHRwcG9ydCI6MCwidXNlciI6IjcifQ==", rig.Value("/tcprouter/service/a.gw.example.com"), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => rig.Redis.HashLength(RedisSchema.OutboxKey) == 0, "the outbox is empty");
    }

    [Fact, Trait("adv", "R10")]
    public async Task Who_makes_too_many_in_a_minute_of_the_explorer_reads_so_and_what_he_has_stays_over_a_restart()
    {
        var ids = Enumerable.Range(0, 5).Select(i => Explorer.Add(Rig.Subdomain(7, $"n{i}.gw.example.com", "203.0.113.10"))).ToList();
        await using (var rig = await Rig.StartAsync(Redis, Explorer, Slowly))
        {
            await rig.ReportedAsync(ids[4]);
            foreach (var id in ids[..3]) await rig.ServedAsync(id);
            Assert.Contains("more than 3 reservations on this gateway in one minute", Explorer.ResultOf(ids[3])!.Message, StringComparison.Ordinal);
            await rig.EndedAsync(ids[4]);
        }

        await using var again = await Rig.StartAsync(Redis, Explorer, Slowly);
        var late = Explorer.Add(Rig.Subdomain(7, "late.gw.example.com", "203.0.113.10"));
        var next = Explorer.Add(Rig.Subdomain(7, "next.gw.example.com", "203.0.113.10") with { Epoch = new ExplorerDate(1_610_000_060) });
        await again.ServedAsync(next);
        Assert.False(await again.IsServedAsync(late));
        foreach (var id in ids[..3]) Assert.True(await again.IsServedAsync(id));

        void Slowly(ReconcilerOptions options) => (options.Explorer, options.ReservationsPerMinute) = (Explorer.Url, 3);
    }

    [Fact]
    public async Task A_sealed_secret_of_version_0_is_read_as_well()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        var sealedSecret = Gateway.Model.Crypto.SealedSecret.EncryptSealed(new Secret("7:s3cr3t"), Rig.Gateway.PublicKey);
        var id = Explorer.Add(Rig.Of(7, WorkloadType.ReverseProxy) with { Domain = "a.gw.example.com", Secret = sealedSecret, Version = 0, Metadata = "v0" });
        await rig.ServedAsync(id);
    }

    [Fact]
    public async Task A_deletion_takes_everything_away_and_is_reported()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        var id = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.ReportedAsync(id);
        Explorer.Delete(id);
        await rig.EndedAsync(id);
        Assert.Null(rig.Value("gw.example.com.", "a"));
        Assert.Null(rig.Value("managed_domains", "a.gw.example.com"));
        Assert.False(await rig.IsServedAsync(id));
        Assert.Equal(NextAction.Deleted, Explorer.Find(id)!.NextAction);
    }

    [Fact]
    public async Task A_refused_reservation_gets_its_error_and_then_its_deletion()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")));
        var id = Explorer.Add(Rig.Subdomain(9, "a.gw.example.com", "203.0.113.11"));
        await rig.EndedAsync(id);
        var result = Explorer.ResultOf(id)!;
        Assert.Equal(ResultState.Error, result.State);
        Assert.Contains("already reserved by another user", result.Message, StringComparison.Ordinal);
        Assert.True(ResultSignature.Verify(result, Rig.Gateway.PublicKey));
        Assert.Equal(NextAction.Deleted, Explorer.Find(id)!.NextAction);
    }

    [Fact]
    public async Task A_deletion_is_honoured_although_the_result_never_reached_the_explorer()
    {
        var isRefusing = true;
        Explorer.Misbehave = Refuse;
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        var id = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.ServedAsync(id);
        Explorer.Delete(id);
        await Eventually.TrueAsync(() => rig.Value("gw.example.com.", "a") is null, "the record is gone");
        isRefusing = false;
        await rig.EndedAsync(id);

        async Task<bool> Refuse(HttpContext context)
        {
            if (!isRefusing || context.Request.Method != "PUT") return false;
            context.Response.StatusCode = 503;
            await context.Response.WriteAsync("<html>back soon</html>");
            return true;
        }
    }

    [Fact]
    public async Task A_name_passes_from_one_user_to_the_next_although_the_deletion_waits_behind_the_creation()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.Quarantine = TimeSpan.Zero);
        var old = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.ReportedAsync(old);
        Explorer.Delete(old);
        var next = Explorer.Add(Rig.Subdomain(9, "a.gw.example.com", "203.0.113.99"));
        await rig.ReportedAsync(next);
        Assert.Equal(ResultState.Ok, Explorer.ResultOf(next)!.State);
        Assert.Equal("9", rig.Value("managed_domains", "a.gw.example.com"));
        Assert.Equal("""{"a":[{"ip":"203.0.113.99","ttl":3600}]}""", rig.Value("gw.example.com.", "a"));
    }

    [Fact]
    public async Task Unknown_kinds_and_unreadable_elements_are_answered_and_passed_over()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        var unknown = Explorer.Add(Rig.Of(7, (WorkloadType)77));
        var foreign = Explorer.Add(Rig.Of(7, WorkloadType.Zdb));
        var wireGuard = Explorer.Add(Rig.Of(7, WorkloadType.Gateway4To6) with { PublicKey = "k" });
        var broken = Explorer.AddRaw(id => $$"""{"id":{{id}},"workload_id":1,"node_id":"{{Rig.Gateway.Id}}","workload_type":"seven"}""");
        Explorer.AddRaw(_ => """{"id":"what"}""");
        Explorer.AddRaw(_ => "17");
        var good = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.ReportedAsync(good);
        Assert.Equal(ResultState.Ok, Explorer.ResultOf(good)!.State);
        foreach (var id in (long[])[unknown, foreign, wireGuard, broken])
        {
            await rig.EndedAsync(id);
            Assert.Equal(ResultState.Error, Explorer.ResultOf(id)!.State);
        }

        Assert.Contains("4-to-6", Explorer.ResultOf(wireGuard)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_name_or_a_bad_secret_is_answered_with_what_to_do()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        (Workload Asked, string Answer)[] bad =
        [
            (Rig.Subdomain(7, "no_dot", "203.0.113.10"), "dot"),
            (Rig.Subdomain(7, "a b.gw.example.com", "203.0.113.10"), "domain name"),
            (Rig.Subdomain(7, "www.nowhere.org", "203.0.113.10"), "delegate"),
            (Rig.Proxy(7, "b.gw.example.com", "127.0.0.1"), "public"),
            (Rig.Tunnel(7, "c.gw.example.com", "9:secret"), "threebotID:random"),
            (Rig.Tunnel(7, "c.gw.example.com", "7:secret") with { Secret = "zz" }, "hexadecimal"),
            (Rig.Tunnel(7, "c.gw.example.com", "7:secret") with { Secret = "00000000000000000000" }, "too short"),
            (Rig.Tunnel(7, "c.gw.example.com", "7:secret") with { Secret = "" }, "threebotID:random"),
            (Rig.Tunnel(8, "c.gw.example.com", "8:secret"), "knows no user 8"),
        ];
        foreach (var (asked, answer) in bad)
        {
            var id = Explorer.Add(asked);
            await rig.EndedAsync(id);
            Assert.Contains(answer, Explorer.ResultOf(id)!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_gateway_is_registered_with_what_the_options_say_and_tells_what_it_serves()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => (options.Farm, options.City, options.FreeToUse, options.UptimeInterval) = (3, "Ghent", true, TimeSpan.FromMilliseconds(100)));
        await rig.ServedAsync(Explorer.Add(Rig.Proxy(7, "a.gw.example.com")));
        await Eventually.TrueAsync(() => Explorer is { Uptimes: > 1, Reserved.Proxy: 1 }, "uptime and counters are told");
        var gateway = Explorer.Registered!;
        Assert.Equal((Rig.Gateway.Id, 3, "Ghent", true, 18000), (gateway.NodeId, gateway.FarmId, gateway.Location.City, gateway.FreeToUse, gateway.TcpRouterPort));
        Assert.Equal(["gw.example.com"], gateway.ManagedDomains!);
        Assert.Equal(["ns1.example.com"], gateway.DnsNameserver!);
    }

    [Fact]
    public async Task Damage_in_Redis_is_repaired_at_the_next_comparison()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.ResyncInterval = TimeSpan.FromMilliseconds(300));
        Explorer.Add(Rig.Delegate(7, "user7.org"));
        Explorer.Add(Rig.Subdomain(7, "www.user7.org", "203.0.113.10"));
        Explorer.Add(Rig.Proxy(7, "www.user7.org"));
        var tunnel = Explorer.Add(Rig.Tunnel(7, "t.gw.example.com", "7:s3cr3t"));
        await rig.ReportedAsync(tunnel);
        var whole = await rig.DumpAsync();
        await rig.Redis.KeyDeleteAsync("user7.org.");
        await rig.Redis.KeyDeleteAsync("zone");
        await rig.Redis.HashSetAsync("managed_domains", "www.user7.org", "666");
        await rig.Redis.StringSetAsync("/tcprouter/service/www.user7.org", "garbage");
        await rig.Redis.StringSetAsync("/tcprouter/service/t.gw.example.com", "garbage");
        await Eventually.TrueAsync(async () => await rig.DumpAsync() == whole, "everything is as before");
    }

    [Fact, Trait("adv", "R8")]
    public async Task A_key_of_another_type_or_octets_that_are_no_text_do_not_stop_anything()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.ResyncInterval = TimeSpan.FromMilliseconds(300));
        Explorer.Add(Rig.Delegate(7, "user7.org"));
        await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, "www.user7.org", "203.0.113.10")));
        await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")));
        var whole = await rig.DumpAsync();
        await rig.Redis.KeyDeleteAsync(["user7.org.", "zone"]);
        await rig.Redis.StringSetAsync("user7.org.", "a string");
        await rig.Redis.ListLeftPushAsync("zone", "a list");
        await rig.Redis.HashSetAsync("gw.example.com.", "a", new byte[] { 0xff, 0xfe, 0x00 });
        await rig.ReportedAsync(Explorer.Add(Rig.Proxy(7, "elsewhere.net")));
        await rig.Redis.KeyDeleteAsync("/tcprouter/service/elsewhere.net");
        await Eventually.TrueAsync(() => rig.Redis.KeyType("zone") == RedisType.Hash && rig.Redis.KeyType("user7.org.") == RedisType.Hash, "the types are right again");
        await Eventually.TrueAsync(async () => WithoutLater(await rig.DumpAsync()) == whole, "everything is as before");

        static string WithoutLater(string dump) => string.Join('\n', dump.Split('\n').Where(it => !it.Contains("elsewhere", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_dry_run_tells_what_would_be_done_and_does_nothing()
    {
        await using (var rig = await Rig.StartAsync(Redis, Explorer)) await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")));
        var told = Explorer.Results.Count;
        Explorer.Add(Rig.Tunnel(7, "t.gw.example.com", "7:s3cr3t"));
        Explorer.Add(Rig.Subdomain(9, "a.gw.example.com", "203.0.113.10"));
        await using var dry = await Rig.PrepareAsync(Redis, Explorer);
        var before = await dry.DumpAsync();
        var lines = await dry.Loop.DryRunAsync(TestContext.Current.CancellationToken);
        Assert.Contains(lines, it => it.Contains("t.gw.example.com", StringComparison.Ordinal) && it.Contains("SetRoute", StringComparison.Ordinal));
        Assert.Contains(lines, it => it.Contains("already reserved by another user", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, it => it.Contains("s3cr3t", StringComparison.Ordinal));
        Assert.Equal(before, await dry.DumpAsync());
        Assert.Equal(told, Explorer.Results.Count);
    }

    [Fact]
    public async Task A_deletion_that_the_queue_lost_is_found_by_the_comparison_with_the_explorer()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.ResyncInterval = TimeSpan.FromMilliseconds(300));
        var id = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.ReportedAsync(id);
        Explorer.Delete(id, isQueued: false);
        await rig.EndedAsync(id);
        Assert.Null(rig.Value("gw.example.com.", "a"));
    }

    [Fact]
    public async Task A_deletion_that_the_result_struck_from_the_queue_is_found_by_a_second_look()
    {
        Explorer.Misbehave = context =>
        {
            if (Explorer.Find(301) is { NextAction: NextAction.Deploy } && context.Request.Method == "PUT" && context.Request.Path.Value!.EndsWith("/301-1", StringComparison.Ordinal)) Explorer.Delete(301);
            return Task.FromResult(false);
        };
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        for (var i = 0; i < 300; i++) Explorer.Add(Rig.Subdomain(7, $"n{i}.gw.example.com", "203.0.113.10"));
        var last = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.EndedAsync(last);
        Assert.True(await rig.IsServedAsync(last - 1));
        Assert.False(await rig.IsServedAsync(last));
    }

    [Fact]
    public async Task A_comparison_is_not_over_before_the_explorer_has_told_of_every_reservation()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        var (kept, ended) = (Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10")), Explorer.Add(Rig.Subdomain(7, "b.gw.example.com", "203.0.113.10")));
        await rig.ReportedAsync(kept);
        await rig.ReportedAsync(ended);
        Explorer.LosesEverything = true;
        Explorer.Delete(ended, isQueued: false);
        var isFailing = true;
        Explorer.Misbehave = FailAboutEndedAsync;
        rig.Loop.CompareNow();
        await Eventually.TrueAsync(() => rig.Loop.Status is { Unconfirmed: 1, EnquiryFault: not null }, "one question is open");
        Assert.Contains(rig.Log.Lines, it => it.StartsWith("Warning", StringComparison.Ordinal) && it.Contains("does not say whether", StringComparison.Ordinal) && it.Contains("500", StringComparison.Ordinal));
        Assert.Null(rig.Loop.Status.ComparedAt);
        Assert.True(await rig.IsServedAsync(ended));
        isFailing = false;
        // No further comparison is due for an hour.
        await rig.EndedAsync(ended);
        await Eventually.TrueAsync(() => rig.Loop.Status is { Unconfirmed: 0, EnquiryFault: null, ComparedAt: not null }, "the comparison is over");
        Assert.True(await rig.IsServedAsync(kept));

        async Task<bool> FailAboutEndedAsync(HttpContext context)
        {
            if (!isFailing || context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith($"/{ended}-1", StringComparison.Ordinal)) return false;
            context.Response.StatusCode = 500;
            await context.Response.WriteAsync("""{"error":"damaged"}""");
            return true;
        }
    }

    [Fact]
    public async Task An_explorer_that_lost_everything_takes_nothing_away()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.ResyncInterval = TimeSpan.FromMilliseconds(200));
        var id = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.ReportedAsync(id);
        Explorer.LosesEverything = true;
        Explorer.Misbehave = async context =>
        {
            if (!context.Request.Path.Value!.EndsWith($"/{id}-1", StringComparison.Ordinal)) return false;
            context.Response.StatusCode = 404;
            await context.Response.WriteAsync("""{"error":"not found"}""");
            return true;
        };
        var polls = Explorer.Requests.Count(it => it.EndsWith("from=0", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => Explorer.Requests.Count(it => it.EndsWith("from=0", StringComparison.Ordinal)) > polls + 2, "it compared");
        Assert.True(await rig.IsServedAsync(id));
        Assert.NotNull(rig.Value("gw.example.com.", "a"));
    }

    [Fact]
    public async Task More_than_a_page_of_reservations_comes_in_at_once()
    {
        for (var i = 0; i < 450; i++) Explorer.Add(Rig.Subdomain(7, $"n{i}.gw.example.com", "203.0.113.10"));
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.PollInterval = TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(() => Explorer.Results.Count == 450, "all results are reported");
        Assert.Equal(451, await rig.Redis.HashLengthAsync("gw.example.com."));
        Assert.Equal(450, Explorer.Results.Select(it => it.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_ring_is_answered_at_once_and_not_at_the_next_poll()
    {
        await using var rig = await Rig.StartAsync(Redis, Explorer, options => options.PollInterval = TimeSpan.FromMinutes(10));
        await Eventually.TrueAsync(() => Explorer.Requests.Any(it => it.Contains("?from=", StringComparison.Ordinal)), "it polled");
        var id = Explorer.Add(Rig.Subdomain(7, "a.gw.example.com", "203.0.113.10"));
        await rig.Loop.Doorbell.ApplyAsync([], TestContext.Current.CancellationToken);
        await rig.ServedAsync(id);
    }

    [Fact]
    public async Task Without_the_header_of_the_last_id_nothing_is_lost()
    {
        Explorer.HidesLastId = true;
        await using var rig = await Rig.StartAsync(Redis, Explorer);
        for (var i = 0; i < 3; i++) await rig.ReportedAsync(Explorer.Add(Rig.Subdomain(7, $"n{i}.gw.example.com", "203.0.113.10")));
    }

    private static string VectorFile(string name)
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at!.FullName, "Gateway.sln"))) at = at.Parent;
        return Path.Combine(at.FullName, "tests", "vectors", name);
    }
}

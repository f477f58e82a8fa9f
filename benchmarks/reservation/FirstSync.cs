using System.Diagnostics;
using System.Globalization;
using Gateway.ExplorerApi;
using Gateway.Model.Crypto;

namespace Gateway.ReservationBenchmark;

/// <summary>A gateway with an empty Redis meets an explorer that has been busy for years.</summary>
internal sealed class FirstSync(string program, string work, RunningNode explorer, Tenant tenant, int count, bool isQuick)
{
    private const string Zone = "sync.test";

    private static readonly TimeSpan QuickPatience = TimeSpan.FromSeconds(35);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    // A look at the metrics takes the node some milliseconds.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private long _first;

    public static string Gateway(string work)
    {
        var identity = Identity.Create();
        var path = Path.Combine(work, "sync", "identity.seed");
        return SeedStore.TryCreate(path, new SeedFile(identity, 0).EncodeForGateway(), out var fault) ? identity.Id : throw new IOException(fault);
    }

    /// <summary>Seconds until everything was answered and routed, and seconds of a comparison without a difference.</summary>
    public async Task<(double Sync, double Resync)> MeasureAsync(string gateway, int upstream)
    {
        await using (var redis = await explorer.RedisAsync())
            _first = await Seeding.AddAsync(redis, count, tenant.Name(gateway, Seeding.Numbered("n", "." + Zone)), tenant.Proxy(gateway, Seeding.Numbered("n", "." + Zone), upstream));
        var begun = Stopwatch.GetTimestamp();
        await using var node = RunningNode.Start(
            program, Path.Combine(work, "sync"), "--roles", "dns,router,reconciler", "--reconciler-explorer", $"http://{explorer.At("explorer")}", "--domains", Zone, "--nameservers", "ns1." + Zone,
            "--dns-listen", "127.0.0.1:0", "--router-http-listen", "127.0.0.1:0", "--router-tls-listen", "127.0.0.1:0", "--router-tunnel-listen", "127.0.0.1:0", "--router-allowed-networks", "127.0.0.0/8",
            "--reconciler-subdomains-per-user", "0", "--reconciler-proxies-per-user", "0", "--reconciler-names-per-user", "0", "--reconciler-reservations-per-minute", "0");
        await node.WaitAsync(isReady: false);
        var started = Stopwatch.GetElapsedTime(begun);
        await LastAsync(node, begun);
        await UntilAsync(begun, async () => await node.MetricAsync("gateway_router_routes") >= count / 2 && await node.MetricAsync("gateway_dns_names") >= count / 2, "everything is served");
        var sync = Stopwatch.GetElapsedTime(begun);
        Say($"{count} reservations answered and routed after {sync.TotalSeconds:F2} s, {started.TotalSeconds:F2} s of them for the start; CPU {node.CpuSeconds:F1} s, the explorer's {explorer.CpuSeconds:F1} s so far");
        Say($"garbage collection held the node for {await node.MetricAsync("dotnet_gc_pause_seconds_total"):F2} s, {await node.MetricAsync("dotnet_gc_collections_total")} times");
        Check(node);
        await ReportedAsync(node, begun);
        var resync = await ResyncAsync(node);
        if (!isQuick) await RestAsync(node);
        return (sync.TotalSeconds, resync);
    }

    // What was reserved last is served last; asking for it costs the node little.
    private async Task LastAsync(RunningNode node, long begun)
    {
        var last = $"n{_first + (count / 2) - 1}.{Zone}";
        using var names = new NameProbe(node.At("dns"));
        await UntilAsync(begun, () => Task.FromResult(names.Answers(last)), "the last name is answered");
        using var routes = new RouteProbe(node.At("http"));
        await UntilAsync(begun, () => Task.FromResult(routes.IsRouted(last)), "the last route is there");
    }

    // The moment itself was taken from the counts; here every name, and a sample of the routes, is asked for.
    private void Check(RunningNode node)
    {
        using var names = new NameProbe(node.At("dns"));
        var all = Enumerable.Range(0, count / 2).Select(i => $"n{_first + i}.{Zone}").ToList();
        if (names.Wrong(all) is { Count: > 0 } wrong) throw new InvalidOperationException($"{wrong.Count} names are not answered rightly, {wrong[0]} for one.");
        using var routes = new RouteProbe(node.At("http"));
        for (var i = 0; i < all.Count; i += all.Count / 500)
            if (!routes.IsRouted(all[i])) throw new InvalidOperationException($"{all[i]} is not routed.");
    }

    private async Task ReportedAsync(RunningNode node, long begun)
    {
        var patience = isQuick ? QuickPatience : Patience;
        double left;
        do
        {
            await Task.Delay(250);
            left = await node.MetricAsync("gateway_reconciler_outbox");
        }
        while (left > 0 && Stopwatch.GetElapsedTime(begun) < patience);
        Say($"{count - left} results reported after {Stopwatch.GetElapsedTime(begun).TotalSeconds:F1} s, {left} to go{(left > 0 ? " and in the way of the comparison that follows" : "")}; CPU {node.CpuSeconds:F1} s, the explorer's {explorer.CpuSeconds:F1} s");
    }

    private async Task<double> ResyncAsync(RunningNode node)
    {
        await using var redis = await node.RedisAsync();
        var (before, writes, cpu) = (await node.MetricAsync("gateway_reconciler_resyncs_total"), await Seeding.WritesAsync(redis), node.CpuSeconds);
        var begun = Stopwatch.GetTimestamp();
        await node.CompareAsync();
        await UntilAsync(begun, async () => await node.MetricAsync("gateway_reconciler_resyncs_total") > before, "everything is compared");
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var written = await Seeding.WritesAsync(redis) - writes;
        Say($"resync of {count} reservations without a difference: {seconds:F2} s, {written} writes, {node.CpuSeconds - cpu:F1} s of CPU");

        return seconds;
    }

    private static async Task RestAsync(RunningNode node)
    {
        await Task.Delay(TimeSpan.FromSeconds(1));
        var (begun, cpu) = (Stopwatch.GetTimestamp(), node.CpuSeconds);
        await Task.Delay(TimeSpan.FromSeconds(10));
        Say($"at rest: {(node.CpuSeconds - cpu) / Stopwatch.GetElapsedTime(begun).TotalSeconds * 100:F2} % of a core");
    }

    private static async Task UntilAsync(long begun, Func<Task<bool>> isSo, string what)
    {
        while (!await isSo())
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience) throw new TimeoutException($"After {Patience.TotalSeconds} s it is not so that {what}.");
            await Task.Delay(Look);
        }
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}

using System.Diagnostics;
using System.Globalization;

namespace Gateway.ReservationBenchmark;

/// <summary>From the first byte of a reservation to the first right answer, and to the first visitor who arrives, beside 20,000 queries a second.</summary>
internal static class Latency
{
    private const int Rate = 20_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<(double Answer, double Route)> MeasureAsync(RunningNode node, Tenant tenant, string gateway, string zone, Upstream upstream, string work, int count)
    {
        using var names = new NameProbe(node.At("dns"));
        using var routes = new RouteProbe(node.At("http"));
        await MeasureAsync(tenant, gateway, zone, upstream, names, routes, "warm", Math.Min(count, 20));
        using var load = StartLoad(node, work, zone);
        var (begun, before, cpu) = (Stopwatch.GetTimestamp(), await node.MetricAsync("gateway_dns_queries_total"), node.CpuSeconds);
        var (answer, route) = await MeasureAsync(tenant, gateway, zone, upstream, names, routes, "r", count);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var rate = (await node.MetricAsync("gateway_dns_queries_total") - before) / seconds;
        load.Kill();
        await load.WaitForExitAsync();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} names and {count} routes in {seconds:F1} s beside {rate:F0} queries/s, {node.CpuSeconds - cpu:F1} s of CPU: answered {answer}; routed {route}"));
        return (answer.Percentile(99), route.Percentile(99));
    }

    private static async Task<(Times Answer, Times Route)> MeasureAsync(Tenant tenant, string gateway, string zone, Upstream upstream, NameProbe names, RouteProbe routes, string prefix, int count)
    {
        var (answer, route) = (new Times(), new Times());
        for (var i = 0; i < count; i++)
        {
            var name = $"{prefix}{i}-{tenant.User}.{zone}";
            var wish = tenant.Name(gateway, name);
            var begun = Stopwatch.GetTimestamp();
            Tenant.Ok(await tenant.Api.CreateWorkloadAsync(wish, default));
            answer.Add(await UntilAsync(begun, name, () => names.Answers(name)));
            wish = tenant.Proxy(gateway, name, upstream.Port);
            begun = Stopwatch.GetTimestamp();
            Tenant.Ok(await tenant.Api.CreateWorkloadAsync(wish, default));
            route.Add(await UntilAsync(begun, name, () => routes.IsRouted(name)));
        }

        return (answer, route);
    }

    private static async Task<TimeSpan> UntilAsync(long begun, string name, Func<bool> isSo)
    {
        while (!isSo())
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience) throw new TimeoutException($"{name} was never served.");
            // A thousand questions a second find the moment to the millisecond, and leave the cores to the node.
            await Task.Delay(1);
        }

        return Stopwatch.GetElapsedTime(begun);
    }

    private static Process StartLoad(RunningNode node, string work, string zone)
    {
        var file = Path.Combine(work, "queries");
        File.WriteAllLines(file, Enumerable.Range(0, 1000).Select(i => $"host{i}.{zone} A").Append($"__owner__.{zone} TXT"));
        var dns = node.At("dns");
        string[] arguments = ["-s", dns.Address.ToString(), "-p", dns.Port.ToString(CultureInfo.InvariantCulture), "-d", file, "-Q", Rate.ToString(CultureInfo.InvariantCulture), "-c", "4", "-T", "1", "-l", "600"];
        var load = Process.Start(new ProcessStartInfo("dnsperf", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        load.BeginOutputReadLine();
        load.BeginErrorReadLine();
        return load;
    }
}

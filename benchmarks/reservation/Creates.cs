using System.Diagnostics;
using System.Globalization;
using Gateway.Model.ExplorerApi;

namespace Gateway.ReservationBenchmark;

/// <summary>The reservation API with as many workloads as years may bring: what a new one costs, and a page of old ones.</summary>
internal static class Creates
{
    private const int AtOnce = 16;

    public static async Task<double> MeasureAsync(RunningNode node, Tenant tenant, string gateway, int stored, int count)
    {
        await using var redis = await node.RedisAsync();
        var (memory, already) = (await Seeding.MemoryAsync(redis), (long)await redis.Commands.StringGetAsync(Model.RedisSchema.ExplorerWorkloadCounterKey));
        if (stored > already) await Seeding.AddAsync(redis, (int)(stored - already), tenant.Name(gateway, Seeding.Numbered("old", ".elsewhere.test")));
        var each = (await Seeding.MemoryAsync(redis) - memory) / Math.Max(1, stored - already);
        var workloads = Enumerable.Range(0, count).Select(i => tenant.Name(gateway, $"new{i}.elsewhere.test")).ToList();
        await RunAsync(tenant, workloads[..(count / 10)]);
        var (begun, cpu) = (Stopwatch.GetTimestamp(), node.CpuSeconds);
        await RunAsync(tenant, workloads[(count / 10)..]);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var rate = (count - (count / 10)) / seconds;
        var pages = await PagesAsync(tenant, gateway, stored);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"with {stored} workloads stored ({each:F0} octets each in Redis): {rate:F0} creates/s, {node.CpuSeconds - cpu:F1} s of CPU; a poll's page {pages}"));
        return rate;
    }

    private static Task RunAsync(Tenant tenant, IReadOnlyList<Workload> workloads) =>
        Parallel.ForEachAsync(workloads, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (it, stop) => Tenant.Ok(await tenant.Api.CreateWorkloadAsync(it, stop)));

    private static async Task<Times> PagesAsync(Tenant tenant, string gateway, int stored)
    {
        var times = new Times();
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            Tenant.Ok(await tenant.Api.PollAsync(gateway, random.Next(stored), default));
            times.Add(Stopwatch.GetElapsedTime(begun));
        }

        return times;
    }
}

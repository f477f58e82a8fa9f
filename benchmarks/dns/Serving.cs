using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Gateway.Dns;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.DnsBenchmark;

/// <summary>The name server alone, with cookies, and rate limiting that is active and lets the loopback pass; or without.</summary>
internal static class Serving
{
    public static async Task<int> RunAsync(int port, string redisUrl, int threads, bool isLimited)
    {
        using var stop = new CancellationTokenSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });
        var options = new DnsOptions
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, port)],
            NameServers = [DomainName.Parse("ns1.gateway.test")],
            UdpThreads = threads,
            RateLimit = isLimited ? 16_000 : 0,
        };
        if (!RedisEndpoint.TryParse(redisUrl, out var endpoint, out var fault)) return Fail(fault);
        await using var redis = RedisConnection.Open(endpoint, TimeProvider.System, NullLoggerFactory.Instance);
        var feed = new ZoneFeed(redis, options, null, TimeProvider.System, NullLoggerFactory.Instance);
        await using var server = new NameServer(options, feed, TimeProvider.System, NullLoggerFactory.Instance);
        if (server.Bind() is [var unbound, ..]) return Fail(unbound);
        var changes = new ChangeFeed(redis, [feed], new ChangeFeedOptions { CompareEvery = TimeSpan.FromHours(1) }, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        await redis.WaitConnectedAsync(stop.Token);
        var empty = Environment.WorkingSet;
        var begun = Stopwatch.GetTimestamp();
        var running = Task.WhenAll(server.RunAsync(stop.Token), changes.RunAsync(stop.Token));
        while (!changes.IsCurrent) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, stop.Token);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var cpu = Environment.CpuUsage.TotalTime.TotalSeconds;
        // What the names cost, and not what is left of reading them.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Console.WriteLine(FormattableString.Invariant($"loaded {seconds:F2} empty_bytes {empty} heap_bytes {GC.GetTotalMemory(true)} rss_bytes {Environment.WorkingSet} cpu_s {cpu:F2}"));
        await running;
        return 0;
    }

    private static int Fail(string fault)
    {
        Console.WriteLine(fault);
        return 1;
    }
}

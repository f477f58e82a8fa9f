using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.DnsBenchmark;

/// <summary>From a change made by our writer to the first answer that shows it.</summary>
internal static class Changes
{
    public static async Task<int> RunAsync(IPEndPoint server, string redisUrl, string zone, int count)
    {
        if (!RedisEndpoint.TryParse(redisUrl, out var endpoint, out _)) return 1;
        await using var redis = RedisConnection.Open(endpoint, TimeProvider.System, NullLoggerFactory.Instance);
        await redis.WaitConnectedAsync(CancellationToken.None);
        var writer = new LedgerWriter(redis, TimeProvider.System);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await client.ConnectAsync(server);
        byte[] query = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DomainName.Parse("changing." + zone).Wire, 0, 1, 0, 1];
        var times = new List<double>();
        for (var i = 1; i <= count; i++)
        {
            var json = $$"""{"a":[{"ip":"10.9.{{i >> 8}}.{{i & 255}}","ttl":60}]}""";
            var begun = Stopwatch.GetTimestamp();
            await writer.WriteAsync([new LedgerWrite.SetField(zone + ".", "changing", json)], LedgerWriter.NoFence, CancellationToken.None);
            while (!Shows(client, query, (byte)(i >> 8), (byte)i)) await Task.Yield();
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        times.Sort();
        Console.WriteLine(FormattableString.Invariant($"{times[count / 2]:F2} {times[count * 99 / 100]:F2}"));
        return 0;
    }

    private static bool Shows(Socket client, byte[] query, byte high, byte low)
    {
        Span<byte> answer = stackalloc byte[512];
        client.Send(query);
        var length = client.Receive(answer);
        return length > 4 && answer[length - 2] == high && answer[length - 1] == low && answer[length - 4] == 10;
    }
}

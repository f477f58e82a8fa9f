using System.Text;
using Gateway.Model;
using Gateway.Model.ExplorerApi;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.ReservationBenchmark;

/// <summary>
/// Puts workloads into the built-in explorer's Redis as it would store them itself, a hundred times faster than its users could
/// reserve them: it is not the writing that is measured here.
/// </summary>
internal static class Seeding
{
    private const int Batch = 5_000;

    // Stands for the number in a workload's JSON.
    private const string Number = "\u0001";

    // ARGV: first id, how many, then templates that take turns; ids share a number in groups of as many as there are templates.
    private const string Script = """
        local first, count, kinds = tonumber(ARGV[1]), tonumber(ARGV[2]), #ARGV - 3
        for i = 0, count - 1 do
          local id = string.format('%.0f', first + i)
          local padded = string.format('%019.0f', first + i)
          local number = string.format('%.0f', math.floor((first + i) / kinds))
          local json = ARGV[4 + (first + i) % kinds]:gsub('"id":0,"json"', '"id":' .. id .. ',"json"', 1):gsub('\1', number)
          redis.call('HSET', KEYS[1], id, json)
          redis.call('ZADD', KEYS[3], 0, ARGV[3] .. padded)
          redis.call('ZADD', KEYS[4], 0, ARGV[3] .. padded)
          redis.call('ZADD', KEYS[5], id, id)
          redis.call('ZADD', KEYS[6], first + i, id)
        end
        redis.call('SET', KEYS[2], string.format('%.0f', first + count - 1))
        return 0
        """;

    /// <summary>Workloads of the same gateway and customer; the control character in a name stands for a number; gives the first.</summary>
    public static async Task<long> AddAsync(RedisConnection redis, int count, params Workload[] templates)
    {
        var first = (long)await redis.Commands.StringGetAsync(RedisSchema.ExplorerWorkloadCounterKey) + 1;
        // A group begins with a multiple of its size.
        first += (templates.Length - (first % templates.Length)) % templates.Length;
        RedisKey[] keys =
        [
            RedisSchema.ExplorerWorkloadsKey, RedisSchema.ExplorerWorkloadCounterKey, RedisSchema.ExplorerCustomersKey, RedisSchema.ExplorerLiveKey,
            RedisSchema.ExplorerNodeWorkloadsKey(templates[0].NodeId), RedisSchema.ExplorerNodeQueueKey(templates[0].NodeId),
        ];
        RedisValue[] json = [.. templates.Select(it => (RedisValue)Encoding.UTF8.GetString(ExplorerJson.Write(it with { Id = 0, Version = 2 })).Replace("\\u0001", Number, StringComparison.Ordinal))];
        for (var done = 0; done < count; done += Batch)
            await redis.Commands.ScriptEvaluateAsync(Script, keys, [first + done, Math.Min(Batch, count - done), RedisSchema.ExplorerPairStart(templates[0].CustomerTid), .. json]);
        return first / templates.Length;
    }

    /// <summary>The number's place in a name.</summary>
    public static string Numbered(string prefix, string suffix) => prefix + Number + suffix;

    /// <summary>Octets that Redis uses.</summary>
    public static async Task<double> MemoryAsync(RedisConnection redis) =>
        double.Parse(((string)(await redis.Commands.ExecuteAsync("INFO", "memory"))!).Split('\n').First(line => line.StartsWith("used_memory:", StringComparison.Ordinal))["used_memory:".Length..], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>How often Redis was told to write anything but the renewal of a lease.</summary>
    public static async Task<long> WritesAsync(RedisConnection redis)
    {
        string[] writing = ["set", "hset", "hdel", "del", "xadd", "zadd", "zrem", "incr", "incrby"];
        var lines = ((string)(await redis.Commands.ExecuteAsync("INFO", "commandstats"))!).Split('\n');
        return writing.Select(name => $"cmdstat_{name}:calls=").Sum(start => lines.Where(line => line.StartsWith(start, StringComparison.Ordinal)).Sum(line => long.Parse(line[start.Length..line.IndexOf(',', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture)));
    }
}

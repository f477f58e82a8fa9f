using System.Runtime.CompilerServices;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Router;

/// <summary>Walks the keys with a prefix without holding Redis up (SCAN).</summary>
internal static class RedisScan
{
    /// <summary>Every key that is there from the start to the end of the walk, at least once, in batches.</summary>
    public static async IAsyncEnumerable<string[]> KeysAsync(RedisCommands redis, string prefix, int batch, [EnumeratorCancellation] CancellationToken stop)
    {
        var cursor = "0";
        do
        {
            var answer = (RedisResult[])(await redis.ExecuteAsync("SCAN", cursor, "MATCH", prefix + "*", "COUNT", batch).WaitAsync(stop))!;
            cursor = (string)answer[0]!;
            var keys = (string[])answer[1]!;
            if (keys.Length > 0) yield return keys;
        }
        while (cursor != "0");
    }
}

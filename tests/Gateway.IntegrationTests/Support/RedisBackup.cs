using StackExchange.Redis;

namespace Gateway.IntegrationTests.Support;

/// <summary>Everything that a Redis held at one moment, to be put back later in place of what it holds then.</summary>
internal sealed class RedisBackup
{
    private readonly Dictionary<string, byte[]> _dumps = [];

    public static async Task<RedisBackup> OfAsync(IDatabase redis)
    {
        var backup = new RedisBackup();
        foreach (var key in ((RedisValue[])(await redis.ExecuteAsync("KEYS", "*"))!).Select(it => (string)it!))
            if (await redis.KeyDumpAsync(key) is { } dump) backup._dumps[key] = dump;
        return backup;
    }

    /// <summary>In one step, as a Redis that was started on the older file.</summary>
    public async Task RestoreAsync(IDatabase redis)
    {
        var all = redis.CreateTransaction();
        List<Task> done = [all.ExecuteAsync("FLUSHALL")];
        done.AddRange(_dumps.Select(it => all.ExecuteAsync("RESTORE", it.Key, 0, it.Value)));
        await all.ExecuteAsync();
        await Task.WhenAll(done);
    }
}

using Gateway.Model;
using Gateway.Model.Reservations;
using Gateway.Store;

namespace Gateway.Server.Operating;

/// <summary>Stops everything that a user has, and lets it go on: he keeps his reservations, and the reconciler of this Redis takes what they lead to out of service.</summary>
internal sealed class UserFreeze(RedisConnection redis, TimeProvider time)
{
    /* A line in a list. */
    private const int LongestReason = 200;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>Freezes a user; who is frozen already gets the new reason. The fault is one line; null when it is done.</summary>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>.</exception>
    public Task<string?> FreezeAsync(long user, string reason, CancellationToken stop)
    {
        var value = RedisSchema.EncodeFrozen(new FrozenUser(time.GetUtcNow(), PeerText.OneLine(reason, LongestReason)));
        return WriteAsync(new LedgerWrite.SetField(RedisSchema.FrozenKey, RedisSchema.FrozenField(user), value), stop);
    }

    /// <summary>Lets a user's services go on. The fault is one line; null when it is done.</summary>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>.</exception>
    public async Task<string?> UnfreezeAsync(long user, CancellationToken stop)
    {
        var isFrozen = await redis.Commands.HashExistsAsync(RedisSchema.FrozenKey, RedisSchema.FrozenField(user)).WaitAsync(Deadline, time, stop);
        if (!isFrozen) return $"User {user} is not frozen: 'gateway node frozen' lists who is.";
        return await WriteAsync(new LedgerWrite.DeleteField(RedisSchema.FrozenKey, RedisSchema.FrozenField(user)), stop);
    }

    private async Task<string?> WriteAsync(LedgerWrite write, CancellationToken stop) =>
        await new LedgerWriter(redis, time).WriteAsync([write], LedgerWriter.NoFence, stop) is WriteOutcome.Written
            ? null
            : $"The key '{RedisSchema.FrozenKey}' in Redis is no hash: delete it and try again.";
}

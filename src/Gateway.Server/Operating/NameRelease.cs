using Gateway.Model;
using Gateway.Store;

namespace Gateway.Server.Operating;

/// <summary>Takes a name that no reservation holds any more out of Redis: its user, its records, its route and its rest, in one step.</summary>
internal sealed class NameRelease(LedgerView view, RedisConnection redis, TimeProvider time)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>Releases the name; the fault says why it is not stuck, or that nothing of it was there. Null when it is free now.</summary>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>.</exception>
    public async Task<string?> ReleaseAsync(DomainName name, CancellationToken stop)
    {
        if (await view.HoldersAsync(name, stop) is [var holder, ..])
            return $"'{name}' is held by reservation {holder.Id} of user {holder.UserText}: its user deletes it with 'gateway delete'.";
        var writes = new List<LedgerWrite>();
        var commands = redis.Commands;
        if ((string?)await commands.HashGetAsync(RedisSchema.NameOwnersKey, RedisSchema.OwnedField(name)).WaitAsync(Deadline, time, stop) is { } user)
        {
            // Somebody may reserve the name meanwhile: then nothing is taken from him.
            writes.Add(new LedgerWrite.Expect(RedisSchema.NameOwnersKey, RedisSchema.OwnedField(name), user));
            writes.Add(new LedgerWrite.DeleteField(RedisSchema.NameOwnersKey, RedisSchema.OwnedField(name)));
        }

        for (var zone = name.Parent; !zone.IsRoot; zone = zone.Parent)
            if (await commands.HashExistsAsync(RedisSchema.ZoneKey(zone), RedisSchema.ZoneField(name, zone)).WaitAsync(Deadline, time, stop))
                writes.Add(new LedgerWrite.DeleteField(RedisSchema.ZoneKey(zone), RedisSchema.ZoneField(name, zone)));
        if (await commands.KeyExistsAsync(RedisSchema.ServiceKey(name)).WaitAsync(Deadline, time, stop)) writes.Add(new LedgerWrite.DeleteKey(RedisSchema.ServiceKey(name)));
        if (await commands.HashExistsAsync(RedisSchema.QuarantineKey, RedisSchema.OwnedField(name)).WaitAsync(Deadline, time, stop)) writes.Add(new LedgerWrite.DeleteField(RedisSchema.QuarantineKey, RedisSchema.OwnedField(name)));
        if (writes.Count == 0) return $"Nothing of '{name}' is there.";
        var outcome = await new LedgerWriter(redis, time).WriteAsync(writes, LedgerWriter.NoFence, stop);
        return outcome is WriteOutcome.Written ? null : $"'{name}' changed meanwhile; look again.";
    }
}

using Gateway.Model;
using StackExchange.Redis;

namespace Gateway.Store.Ledger;

/// <summary>
/// Puts the three keys of the ledger right when somebody else has written something there that is none: they are ours, and
/// without them every writer and every reader would stand still.
/// </summary>
internal static class LedgerMending
{
    // KEYS: ledger, its counter, the fence. Leaves what was mended, a line for each, in `mended`. A counter goes on where the
    // ledger ends. A fence that is lost begins at the clock in microseconds, which is
    // beyond every number that was ever taken.
    internal const string Script = """
        local ledger, sequence, fence, mended = KEYS[1], KEYS[2], KEYS[3], {}
        local function clock()
          local now = redis.call('TIME')
          return string.format('%.0f', now[1] * 1000000 + now[2])
        end
        local function told(key, kind, want)
          redis.call('DEL', key)
          mended[#mended + 1] = key .. ' held a ' .. kind .. ' instead of ' .. want
        end
        local function broken(key)
          local kind = redis.call('TYPE', key).ok
          if kind == 'none' then return nil end
          if kind ~= 'string' then return kind end
          return not string.match(redis.call('GET', key), '^%d+$') and 'text' or nil
        end
        local kind = redis.call('TYPE', ledger).ok
        if kind ~= 'none' and kind ~= 'stream' then told(ledger, kind, 'the change ledger (a stream)') end
        kind = broken(sequence)
        if kind then
          told(sequence, kind, 'the number of the last ledger entry')
          local line = redis.call('XREVRANGE', ledger, '+', '-', 'COUNT', 1)[1]
          if line then
            for i = 1, #line[2], 2 do
              if line[2][i] == 'n' then redis.call('SET', sequence, line[2][i + 1]) end
            end
          end
        end
        kind = broken(fence)
        if kind then
          told(fence, kind, 'the highest fencing number')
          redis.call('SET', fence, clock())
        end
        """;

    internal static readonly RedisKey[] Keys = [RedisSchema.LedgerKey, RedisSchema.LedgerSequenceKey, RedisSchema.FenceKey];

    /// <summary>Mends, and gives a line for each key that needed it.</summary>
    internal static async Task<string[]> RunAsync(RedisCommands redis, TimeSpan deadline, TimeProvider time, CancellationToken stop)
    {
        var answer = await redis.ScriptEvaluateAsync(Script + "\nreturn mended", Keys, null, CommandFlags.NoScriptCache).WaitAsync(deadline, time, stop);
        return [.. ((RedisResult[])answer!).Select(line => (string)line!)];
    }
}

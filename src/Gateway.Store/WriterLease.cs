using System.Security.Cryptography;
using Gateway.Model;
using Gateway.Store.Ledger;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Store;

/// <summary>
/// The right to write, of which several nodes that share one Redis have one: it lies in Redis, expires by Redis' clock, and gives
/// its holder a fencing number that is higher than all before. Whoever lost it without knowing is refused by the number.
/// </summary>
/// <remarks>
/// A restarted instance takes over from its former self at once, for two of one instance cannot run; after that it waits like
/// anybody else for the lease to expire or to be given back.
/// </remarks>
public sealed class WriterLease
{
    /// <summary>How long it holds without being renewed: a holder that fell is replaced within this time.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    // A renewal writes, and is no mere PEXPIRE: a Redis that takes no more writes shall be known before somebody wants something.
    private static readonly string TakeScript = $$"""
        {{LedgerMending.Script}}
        local lease, me, nonce, first = KEYS[4], ARGV[1], ARGV[2], ARGV[4] == '1'
        if redis.call('TYPE', lease).ok ~= 'string' then redis.call('DEL', lease) end
        local held = redis.call('GET', lease)
        local highest = tonumber(redis.call('GET', fence) or '0')
        if held then
          local instance, drawn, number = string.match(held, '^(%S+) (%S+) (%d+)$')
          if instance == me and drawn == nonce and tonumber(number) >= math.max(highest, tonumber(ARGV[5])) then
            redis.call('SET', lease, held, 'PX', ARGV[3])
            if tonumber(number) > highest then redis.call('SET', fence, number) end
            return {'held', number, unpack(mended)}
          end
          if instance and not (first and instance == me) and not (instance == me and drawn == nonce) then return {'other', instance, unpack(mended)} end
        end
        local number = string.format('%.0f', math.max(highest + 1, tonumber(ARGV[5]) + 1, tonumber(clock())))
        redis.call('SET', fence, number)
        redis.call('SET', lease, me .. ' ' .. nonce .. ' ' .. number, 'PX', ARGV[3])
        return {'held', number, unpack(mended)}
        """;

    private const string GiveBackScript = """
        local held = redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('GET', KEYS[1])
        if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """;

    private readonly RedisConnection _redis;
    private readonly TimeProvider _time;
    private readonly ILogger? _log;
    private readonly string _instance;
    private readonly string _nonce = RandomNumberGenerator.GetHexString(16, lowercase: true);
    private bool _isFirst = true;
    private long _highest;

    /// <summary>Prepares; asks nothing.</summary>
    /// <param name="redis">Where the lease lies.</param>
    /// <param name="instance">The same over restarts, and of nobody else; blanks are replaced.</param>
    /// <param name="time">The clock of the deadlines; never that of the lease.</param>
    /// <param name="log">Takes what was found damaged and was mended; null: nobody wants to know.</param>
    public WriterLease(RedisConnection redis, string instance, TimeProvider time, ILogger? log = null)
    {
        (_redis, _time, _log) = (redis, time, log);
        _instance = instance.Length == 0 ? "-" : string.Concat(instance.Select(c => char.IsWhiteSpace(c) || char.IsControl(c) ? '_' : c));
    }

    /// <summary>Takes the lease or renews it.</summary>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>: whether it was taken is unknown then.</exception>
    public async Task<LeaseState> TakeAsync(CancellationToken stop)
    {
        var answer = await AskAsync(TakeScript, [.. LedgerMending.Keys, RedisSchema.LeaseKey], [_instance, _nonce, (long)Lifetime.TotalMilliseconds, _isFirst ? 1 : 0, _highest], stop);
        var lines = (string[])answer!;
        if (_log is not null && lines.Length > 2) LedgerWriter.Mended(_log, string.Join("; ", lines[2..]));
        if (lines[0] != "held") return new LeaseState.Other(lines[1]);
        _isFirst = false;
        // A Redis that was restored may show our lease as it was: readers that saw the higher number would not follow it any more.
        _highest = long.Parse(lines[1], System.Globalization.CultureInfo.InvariantCulture);
        return new LeaseState.Held(_highest);
    }

    /// <summary>Gives it back, so that another need not wait; nothing happens when somebody else has it.</summary>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>: it expires by itself.</exception>
    public Task GiveBackAsync(CancellationToken stop) => AskAsync(GiveBackScript, [RedisSchema.LeaseKey], [$"{_instance} {_nonce} "], stop);

    private Task<RedisResult> AskAsync(string script, RedisKey[] keys, RedisValue[] arguments, CancellationToken stop) =>
        _redis.Commands.ScriptEvaluateAsync(script, keys, arguments, CommandFlags.NoScriptCache).WaitAsync(Deadline, _time, stop);
}

/// <summary>Who holds the <see cref="WriterLease"/>.</summary>
public abstract record LeaseState
{
    private LeaseState() { }

    /// <summary>We do.</summary>
    /// <param name="Fence">What every write carries; another number than before means that somebody else may have written meanwhile.</param>
    public sealed record Held(long Fence) : LeaseState;

    /// <summary>Somebody else does.</summary>
    /// <param name="Instance">Who.</param>
    public sealed record Other(string Instance) : LeaseState;
}

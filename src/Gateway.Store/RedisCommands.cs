using StackExchange.Redis;

namespace Gateway.Store;

/// <summary>
/// The commands that the house sends to Redis, under the names of the client library. Each ends with what Redis said, or with a
/// fault: where a connection breaks under a command, the library now and then completes it with no answer at all instead of the fault.
/// Its own typed answers then say "there is none", "false" or 0, so only its plain answers are asked for here, of which none is null.
/// </summary>
/// <exception cref="Exception">Every call: see <see cref="RedisFaults.IsRedis"/>.</exception>
public sealed class RedisCommands
{
    private readonly IDatabase _database;

    internal RedisCommands(IDatabase database) => _database = database;

    /// <summary>Any command.</summary>
    public Task<RedisResult> ExecuteAsync(string command, params object[] arguments) => AnsweredAsync(_database.ExecuteAsync(command, arguments));

    /// <summary>A script, as a whole.</summary>
    public Task<RedisResult> ScriptEvaluateAsync(string script, RedisKey[]? keys, RedisValue[]? values, CommandFlags flags = CommandFlags.None) =>
        AnsweredAsync(_database.ScriptEvaluateAsync(script, keys, values, flags));

    /// <summary>HGET. Null when there is no such field.</summary>
    public Task<RedisValue> HashGetAsync(RedisKey key, RedisValue field) => ValueAsync(ExecuteAsync("HGET", key, field));

    /// <summary>HMGET. Null for each field that there is none of.</summary>
    public Task<RedisValue[]> HashGetAsync(RedisKey key, RedisValue[] fields) => fields.Length == 0 ? Task.FromResult<RedisValue[]>([]) : ValuesAsync(ExecuteAsync("HMGET", [key, .. fields]));

    /// <summary>HGETALL.</summary>
    public async Task<HashEntry[]> HashGetAllAsync(RedisKey key)
    {
        var values = await ValuesAsync(ExecuteAsync("HGETALL", key));
        return [.. values.Chunk(2).Select(pair => new HashEntry(pair[0], pair[1]))];
    }

    /// <summary>HLEN. 0 when there is no such hash.</summary>
    public Task<long> HashLengthAsync(RedisKey key) => NumberAsync(ExecuteAsync("HLEN", key));

    /// <summary>HEXISTS.</summary>
    public async Task<bool> HashExistsAsync(RedisKey key, RedisValue field) => await NumberAsync(ExecuteAsync("HEXISTS", key, field)) == 1;

    /// <summary>GET. Null when there is no such key.</summary>
    public Task<RedisValue> StringGetAsync(RedisKey key) => ValueAsync(ExecuteAsync("GET", key));

    /// <summary>MGET. Null for each key that there is none of, or that holds another type.</summary>
    public Task<RedisValue[]> StringGetAsync(RedisKey[] keys) => keys.Length == 0 ? Task.FromResult<RedisValue[]>([]) : ValuesAsync(ExecuteAsync("MGET", [.. keys]));

    /// <summary>SET, where nothing stands. False when something does.</summary>
    public async Task<bool> StringSetNewAsync(RedisKey key, RedisValue value, TimeSpan life) => !(await ExecuteAsync("SET", key, value, "NX", "PX", (long)life.TotalMilliseconds)).IsNull;

    /// <summary>INCR.</summary>
    public Task<long> StringIncrementAsync(RedisKey key) => NumberAsync(ExecuteAsync("INCR", key));

    /// <summary>EXISTS.</summary>
    public async Task<bool> KeyExistsAsync(RedisKey key) => await NumberAsync(ExecuteAsync("EXISTS", key)) == 1;

    /// <summary>TYPE: "hash", "string" and so on; "none" when there is no such key.</summary>
    public async Task<string> KeyTypeAsync(RedisKey key) => (string)(await ExecuteAsync("TYPE", key))!;

    /// <summary>DUMP. Null when there is no such key.</summary>
    public async Task<byte[]?> KeyDumpAsync(RedisKey key) => (byte[]?)await ExecuteAsync("DUMP", key);

    /// <summary>PEXPIRE.</summary>
    public Task KeyExpireAsync(RedisKey key, TimeSpan life) => ExecuteAsync("PEXPIRE", key, (long)life.TotalMilliseconds);

    /// <summary>DEL.</summary>
    public Task KeyDeleteAsync(params RedisKey[] keys) => ExecuteAsync("DEL", [.. keys]);

    /// <summary>ZCARD. 0 when there is no such set.</summary>
    public Task<long> SortedSetLengthAsync(RedisKey key) => NumberAsync(ExecuteAsync("ZCARD", key));

    /// <summary>ZLEXCOUNT, from a member on to before another.</summary>
    public Task<long> SortedSetLengthByValueAsync(RedisKey key, string from, string before) => NumberAsync(ExecuteAsync("ZLEXCOUNT", key, "[" + from, "(" + before));

    /// <summary>ZRANGEBYSCORE, from a score on, lowest first.</summary>
    public Task<RedisValue[]> SortedSetRangeByScoreAsync(RedisKey key, double from, long skip, long count) => ValuesAsync(ExecuteAsync("ZRANGEBYSCORE", key, from, "+inf", "LIMIT", skip, count));

    /// <summary>ZRANGEBYLEX, from a member on to before another.</summary>
    public Task<RedisValue[]> SortedSetRangeByValueAsync(RedisKey key, string from, string before, long skip, long count) =>
        ValuesAsync(ExecuteAsync("ZRANGEBYLEX", key, "[" + from, "(" + before, "LIMIT", skip, count));

    private static async Task<RedisValue> ValueAsync(Task<RedisResult> asked) => (RedisValue)await asked;

    private static async Task<RedisValue[]> ValuesAsync(Task<RedisResult> asked) => (RedisValue[])(await asked)!;

    private static async Task<long> NumberAsync(Task<RedisResult> asked) => (long)await asked;

    // What Redis has not is a result too, one that says so.
    private static async Task<RedisResult> AnsweredAsync(Task<RedisResult> asked) =>
        await asked ?? throw new RedisAwayException("The connection to Redis broke under a command.");
}

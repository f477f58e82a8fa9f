using System.Globalization;
using System.Text;
using Gateway.Model;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Explorer.Storage;

/// <summary>
/// Writes that happen together or not at all, and only while the named fields still hold what the writer read. With a counter, the
/// change gets the next number in the same step, and <see cref="Id"/> and <see cref="PaddedId"/> stand for it in every value.
/// </summary>
internal sealed class StoreChange
{
    /// <summary>Stands for the new number. JSON never holds this control character.</summary>
    public const string Id = "\u0001id\u0001";

    /// <summary>Stands for the new number with leading zeros.</summary>
    public const string PaddedId = "\u0001pad\u0001";

    /// <summary>
    /// First every expectation is checked, so that nothing is written when one fails (the answer is then its negative place). Redis does not undo a
    /// script that breaks in its middle, so types are checked as well. Then the limits, in the same step as the writes, so that nobody comes between;
    /// <see cref="LimitOf"/> reads the answer when one is reached. The answer is otherwise the new number, or 0 without a counter, and beside it the
    /// number of this write (<see cref="RedisSchema.ExplorerVersionKey"/>, the last key), which shows a Redis that was emptied or restored.
    /// </summary>
    public const string Script = """
        local checks, at = tonumber(ARGV[1]), 2
        for i = 1, #KEYS do
          local kind, want = redis.call('TYPE', KEYS[i]).ok, ARGV[at]
          if kind ~= 'none' and kind ~= want then return redis.error_reply('ERR the key ' .. KEYS[i] .. ' holds a ' .. kind .. ' instead of a ' .. want) end
          if kind == 'string' and not string.match(redis.call('GET', KEYS[i]), '^%d+$') then
            return redis.error_reply('ERR the key ' .. KEYS[i] .. ' holds a text instead of a number: set it to the highest number that was given out')
          end
          at = at + 1
        end
        for i = 1, checks do
          local found = redis.call('HGET', KEYS[tonumber(ARGV[at])], ARGV[at + 1])
          if ARGV[at + 2] == '1' then
            if found ~= ARGV[at + 3] then return {-i, 0} end
          elseif found then return {-i, 0} end
          at = at + 4
        end
        local limits = tonumber(ARGV[at])
        at = at + 1
        for i = 1, limits do
          local key, most = KEYS[tonumber(ARGV[at + 1])], tonumber(ARGV[at + 2])
          if ARGV[at] == 'MEMBERS' then
            if redis.call('ZLEXCOUNT', key, '[' .. ARGV[at + 3], '(' .. ARGV[at + 4]) >= most then return {-1000000 - i, 0} end
          else
            local seconds, piece = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
            local now, sum, counts = math.floor(redis.call('TIME')[1] / piece), 0, redis.call('HGETALL', key)
            for j = 1, #counts, 2 do
              if tonumber(counts[j]) < now - seconds / piece then redis.call('HDEL', key, counts[j]) else sum = sum + tonumber(counts[j + 1]) end
            end
            if sum >= most then return {-1000000 - i, 0} end
            redis.call('HINCRBY', key, string.format('%.0f', now), 1)
            redis.call('EXPIRE', key, seconds + piece)
          end
          at = at + 5
        end
        local counter, id, version = tonumber(ARGV[at]), 0, 0
        for i, key in ipairs({KEYS[#KEYS], KEYS[counter]}) do
          local floor, goes_on = tonumber(ARGV[at + 2 * i - 1]), ARGV[at + 2 * i] == '1'
          if tonumber(redis.call('GET', key) or '0') < floor then
            if not goes_on then return {-1000000, i} end
            redis.call('SET', key, string.format('%.0f', floor))
          end
        end
        if counter > 0 then id = redis.call('INCR', KEYS[counter]) end
        if ARGV[at + 5] == '1' then version = redis.call('INCR', KEYS[#KEYS]) end
        at = at + 6
        local plain, padded = string.format('%.0f', id), string.format('%019.0f', id)
        local function fill(text) return (text:gsub('\1id\1', plain):gsub('\1pad\1', padded)) end
        while at <= #ARGV do
          local op, key, first, second = ARGV[at], KEYS[tonumber(ARGV[at + 1])], fill(ARGV[at + 2]), fill(ARGV[at + 3])
          if op == 'HSET' then redis.call('HSET', key, first, second)
          elseif op == 'HDEL' then redis.call('HDEL', key, first)
          elseif op == 'ZADD' then redis.call('ZADD', key, first, second)
          elseif op == 'ZREM' then redis.call('ZREM', key, first)
          elseif op == 'INCR' then redis.call('INCR', key) end
          at = at + 4
        end
        return {id, version}
        """;

    /* A rate is counted in pieces of this length; the oldest one counts whole, so that no minute has more than it may. */
    private const int RatePiece = 5;

    private const int RatePeriod = 60;

    private const int FirstLimit = -1_000_001;

    /// <summary>The script's answer when the counter is behind its floor; places of expectations are far smaller.</summary>
    public const long IsLost = -1_000_000;

    private const string Hash = "hash";

    private const string SortedSet = "zset";

    private const string Number = "string";

    private readonly List<RedisKey> _keys = [];
    private readonly List<RedisValue> _kinds = [];
    private readonly List<RedisValue> _checks = [];
    private readonly List<RedisValue> _writes = [];
    private readonly List<RedisValue> _limits = [];
    private int _counter;
    private string? _counterKey;

    /// <summary>Takes the next number of a counter.</summary>
    public StoreChange Numbered(string counterKey)
    {
        _counter = Key(counterKey, Number);
        _counterKey = counterKey;
        return this;
    }

    /// <summary>Only if the field holds exactly this; null: only if it is absent.</summary>
    public StoreChange Expect(string hash, string field, ReadOnlyMemory<byte>? value)
    {
        _checks.AddRange([Key(hash, Hash), field, value is null ? 0 : 1, value is { } octets ? octets.ToArray() : RedisValue.EmptyString]);
        return this;
    }

    /// <summary>Only while fewer than <paramref name="most"/> members of a sorted set lie from <paramref name="from"/> to before <paramref name="to"/>.</summary>
    public StoreChange FewerThan(int most, string set, string from, string to) => Limit("MEMBERS", Key(set, SortedSet), most, from, to);

    /// <summary>Only while the last minute, by the clock of Redis, had fewer than <paramref name="most"/> of these. To be the last limit, for it counts.</summary>
    public StoreChange AtMostInMinute(int most, string counts) => Limit("RATE", Key(counts, Hash), most, RatePeriod, RatePiece);

    /// <summary>Which limit, counted from 0, an answer says is reached; -1 for none.</summary>
    public static int LimitOf(long answer) => answer <= FirstLimit ? (int)(FirstLimit - answer) : -1;

    /// <summary>Sets a field.</summary>
    public StoreChange Set(string hash, string field, RedisValue value) => Write("HSET", Key(hash, Hash), field, value);

    /// <summary>Removes a field.</summary>
    public StoreChange Remove(string hash, string field) => Write("HDEL", Key(hash, Hash), field, RedisValue.EmptyString);

    /// <summary>Puts a member into a sorted set, or moves it.</summary>
    public StoreChange AddMember(string set, string score, string member) => Write("ZADD", Key(set, SortedSet), score, member);

    /// <summary>Takes a member out of a sorted set.</summary>
    public StoreChange RemoveMember(string set, string member) => Write("ZREM", Key(set, SortedSet), member, RedisValue.EmptyString);

    /// <summary>Counts a doorbell up.</summary>
    public StoreChange Ring(string counterKey) => Write("INCR", Key(counterKey, Number), RedisValue.EmptyString, RedisValue.EmptyString);

    /// <summary>The fields it sets, with the number that it got.</summary>
    public IEnumerable<StoredValue> SetFields(long id)
    {
        for (var i = 0; i < _writes.Count; i += 4)
            if (_writes[i] == "HSET") yield return new StoredValue(_keys[(int)_writes[i + 1] - 1]!, Filled(_writes[i + 2], id), Encoding.UTF8.GetBytes(Filled(_writes[i + 3], id)));
    }

    private static string Filled(RedisValue text, long id) => text.ToString().Replace(Id, ExplorerStore.Field(id), StringComparison.Ordinal).Replace(PaddedId, RedisSchema.ExplorerPadded(id), StringComparison.Ordinal);

    /// <summary>The script's keys.</summary>
    public RedisKey[] Keys() => [.. _keys, RedisSchema.ExplorerVersionKey];

    /// <summary>The counter whose next number it takes; null when it takes none.</summary>
    public string? Counter => _counterKey;

    /// <summary>The script's arguments.</summary>
    /// <param name="version">What the count of writes must have reached.</param>
    /// <param name="counter">What the counter must have reached, if it takes a number of one.</param>
    /// <param name="isCounted">False: a write that puts back what was there, and is none of its own.</param>
    public RedisValue[] Arguments(Floor version, Floor counter, bool isCounted = true) =>
        [_checks.Count / 4, .. _kinds, Number, .. _checks, _limits.Count / 5, .. _limits, _counter, .. version.Arguments, .. counter.Arguments, isCounted ? 1 : 0, .. _writes];

    /// <summary>A score in milliseconds.</summary>
    public static string Score(DateTimeOffset time) => time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private StoreChange Limit(string kind, int key, int most, RedisValue first, RedisValue second)
    {
        _limits.AddRange([kind, key, most, first, second]);
        return this;
    }

    private StoreChange Write(string operation, int key, RedisValue first, RedisValue second)
    {
        _writes.AddRange([operation, key, first, second]);
        return this;
    }

    // Lua counts from 1.
    private int Key(string key, string kind)
    {
        var at = _keys.IndexOf(key);
        if (at >= 0) return at + 1;
        _keys.Add(key);
        _kinds.Add(kind);
        return _keys.Count;
    }
}

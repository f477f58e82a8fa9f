using Gateway.Model;
using StackExchange.Redis;

namespace Gateway.Store.Ledger;

/// <summary>The script behind <see cref="LedgerWriter"/>, its arguments and its answer.</summary>
internal static class LedgerScript
{
    private const int ArgumentsPerWrite = 4;

    // Arguments of one command: Lua's stack takes some thousand, and beyond some hundred nothing is saved any more.
    private const int LongestCommand = 1_000;

    // A script is not rolled back when a command fails in its middle. So the first pass finds every reason to refuse (a
    // fence, a precondition, a key of another type) and the second one writes. Keyspace events of a command that changes
    // nothing: HSET and SET raise theirs all the same, HDEL and DEL none; HDEL of the last field raises hdel and del. An HSET of
    // many fields raises one, which the entry of the first field counts.
    // Each entry costs as much as a change, so books that are only ever read whole get one for each script, and what one command sets
    // is told together.
    // What is set only where nothing stood (HN, SN) is most of a first comparison: one operation instead of two, for reading and
    // handing on the arguments takes Redis longer than to set them.
    internal static readonly string Text = $$"""
        {{LedgerMending.Script}}
        local mine, held = tonumber(ARGV[1]), tonumber(redis.call('GET', fence) or '0')
        if mine > 0 and mine < held then return {'fenced', string.format('%.0f', held)} end

        local function typeof(key) return redis.call('TYPE', key).ok end
        local kinds = {}
        -- What has to be nowhere yet is asked for many at a time: {command, arguments …} and, beside each name, whose step it is.
        local fields, steps, keys, keysteps = {}, {}, {'EXISTS'}, {}
        local function taken(i) return {'conflict', (i - 2) / {{ArgumentsPerWrite}}} end
        local function fieldsTaken(key)
          local found = redis.pcall(unpack(fields[key]))
          if found.err then return taken(steps[key][1]) end
          for j = 1, #found do
            if found[j] then return taken(steps[key][j]) end
          end
          fields[key] = nil
        end
        local function keysTaken()
          if #keys > 1 and redis.call(unpack(keys)) > 0 then
            for j = 1, #keysteps do
              if redis.call('EXISTS', keys[j + 1]) == 1 then return taken(keysteps[j]) end
            end
          end
          keys, keysteps = {'EXISTS'}, {}
        end
        for i = 2, #ARGV, {{ArgumentsPerWrite}} do
          local op, key, field, value = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
          local good, conflict
          if op == 'K=' then good = redis.pcall('GET', key) == value
          elseif op == 'K!' then good = redis.call('EXISTS', key) == 0
          elseif op == 'F=' then good = redis.pcall('HGET', key, field) == value
          elseif op == 'F!' then good = redis.pcall('HGET', key, field) == false
          elseif op == 'SN' then
            kinds[key], good = 'string', true
            keys[#keys + 1], keysteps[#keysteps + 1] = key, i
            if #keys >= {{LongestCommand}} then conflict = keysTaken() end
          elseif op == 'S' then kinds[key], good = 'string', true
          elseif op == 'D' then kinds[key], good = 'none', true
          else
            local found = kinds[key] or typeof(key)
            good = found == 'none' or found == 'hash'
            kinds[key] = op == 'HD' and found or 'hash'
            if good and op == 'HN' then
              local asked = fields[key]
              if not asked then asked, steps[key] = {'HMGET', key}, {} fields[key] = asked end
              asked[#asked + 1] = field
              steps[key][#asked - 2] = i
              if #asked >= {{LongestCommand}} then conflict = fieldsTaken(key) end
            end
          end
          if conflict or not good then return conflict or taken(i) end
        end
        for key in pairs(fields) do
          local conflict = fieldsTaken(key)
          if conflict then return conflict end
        end
        local conflict = keysTaken()
        if conflict then return conflict end

        if mine > held then redis.call('SET', fence, ARGV[1]) end
        local entries, whole = {}, { {{string.Join(", ", RedisSchema.LedgerWholeKeys.Select(key => $"['{key}'] = true"))}} }
        local function tell(i, key, events)
          local told = whole[key]
          if type(told) == 'table' then told.events = told.events + events return end
          local entry = {i, events = events}
          entries[#entries + 1] = entry
          if told then whole[key] = entry return end
          return entry
        end
        -- What is set by one command is told by one entry, as far as it goes.
        local function tellMore(entry, i, key, events)
          if not entry or #entry == {{RedisSchema.LedgerGroup}} then return tell(i, key, events) end
          entry[#entry + 1] = i
          return entry
        end
        -- What is set waits for more that one command can carry, at most until something is deleted.
        local hashes, strings, stringsTold = {}, {'MSET'}, nil
        local function writeHash(key)
          if hashes[key] then redis.call(unpack(hashes[key])) hashes[key] = nil end
        end
        local function writeStrings()
          if #strings > 1 then redis.call(unpack(strings)) strings, stringsTold = {'MSET'}, nil end
        end
        local function writeAll()
          for key in pairs(hashes) do writeHash(key) end
          writeStrings()
        end
        for i = 2, #ARGV, {{ArgumentsPerWrite}} do
          local op, key, field, value = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
          if op == 'HS' or op == 'HN' then
            local set = hashes[key]
            if set then
              set.told = tellMore(set.told, i, key, 0)
            else
              set = {'HSET', key, told = tell(i, key, 1)}
              hashes[key] = set
            end
            set[#set + 1], set[#set + 2] = field, value
            if #set >= {{LongestCommand}} then writeHash(key) end
          elseif op == 'S' or op == 'SN' then
            writeHash(key)
            stringsTold = tellMore(stringsTold, i, key, 1)
            strings[#strings + 1], strings[#strings + 2] = key, value
            if #strings >= {{LongestCommand}} then writeStrings() end
          elseif op == 'D' then
            writeAll()
            if redis.call('DEL', key) == 1 then tell(i, key, 1) end
          elseif op == 'HD' then
            writeAll()
            if redis.call('HDEL', key, field) == 1 then tell(i, key, redis.call('EXISTS', key) == 1 and 1 or 2) end
          end
        end
        writeAll()

        local last = tonumber(redis.call('INCRBY', sequence, #entries))
        local number = last - #entries
        for _, entry in ipairs(entries) do
          number = number + 1
          local line = {'{{RedisSchema.LedgerSequenceMember}}', string.format('%.0f', number)}
          local function add(member, value) line[#line + 1] = member line[#line + 1] = value end
          local op, key = ARGV[entry[1]], ARGV[entry[1] + 1]
          local ofHash, single = string.sub(op, 1, 1) == 'H', not whole[key]
          if #entry > 1 and not ofHash then
            for _, i in ipairs(entry) do add('{{RedisSchema.LedgerKeysMember}}', ARGV[i + 1]) end
          else
            add('{{RedisSchema.LedgerKeyMember}}', key)
            add('{{RedisSchema.LedgerEventsMember}}', entry.events)
            if #entry > 1 then
              for _, i in ipairs(entry) do add('{{RedisSchema.LedgerFieldsMember}}', ARGV[i + 2]) end
            elseif single and ofHash then
              add('{{RedisSchema.LedgerFieldMember}}', ARGV[entry[1] + 2])
            end
            if single and (op == 'HD' or op == 'D') then add('{{RedisSchema.LedgerDeletionMember}}', '1') end
          end
          redis.call('XADD', ledger, '*', unpack(line))
        end
        if #entries > 0 then redis.call('XTRIM', ledger, 'MAXLEN', '~', {{RedisSchema.LedgerLength}}) end
        return {'written', string.format('%.0f', last), unpack(mended)}
        """.Replace("\r\n", "\n", StringComparison.Ordinal);

    /// <summary>Fence first, then four for each operation.</summary>
    internal static RedisValue[] Arguments(IReadOnlyList<LedgerWrite> writes, long fence)
    {
        var arguments = new List<RedisValue>(1 + (writes.Count * ArgumentsPerWrite)) { fence };
        for (var i = 0; i < writes.Count; i += Steps(writes, i))
        {
            var (operation, key, field, value) = Parts(writes, i);
            arguments.AddRange([operation, key, field ?? "", value ?? ""]);
        }

        return [.. arguments];
    }

    /// <summary>What the script answered to these steps.</summary>
    internal static WriteOutcome Outcome(RedisResult[] answer, IReadOnlyList<LedgerWrite> writes) => (string?)answer[0] switch
    {
        "written" => new WriteOutcome.Written((long)answer[1]) { Mended = new(answer[2..].Select(line => (string)line!)) },
        "fenced" => new WriteOutcome.Fenced((long)answer[1]),
        "conflict" => new WriteOutcome.Conflict(StepOf(writes, (int)answer[1])),
        var other => throw new InvalidOperationException($"The ledger script answered {other}."),
    };

    private static int StepOf(IReadOnlyList<LedgerWrite> writes, int operation)
    {
        var step = 0;
        for (; operation > 0; operation--) step += Steps(writes, step);
        return step;
    }

    // Two steps are one operation when the second sets what the first expects not to be there.
    private static int Steps(IReadOnlyList<LedgerWrite> writes, int at) => at + 1 < writes.Count && (writes[at], writes[at + 1]) switch
    {
        (LedgerWrite.Expect { Value: null, Field: { } field } nothing, LedgerWrite.SetField set) => set.Key == nothing.Key && set.Field == field,
        (LedgerWrite.Expect { Value: null, Field: null } nothing, LedgerWrite.SetString set) => set.Key == nothing.Key,
        _ => false,
    } ? 2 : 1;

    private static (string Operation, string Key, string? Field, string? Value) Parts(IReadOnlyList<LedgerWrite> writes, int at)
    {
        if (Steps(writes, at) == 1) return Parts(writes[at]);
        var (operation, key, field, value) = Parts(writes[at + 1]);
        return (operation == "HS" ? "HN" : "SN", key, field, value);
    }

    private static (string Operation, string Key, string? Field, string? Value) Parts(LedgerWrite write) => write switch
    {
        LedgerWrite.SetField set => ("HS", set.Key, set.Field, set.Value),
        LedgerWrite.DeleteField delete => ("HD", delete.Key, delete.Field, null),
        LedgerWrite.SetString set => ("S", set.Key, null, set.Value),
        LedgerWrite.DeleteKey delete => ("D", delete.Key, null, null),
        LedgerWrite.Expect { Field: null } expect => (expect.Value is null ? "K!" : "K=", expect.Key, null, expect.Value),
        LedgerWrite.Expect expect => (expect.Value is null ? "F!" : "F=", expect.Key, expect.Field, expect.Value),
        _ => throw new InvalidOperationException($"Unknown step {write.GetType().Name}."),
    };
}

using System.Collections.Concurrent;
using Gateway.Model;
using StackExchange.Redis;

namespace Gateway.Store.Connecting;

/// <summary>Writes to a key of its own, once in each way that matters, and listens which events come.</summary>
internal sealed class EventsTrial(RedisSession session, RedisEndpoint endpoint, TimeProvider time)
{
    // Events arrive with the answers; half a second forgives a slow network once per connection.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private static readonly string[] Expected = ["hset", "set", "xadd", "del"];

    // One script, so that two gateways that try at once do not see half of each other's writes as their own.
    private const string Script = """
        redis.call('DEL', KEYS[1])
        redis.call('HSET', KEYS[1], 'f', 'v') redis.call('DEL', KEYS[1])
        redis.call('SET', KEYS[1], 'v') redis.call('DEL', KEYS[1])
        redis.call('XADD', KEYS[1], '*', 'f', 'v') redis.call('DEL', KEYS[1])
        """;

    /// <summary>Null when every event came; otherwise what is missing.</summary>
    internal async Task<string?> RunAsync(CancellationToken stop)
    {
        var channel = new RedisChannel(KeyspaceChannel.Of(endpoint.Database, RedisSchema.EventsTrialKey), RedisChannel.PatternMode.Literal);
        var heard = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await session.SubscribeAsync(channel, Hear).WaitAsync(Patience, time, stop);
        try
        {
            await session.Commands.ScriptEvaluateAsync(Script, [RedisSchema.EventsTrialKey], null, CommandFlags.NoScriptCache).WaitAsync(Patience, time, stop);
            await all.Task.WaitAsync(Patience, time, stop);
            return null;
        }
        catch (TimeoutException)
        {
            return $"no keyspace events of {string.Join(", ", Expected.Where(name => !heard.ContainsKey(name)))} arrive";
        }
        catch (RedisServerException e) when (!RedisFaults.IsNotReadable(e))
        {
            return $"nobody can tell whether keyspace events arrive ({RedisFaults.Describe(e)})";
        }
        finally
        {
            await session.UnsubscribeAsync(channel).WaitAsync(Patience, time, stop);
        }

        void Hear(RedisChannel _, RedisValue name)
        {
            heard[name.ToString()] = true;
            if (Expected.All(heard.ContainsKey)) all.TrySetResult();
        }
    }
}

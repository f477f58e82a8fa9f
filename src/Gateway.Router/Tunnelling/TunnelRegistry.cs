using Gateway.Model;
using Gateway.Store;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// Says in Redis which tunnels this node holds, for other nodes and tools. Nothing waits for it: while Redis is away it falls behind,
/// and what it said runs out by itself.
/// </summary>
internal sealed class TunnelRegistry(RedisConnection redis, string node, Tunnels tunnels, TimeProvider time, ILogger log)
{
    /// <summary>How soon a change is told.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>How often what has not changed is said again, a third of its life.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Life = TimeSpan.FromSeconds(60);

    /// <summary>How long the last words at a stop may take.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    /// <summary>Commands under way at once: enough to hide the round trip, few enough not to hold Redis up.</summary>
    private const int Batch = 500;

    // KEYS[1] the holding; ARGV: our fence, the value (empty: delete), its life in milliseconds. A word with a lower fence is that of a
    // process which was replaced while it slept, and changes nothing.
    private const string Say = """
        local held = redis.call('GET', KEYS[1])
        if held and tonumber(cjson.decode(held).fence) > tonumber(ARGV[1]) then return 0 end
        if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
        return 1
        """;

    private readonly Dictionary<string, Said> _said = [];
    private long? _fence;
    private string _fault = "";

    /// <summary>Keeps Redis informed until told to stop, then takes back what it said.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            // A node that has just started is not connected yet, which is no news.
            if (_fence is not null || redis.IsConnected) await TryAsync(() => TellAsync(tunnels.Sessions, stop), stop);
            await Task.Delay(Every, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_fence is null) return;
        using var last = new CancellationTokenSource(Farewell, time);
        await TryAsync(() => TellAsync([], last.Token), last.Token);
    }

    private async Task TellAsync(IEnumerable<TunnelSession> sessions, CancellationToken stop)
    {
        _fence ??= await redis.Commands.StringIncrementAsync(RedisSchema.TunnelFenceKey).WaitAsync(stop);
        var now = sessions.GroupBy(session => RedisSchema.TunnelId(session.Secret)).ToDictionary(tunnel => RedisSchema.TunnelKey(tunnel.Key, node), tunnel => Encode([.. tunnel]));
        var due = now.Where(it => !_said.TryGetValue(it.Key, out var said) || said.Value != it.Value || time.GetElapsedTime(said.At) >= Renewal).Select(it => (it.Key, it.Value));
        var gone = _said.Keys.Where(key => !now.ContainsKey(key)).Select(key => (Key: key, Value: ""));
        foreach (var batch in due.Concat(gone).ToArray().Chunk(Batch)) await Task.WhenAll(batch.Select(it => SayAsync(it.Key, it.Value, stop)));
    }

    private string Encode(IReadOnlyList<TunnelSession> sessions) => RedisSchema.EncodeTunnel(new TunnelHolding(
        node, _fence!.Value,
        [.. sessions.OrderBy(session => session.Id).Select(session => new HeldSession(session.Id, session.Remote?.ToString() ?? "", session.Name, session.Protocol, session.Since))]));

    private async Task SayAsync(string key, string value, CancellationToken stop)
    {
        await redis.Commands
            .ScriptEvaluateAsync(Say, [key], [_fence!.Value, value, (long)Life.TotalMilliseconds], CommandFlags.NoScriptCache)
            .WaitAsync(stop);
        lock (_said)
        {
            if (value.Length == 0) _said.Remove(key);
            else _said[key] = new Said(value, time.GetTimestamp());
        }
    }

    private async Task TryAsync(Func<Task> tell, CancellationToken stop)
    {
        try
        {
            await tell();
            _fault = "";
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            var fault = RedisFaults.Describe(e);
            if (fault != _fault) RouterLog.RegistryBehind(log, fault);
            _fault = fault;
            // What Redis has is not known any more: everything is said again.
            lock (_said)
                foreach (var (key, said) in _said.ToArray()) _said[key] = said with { Value = "" };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What is not said runs out by itself.
        }
    }

    private sealed record Said(string Value, long At);
}

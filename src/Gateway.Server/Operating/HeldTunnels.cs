using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Model;
using Gateway.Store;
using StackExchange.Redis;

namespace Gateway.Server.Operating;

/// <summary>
/// Which node holds which tunnel: this process's own from memory, those of other nodes from what they said in Redis. While Redis is
/// away or slow, only this process's own, and why. Nothing here tells a secret.
/// </summary>
/// <param name="redis">Where nodes say what they hold.</param>
/// <param name="view">Finds the keys.</param>
/// <param name="parts">This process's tunnels, and the hosts whose visitors a tunnel takes.</param>
/// <param name="node">This node's identity; empty: it has none, and holds no tunnel.</param>
/// <param name="time">Clock.</param>
internal sealed class HeldTunnels(RedisConnection redis, LedgerView view, NodeParts parts, string node, TimeProvider time) : IDisposable
{
    /* A page that an operator can still read. */
    private const int Most = 500;

    /* Longer than any name or identity that a node of ours says. */
    private const int LongestText = 200;

    /* A page that does not wait for a Redis that is slow. */
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /* However often the page is asked for, Redis is asked once in that time. */
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1);
    private Look? _last;

    /// <summary>The tunnels, and what is to be said about the list.</summary>
    public async Task<JsonObject> DescribeAsync(CancellationToken stop)
    {
        var (others, note, _) = await LookAsync(stop);
        var own = parts.Tunnels.Select(tunnel => new Line(tunnel.Tunnel, node, new HeldSession(tunnel.Session, tunnel.Client, tunnel.Name, tunnel.Protocol, tunnel.Since), null)).ToArray();
        var here = own.Select(line => (line.Tunnel, line.Session.Id)).ToHashSet();
        // What Redis has of this node's own sessions is known better here.
        Line[] all = [.. own, .. others.Where(line => line.Node != node || !here.Contains((line.Tunnel, line.Session.Id)))];
        var shown = all.Take(Most).ToArray();
        var hosts = parts.HostsOf(shown.Select(line => line.Tunnel).ToHashSet(StringComparer.Ordinal));
        if (all.Length > Most) note = $"Only {Most} are shown.";
        return new JsonObject { ["tunnels"] = new JsonArray([.. shown.Select(line => Describe(line, hosts[line.Tunnel]))]), ["note"] = note };
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async Task<Look> LookAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            if (_last is null || time.GetElapsedTime(_last.At) >= Fresh) _last = await AskAsync(stop);
            return _last;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<Look> AskAsync(CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return new Look(await ReadAsync(either.Token), "", time.GetTimestamp());
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            return Nothing(RedisFaults.Describe(e));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return Nothing($"it did not tell them within {Deadline.TotalSeconds:0} s");
        }
    }

    private Look Nothing(string fault) => new([], $"Only this process's own are shown. Redis: {fault}", time.GetTimestamp());

    private async Task<IReadOnlyList<Line>> ReadAsync(CancellationToken stop)
    {
        // One more than is shown, so that it is known when there are more.
        string[] keys = [.. (await view.KeysAsync(RedisSchema.TunnelPrefix + "*", Most + 1, stop)).Order(StringComparer.Ordinal)];
        var commands = redis.Commands;
        var values = commands.StringGetAsync([.. keys.Select(key => (RedisKey)key)]);
        var lives = Task.WhenAll(keys.Select(key => commands.ExecuteAsync("PTTL", key)));
        await Task.WhenAll(values, lives).WaitAsync(stop);
        var (said, left, now) = (await values, await lives, time.GetUtcNow());
        return [.. keys.Select((key, i) => Read(key, said[i], (long)left[i], now)).SelectMany(lines => lines)];
    }

    private static IEnumerable<Line> Read(string key, RedisValue value, long life, DateTimeOffset now)
    {
        // Below zero: it ran out since its value was read, or no node of ours wrote it.
        if (life < 0 || !RedisSchema.TryReadTunnelKey(key, out var tunnel, out var holder) || !RedisSchema.TryDecodeTunnel(Encoding.UTF8.GetBytes(value.ToString()), out var holding)) return [];
        return holding.Sessions.Select(session => new Line(tunnel, holder, session, now + TimeSpan.FromMilliseconds(life)));
    }

    // Whoever can write to Redis may have written anything.
    private static JsonObject Describe(Line line, IEnumerable<DomainName> hosts) => new()
    {
        ["tunnel"] = Plain(line.Tunnel),
        ["hosts"] = new JsonArray([.. hosts.Order().Select(host => (JsonNode)host.ToString())]),
        ["node"] = Plain(line.Node),
        ["here"] = line.Until is null,
        ["session"] = line.Session.Id,
        ["client"] = Plain(line.Session.Client),
        ["name"] = Plain(line.Session.Name),
        ["protocol"] = Plain(line.Session.Protocol),
        ["since"] = line.Session.Since > DateTimeOffset.UnixEpoch ? Moment(line.Session.Since) : null,
        ["until"] = line.Until is { } until ? Moment(until) : null,
    };

    private static string Plain(string text) => PeerText.OneLine(text, LongestText);

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    /// <param name="Tunnel">Stands for the secret.</param>
    /// <param name="Node">Who holds it.</param>
    /// <param name="Session">The client.</param>
    /// <param name="Until">When the word about it runs out; null: it is connected here.</param>
    private sealed record Line(string Tunnel, string Node, HeldSession Session, DateTimeOffset? Until);

    private sealed record Look(IReadOnlyList<Line> Others, string Note, long At);
}

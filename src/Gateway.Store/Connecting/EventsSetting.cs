using StackExchange.Redis;

namespace Gateway.Store.Connecting;

/// <summary>
/// Sees to it that Redis sends keyspace events (Redis documentation, "Redis keyspace notifications"): reads the setting,
/// switches it on where that is allowed, and where the setting is hidden listens whether events do come.
/// </summary>
internal sealed class EventsSetting(RedisSession session, RedisEndpoint endpoint, TimeProvider time)
{
    private const string Setting = "notify-keyspace-events";

    // K: events named by key. A: every class of them, since readers may follow keys of any type.
    private const string Wanted = "KA";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    private string Cure =>
        $"set '{Setting} KEA' in redis.conf, or run: redis-cli -h {endpoint.Host} -p {endpoint.Port} CONFIG SET {Setting} KEA";

    /// <summary>True when they were off at the last look.</summary>
    internal bool WereOff { get; private set; }

    /// <summary>Null when events come; otherwise one line that says what the operator has to set.</summary>
    internal async Task<string?> EnsureAsync(CancellationToken stop)
    {
        if (await DeafnessAsync(stop) is { } deaf) return deaf;
        try
        {
            var answer = (RedisResult[]?)await AskAsync(["GET", Setting], stop);
            var flags = answer is { Length: 2 } ? (string?)answer[1] ?? "" : "";
            WereOff = !IsEnough(flags);
            return WereOff ? await SwitchOnAsync(flags, stop) : null;
        }
        catch (RedisServerException e) when (RedisFaults.IsForbidden(e))
        {
            return await new EventsTrial(session, endpoint, time).RunAsync(stop) is { } missing
                ? $"{missing}, and this user may not look at the setting; {Cure}"
                : null;
        }
    }

    /// <summary>Whether these flags, in the spelling of CONFIG GET, let every event through.</summary>
    internal static bool IsEnough(string flags) => Wanted.All(flags.Contains);

    private async Task<string?> SwitchOnAsync(string flags, CancellationToken stop)
    {
        try
        {
            // What others rely on stays on.
            await AskAsync(["SET", Setting, flags + Wanted], stop);
            return null;
        }
        catch (RedisServerException e) when (!RedisFaults.IsNotReadable(e))
        {
            return $"'{Setting}' is '{flags}' and this user may not change it; {Cure}";
        }
    }

    // Since Redis 6 a user needs leave for each channel. Asked in plain words: the library hides a refused subscription.
    private async Task<string?> DeafnessAsync(CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        var answer = await RedisCall.AskAsync(endpoint, either.Token, "PSUBSCRIBE", KeyspaceChannel.Of(endpoint.Database, "*"));
        return answer?.StartsWith("-NOPERM", StringComparison.Ordinal) is true
            ? $"this user may not hear them: redis-cli -h {endpoint.Host} -p {endpoint.Port} ACL SETUSER {endpoint.User ?? "default"} +psubscribe &{KeyspaceChannel.Of(endpoint.Database, "*")}"
            : null;
    }

    private Task<RedisResult> AskAsync(object[] arguments, CancellationToken stop) =>
        session.Commands.ExecuteAsync("CONFIG", arguments).WaitAsync(Deadline, time, stop);
}

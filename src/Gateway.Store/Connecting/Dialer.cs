using StackExchange.Redis;

namespace Gateway.Store.Connecting;

/// <summary>Makes one attempt to connect, log in, and find out whether keyspace events are on.</summary>
internal sealed class Dialer(RedisEndpoint endpoint, TimeProvider time)
{
    // Long enough for a packet lost on the way, short enough to try the server that just came back.
    private const int ConnectMilliseconds = 2000;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(5);

    // Only synchronous commands know it; ours are asynchronous and end with the session.
    private const int SyncMilliseconds = 2000;

    /// <summary>A session, or the reason in one line why there is none.</summary>
    internal async Task<(RedisSession? Session, string Fault)> DialAsync(CancellationToken stop)
    {
        RedisSession? session = null;
        try
        {
            if (await KnockAsync(stop) is { } fault) return (null, fault);
            session = await ConnectAsync(stop);
            await WaitForEventsAsync(session, stop);
            session.EventsFault = await new EventsSetting(session, endpoint, time).EnsureAsync(stop);
            return (session, "");
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            await EndAsync(session);
            return (null, RedisFaults.Describe(e));
        }
        catch (OperationCanceledException)
        {
            await EndAsync(session);
            return (null, stop.IsCancellationRequested ? "stopped" : "it did not answer in time");
        }
    }

    /// <summary>Looks at the setting of a session that stands: what is missing, and whether events were off.</summary>
    internal async Task<(string? Fault, bool WereOff)> LookAtEventsAsync(RedisSession session, CancellationToken stop)
    {
        var setting = new EventsSetting(session, endpoint, time);
        return (await setting.EnsureAsync(stop), setting.WereOff);
    }

    // The plain answer names the reason, and costs nothing when nobody is there; the library does neither.
    private async Task<string?> KnockAsync(CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(ConnectMilliseconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return RedisFaults.DescribePing(await RedisCall.AskAsync(endpoint, either.Token, "PING"));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return $"no answer for {ConnectMilliseconds} ms";
        }
    }

    private static ValueTask EndAsync(RedisSession? session) => session?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<RedisSession> ConnectAsync(CancellationToken stop)
    {
        var door = endpoint.User is null ? null : UserDoor.Open(endpoint, time);
        try
        {
            ResultPool.Remove();
            var multiplexer = await ConnectionMultiplexer.ConnectAsync(Options(door));
            // Ordered completion runs our continuations on the one thread that reads answers; a slow one would stall them all.
            multiplexer.PreserveAsyncOrder = false;
            stop.ThrowIfCancellationRequested();
            return new RedisSession(multiplexer, door, endpoint, time);
        }
        catch
        {
            if (door is not null) await door.DisposeAsync();
            throw;
        }
    }

    // The library says that it is connected when the first of its two connections is. Until the one for events stands as well, what is
    // sent by it fails, and the session would be given up as soon as it was there.
    private async Task WaitForEventsAsync(RedisSession session, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(ConnectMilliseconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        while (!await IsListeningAsync(session, either.Token)) await Task.Delay(Moment, time, either.Token);
    }

    private static async Task<bool> IsListeningAsync(RedisSession session, CancellationToken stop)
    {
        try
        {
            await session.Subscriber.PingAsync().WaitAsync(stop);
            return true;
        }
        catch (RedisConnectionException) when (!session.IsLost)
        {
            return false;
        }
    }

    private ConfigurationOptions Options(UserDoor? door)
    {
        var options = new ConfigurationOptions
        {
            AbortOnConnectFail = true,
            ConnectRetry = 1,
            ConnectTimeout = ConnectMilliseconds,
            SyncTimeout = SyncMilliseconds,
            ClientName = "gateway",
            DefaultDatabase = endpoint.Database,
            // Neither a tie-breaker key nor a configuration channel: there is one server, and it may forbid both.
            TieBreaker = "",
            ConfigurationChannel = "",
            Password = door is null ? endpoint.Password.Reveal() : door.Token,
        };
        options.EndPoints.Add(door is null ? endpoint.Host : "127.0.0.1", door?.Port ?? endpoint.Port);
        return options;
    }
}

using System.Diagnostics.CodeAnalysis;
using Gateway.Store.Connecting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Gateway.Store;

/// <summary>
/// The way to one Redis. It opens at once, whether or not anybody answers, and dials for ever in the background: a lost
/// connection fails what was under way, and the next one stands within about a quarter of a second after the server is back.
/// </summary>
/// <remarks>
/// The client library's own reconnection is not used: it has no deadline for asynchronous commands, so a silent server would
/// keep callers waiting. Here each connection is one <see cref="RedisSession"/>, watched by pings, thrown away when it fails.
/// </remarks>
public sealed partial class RedisConnection : IAsyncDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan EventsBeat = TimeSpan.FromSeconds(5);

    private readonly Dialer _dialer;
    private readonly TimeProvider _time;
    private readonly ILogger<RedisConnection> _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task _dialing;
    private TaskCompletionSource<RedisSession> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RedisSession? _session;

    private RedisConnection(RedisEndpoint endpoint, TimeProvider time, ILoggerFactory logs)
    {
        Endpoint = endpoint;
        _time = time;
        _log = logs.CreateLogger<RedisConnection>();
        _dialer = new Dialer(endpoint, time);
        Closed = _stop.Token;
        _dialing = Task.Run(() => DialForEverAsync(_stop.Token), CancellationToken.None);
    }

    /// <summary>Raised after each connection and reconnection, from the thread pool. Handlers are quick and do not throw.</summary>
    public event Action? Connected;

    /// <summary>Where this connection leads.</summary>
    public RedisEndpoint Endpoint { get; }

    /// <summary>True while Redis answers.</summary>
    public bool IsConnected => Volatile.Read(ref _session) is { IsLost: false };

    /// <summary>Why Redis is not connected at the moment, in one line; null while it is.</summary>
    public string? Fault { get; private set; } = "not connected yet";

    /// <summary>What the operator has to set so that keyspace events arrive, in one line; null when they do, or when nobody answered yet.</summary>
    public string? EventsFault { get; private set; }

    /// <summary>Why Redis is too slow at the moment, in one line; null while it is not.</summary>
    public string? Slowness => Volatile.Read(ref _session)?.Slowness;

    /// <summary>What was last wrong, whether or not it still is; null when nothing was.</summary>
    public RedisTrouble? LastTrouble { get; private set; }

    /// <summary>The database to send commands to. Read it for each piece of work: after a reconnection it is another.</summary>
    /// <exception cref="RedisAwayException">Redis is not connected; nobody waits for a dead Redis.</exception>
    public RedisCommands Commands => Session.Commands;

    /// <summary>The same with every command of the client library, for tests that play somebody else.</summary>
    /// <exception cref="RedisAwayException">Redis is not connected.</exception>
    internal IDatabase Database => Session.Database;

    /// <summary>The publish and subscribe side of the same connection. Subscriptions end with the connection: see <see cref="Connected"/>.</summary>
    /// <exception cref="RedisAwayException">Redis is not connected.</exception>
    public ISubscriber Subscriber => Session.Subscriber;

    /// <summary>Fires when the connection is disposed of.</summary>
    internal CancellationToken Closed { get; }

    private RedisSession Session => Volatile.Read(ref _session) is { IsLost: false } session
        ? session
        : throw new RedisAwayException($"Redis at {Endpoint} is not connected: {Fault}");

    /// <summary>Starts to connect and returns at once.</summary>
    public static RedisConnection Open(RedisEndpoint endpoint, TimeProvider time, ILoggerFactory logs) => new(endpoint, time, logs);

    /// <summary>Ends when Redis is connected, which may be never: give a deadline with <paramref name="stop"/>.</summary>
    public Task WaitConnectedAsync(CancellationToken stop) => SessionAsync(stop);

    /// <summary>Closes the connection; commands under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _dialing;
        _stop.Dispose();
    }

    /// <summary>The session that stands now, or the next one; never one that is lost already.</summary>
    internal async Task<RedisSession> SessionAsync(CancellationToken stop)
    {
        Task<RedisSession> next;
        lock (_lock)
        {
            if (_session is { IsLost: false } session) return session;
            next = _next.Task;
        }

        return await next.WaitAsync(stop);
    }

    private async Task DialForEverAsync(CancellationToken stop)
    {
        var delay = FirstDelay;
        while (!stop.IsCancellationRequested)
        {
            if (await DialOnceAsync(stop)) delay = FirstDelay;
            // A knock at a closed port costs next to nothing; a server that is back is missed at once.
            await Task.Delay(delay, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }

        _next.TrySetCanceled(stop);
    }

    /// <returns>True when there was a session; it is over.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever the client library throws, the next attempt is the answer: a gateway that stopped dialling would never recover.")]
    private async Task<bool> DialOnceAsync(CancellationToken stop)
    {
        try
        {
            var (session, fault) = await _dialer.DialAsync(stop);
            if (session is not null) await ServeAsync(session, stop);
            else if (!stop.IsCancellationRequested) Missing(fault);
            return session is not null;
        }
        catch (Exception e)
        {
            Missing($"{e.GetType().Name}: {e.Message}");
            return false;
        }
    }

    private async Task ServeAsync(RedisSession session, CancellationToken stop)
    {
        await using (session)
        {
            Publish(session);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, session.Lost);
            session.Slowed += () => Slow(session.Slowness);
            var events = WatchEventsAsync(session, end.Token);
            var fault = await session.WatchAsync(stop);
            await end.CancelAsync();
            await events.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Withdraw();
            if (!stop.IsCancellationRequested) Missing(fault);
        }
    }

    // Somebody may switch them off while we are connected (CONFIG SET, CONFIG REWRITE, a tool of the operator's).
    private async Task WatchEventsAsync(RedisSession session, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(EventsBeat, _time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                var (fault, wereOff) = await _dialer.LookAtEventsAsync(session, stop);
                if (wereOff) Lapsed(session);
                if (fault is not null && fault != session.EventsFault) EventsMissing(Endpoint, fault);
                else if (wereOff && fault is null) EventsBack(Endpoint);
                session.EventsFault = EventsFault = fault;
            }
            catch (Exception e) when (RedisFaults.IsRedis(e))
            {
                // The session's own pings decide about it.
            }
        }
    }

    private void Lapsed(RedisSession session)
    {
        session.EventsLapses++;
        StoreMetrics.EventsWereOff();
        Note("its keyspace events were switched off");
    }

    private void Slow(string? slowness)
    {
        if (slowness is null)
        {
            Quick(Endpoint);
            return;
        }

        Note(slowness);
        AnswersLate(Endpoint, slowness);
    }

    private void Note(string trouble) => LastTrouble = new RedisTrouble(_time.GetUtcNow(), trouble);

    private void Publish(RedisSession session)
    {
        TaskCompletionSource<RedisSession> waiting;
        lock (_lock)
        {
            Fault = null;
            EventsFault = session.EventsFault;
            Volatile.Write(ref _session, session);
            // Whoever asks between the loss of this session and its withdrawal waits for the one after it.
            (waiting, _next) = (_next, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        StoreMetrics.ConnectionOpened();
        ConnectedTo(Endpoint);
        if (session.EventsFault is { } events) EventsMissing(Endpoint, events);
        waiting.TrySetResult(session);
        // Elsewhere, so that nothing a handler does keeps the session from being watched.
        if (Connected is { } connected) _ = Task.Run(connected, CancellationToken.None);
    }

    private void Withdraw()
    {
        StoreMetrics.ConnectionLost(isOurEnd: _stop.IsCancellationRequested);
        Volatile.Write(ref _session, null);
    }

    // One line for each new reason, not one for each attempt.
    private void Missing(string fault)
    {
        if (Fault == fault) return;
        Fault = fault;
        Note($"it was away ({fault})");
        NotConnected(Endpoint, fault);
    }

    [LoggerMessage(1001, LogLevel.Information, "Redis at {Endpoint} is connected")]
    private partial void ConnectedTo(RedisEndpoint endpoint);

    [LoggerMessage(1002, LogLevel.Warning, "Redis at {Endpoint} is not connected: {Fault}; trying again in the background")]
    private partial void NotConnected(RedisEndpoint endpoint, string fault);

    [LoggerMessage(1005, LogLevel.Warning, "Redis at {Endpoint}: {Slowness}; new reservations and changes take as much longer")]
    private partial void AnswersLate(RedisEndpoint endpoint, string slowness);

    [LoggerMessage(1006, LogLevel.Information, "Redis at {Endpoint} answers in time again")]
    private partial void Quick(RedisEndpoint endpoint);

    [LoggerMessage(1003, LogLevel.Error, "Redis at {Endpoint} sends no keyspace events, so changes by others are seen late: {Fault}")]
    private partial void EventsMissing(RedisEndpoint endpoint, string fault);

    [LoggerMessage(1004, LogLevel.Warning, "Redis at {Endpoint} had its keyspace events switched off; they are on again, and everything is compared. Find out who switches them off")]
    private partial void EventsBack(RedisEndpoint endpoint);
}

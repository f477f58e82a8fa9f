using StackExchange.Redis;

namespace Gateway.Store.Connecting;

/// <summary>One connection from its login to its loss; never revived.</summary>
internal sealed class RedisSession : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    // The subscription carries no bulk, so an answer later than this means a dead peer or a Redis that serves nobody.
    private static readonly TimeSpan SubscriptionDeadline = TimeSpan.FromSeconds(3);

    // Pings of the command connection queue behind answers as large as a zone of a million names.
    private static readonly TimeSpan CommandDeadline = TimeSpan.FromSeconds(30);

    // A Redis nearby answers within a millisecond; a reservation takes some five questions one after the other.
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(100);

    /* One late answer is a pause of somebody's; three seconds of them are a state. */
    private const int LateInARow = 3;

    private readonly ConnectionMultiplexer _multiplexer;
    private readonly IAsyncDisposable? _door;
    private readonly TimeProvider _time;
    // Never disposed: it holds no timer, and callbacks may still be running when the session ends.
    private readonly CancellationTokenSource _lost = new();
    private int _late;
    private readonly Lock _closing = new();
    private bool _isClosed;
    private readonly TaskCompletionSource<string> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes over a connected multiplexer, and the <paramref name="door"/> that it came through, if any.</summary>
    internal RedisSession(ConnectionMultiplexer multiplexer, IAsyncDisposable? door, RedisEndpoint endpoint, TimeProvider time)
    {
        _multiplexer = multiplexer;
        _door = door;
        _time = time;
        Lost = _lost.Token;
        Database = multiplexer.GetDatabase(endpoint.Database);
        Commands = new RedisCommands(Database);
        Subscriber = multiplexer.GetSubscriber();
        multiplexer.ConnectionFailed += (_, failed) => Lose($"the connection broke ({failed.FailureType})");
        if (!multiplexer.IsConnected) Lose("the connection broke at once");
    }

    /// <summary>Raised when <see cref="Slowness"/> came or went.</summary>
    internal event Action? Slowed;

    /// <summary>See <see cref="RedisConnection.Slowness"/>.</summary>
    internal string? Slowness { get; private set; }

    /// <summary>The library's own commands. Their typed answers cannot be told from none: see <see cref="RedisCommands"/>.</summary>
    internal IDatabase Database { get; }

    internal RedisCommands Commands { get; }

    internal ISubscriber Subscriber { get; }

    /// <summary>Fires when the session is over.</summary>
    internal CancellationToken Lost { get; }

    internal bool IsLost => Lost.IsCancellationRequested;

    /// <summary>See <see cref="RedisConnection.EventsFault"/>.</summary>
    internal string? EventsFault { get; set; }

    /// <summary>How many times keyspace events were found switched off since the beginning: changes by others were missed each time.</summary>
    internal int EventsLapses { get; set; }

    /// <summary>Subscribes; <paramref name="hear"/> is called for each message.</summary>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>.</exception>
    internal Task SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> hear) => WhileOpen(() => Subscriber.SubscribeAsync(channel, hear));

    /// <summary>Ends a subscription and everybody's who has the same one.</summary>
    /// <exception cref="Exception">See <see cref="RedisFaults.IsRedis"/>.</exception>
    internal Task UnsubscribeAsync(RedisChannel channel) => WhileOpen(() => Subscriber.UnsubscribeAsync(channel));

    /// <summary>Ends when the session is lost, with the reason, or when it is time to stop.</summary>
    internal async Task<string> WatchAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, Lost);
        await Task.WhenAll(
            BeatAsync("events", () => Subscriber.PingAsync(), SubscriptionDeadline, NoteDelay, either.Token),
            BeatAsync("commands", () => Database.PingAsync(), CommandDeadline, static _ => { }, either.Token));
        Lose("stopped");
        return await _fault.Task;
    }

    /// <summary>Closes the connection without waiting for commands under way: they fail.</summary>
    public async ValueTask DisposeAsync()
    {
        Lose("closed");
        lock (_closing) _isClosed = true;
        _multiplexer.Close(allowCommandsToComplete: false);
        _multiplexer.Dispose();
        if (_door is not null) await _door.DisposeAsync();
    }

    // To a subscription the library answers with a null reference when it is closed, also in the middle of the call.
    private Task WhileOpen(Func<Task> call)
    {
        lock (_closing) return _isClosed ? Task.FromException(new RedisAwayException("the connection is closed")) : call();
    }

    private void NoteDelay(TimeSpan took)
    {
        _late = took > Late ? _late + 1 : 0;
        if (_late == LateInARow)
        {
            Slowness = $"it answers after {took.TotalMilliseconds:0} ms only";
            Slowed?.Invoke();
        }
        else if (_late == 0 && Slowness is not null)
        {
            Slowness = null;
            Slowed?.Invoke();
        }
    }

    private async Task BeatAsync(string connection, Func<Task> ping, TimeSpan deadline, Action<TimeSpan> took, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var began = _time.GetTimestamp();
                await ping().WaitAsync(deadline, _time, stop);
                var delay = _time.GetElapsedTime(began);
                StoreMetrics.Answered(connection, delay);
                took(delay);
                await Task.Delay(Beat, _time, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped, or lost for a reason that somebody else has told.
        }
        catch (TimeoutException)
        {
            Lose($"no answer for {deadline.TotalSeconds:0} s");
        }
        catch (Exception e) when (RedisFaults.IsRedis(e))
        {
            Lose(RedisFaults.Describe(e));
        }
    }

    private void Lose(string fault)
    {
        if (!_fault.TrySetResult(fault)) return;
        // Callbacks of this token are other people's code: they must not run on the client library's reading thread.
        _ = _lost.CancelAsync();
    }
}

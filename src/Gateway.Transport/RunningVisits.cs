namespace Gateway.Transport;

/// <summary>The visits behind one listener: how many may run at once, and how they end. Each runs in a task that this owns.</summary>
internal sealed class RunningVisits(int limit) : IDisposable
{
    private readonly SemaphoreSlim _permits = new(limit, limit);
    private readonly CancellationTokenSource _cut = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private volatile bool _stopping;

    /// <summary>Told of an exception that a visit let escape: a defect.</summary>
    public Action<Exception>? OnFault { get; init; }

    /// <summary>Told when a visit has given its permit back.</summary>
    public Action? OnRoom { get; init; }

    /// <summary>How many run now.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Waits for a permit.</summary>
    public Task EnterAsync(CancellationToken stop) => _permits.WaitAsync(stop);

    /// <summary>Takes a permit if there is one.</summary>
    public bool TryEnter() => _permits.Wait(0, CancellationToken.None);

    /// <summary>Gives a permit back that no visit used.</summary>
    public void Leave() => _permits.Release();

    /// <summary>Counts a visit that is about to run.</summary>
    public void Begin() => Interlocked.Increment(ref _running);

    /// <summary>Runs a visit that was counted, closes its connection, and gives its permit back. Never throws.</summary>
    public async Task RunAsync<T>(T visitor, Func<T, CancellationToken, Task> visit, Action<T> close)
    {
        try
        {
            await visit(visitor, _cut.Token);
        }
        catch (OperationCanceledException) when (_cut.IsCancellationRequested)
        {
            // Cut at the end of the drain.
        }
#pragma warning disable CA1031 // The boundary of one visit: a defect in it must not end the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            OnFault?.Invoke(e);
        }
        finally
        {
            close(visitor);
            End();
        }
    }

    /// <summary>Waits for the visits, then cuts them, and waits for a last while.</summary>
    public async Task DrainAsync(TimeSpan drain, TimeSpan patience, TimeProvider time)
    {
        _stopping = true;
        if (Running == 0 || await IsDrainedIn(drain, time)) return;
        await _cut.CancelAsync();
        await IsDrainedIn(patience, time);
    }

    /// <summary>Cuts those that still run.</summary>
    public void Dispose() => _cut.Cancel();

    private void End()
    {
        _permits.Release();
        OnRoom?.Invoke();
        if (Interlocked.Decrement(ref _running) == 0 && _stopping) _drained.TrySetResult();
    }

    private async Task<bool> IsDrainedIn(TimeSpan bound, TimeProvider time)
    {
        try
        {
            await _drained.Task.WaitAsync(bound, time, CancellationToken.None);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}

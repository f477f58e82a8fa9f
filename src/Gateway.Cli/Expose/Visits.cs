namespace Gateway.Cli.Expose;

/// <summary>The visits of one session: each is counted before it starts and taken off when it ends.</summary>
internal sealed class Visits
{
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One more than visits run, until the drain begins.
    private int _running = 1;
    private int _draining;

    /// <summary>Starts one; it owns what it needs and lets no exception out.</summary>
    public void Start(Func<Task> visit)
    {
        Interlocked.Increment(ref _running);
        _ = Task.Run(() => RunAsync(visit), CancellationToken.None);
    }

    /// <summary>As <see cref="Start"/>, and runs it here until it first waits: for one that does so soon.</summary>
    public void StartHere(Func<Task> visit)
    {
        Interlocked.Increment(ref _running);
        _ = RunAsync(visit);
    }

    /// <summary>Waits until all have ended, or the bound is over. No visit may be started after the first call.</summary>
    public async Task DrainAsync(TimeSpan bound, TimeProvider time)
    {
        if (Interlocked.Exchange(ref _draining, 1) == 0) Leave();
        try
        {
            await _drained.Task.WaitAsync(bound, time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            // The session they stand on is closed next, which ends them.
        }
    }

    private async Task RunAsync(Func<Task> visit)
    {
        try
        {
            await visit();
        }
        finally
        {
            Leave();
        }
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _running) == 0) _drained.TrySetResult();
    }
}

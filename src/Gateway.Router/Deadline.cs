namespace Gateway.Router;

/// <summary>A token that is cancelled when a time has passed or when the caller's is, and that knows which it was.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _stopping;
    private volatile bool _isStopped;

    public Deadline(TimeSpan after, TimeProvider time, CancellationToken stop)
    {
        _source = new CancellationTokenSource(after, time);
        _stopping = stop.UnsafeRegister(static deadline => ((Deadline)deadline!).Stop(), this);
    }

    /// <summary>For the awaits under the deadline.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>True when the time has passed, before the caller was stopped.</summary>
    public bool Passed => _source.IsCancellationRequested && !_isStopped;

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _source.Dispose();
    }

    private void Stop()
    {
        _isStopped = !_source.IsCancellationRequested;
        _source.Cancel();
    }
}

namespace Gateway.Router;

/// <summary>A token that is cancelled when a time has passed or when the caller's is, and that knows which it was.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;

    public Deadline(TimeSpan after, TimeProvider time, CancellationToken stop)
    {
        _timer = new CancellationTokenSource(after, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(stop, _timer.Token);
    }

    /// <summary>For the awaits under the deadline.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>True when the time has passed.</summary>
    public bool Passed => _timer.IsCancellationRequested;

    /// <inheritdoc/>
    public void Dispose()
    {
        _either.Dispose();
        _timer.Dispose();
    }
}

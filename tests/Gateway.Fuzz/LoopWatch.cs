namespace Gateway.Fuzz;

/// <summary>Ends the program when nothing moves for too long: an input that makes the target loop for ever throws nothing.</summary>
internal sealed class LoopWatch : IDisposable
{
    private readonly Timer _timer;
    private readonly TimeSpan _patience;

    public LoopWatch(string target, TimeSpan patience)
    {
        _patience = patience;
        _timer = new Timer(_ => Environment.FailFast($"{target}: an input takes longer than {patience.TotalSeconds} s; the seed finds it again"), null, patience, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Says that something moved.</summary>
    public void Progress() => _timer.Change(_patience, Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();
}

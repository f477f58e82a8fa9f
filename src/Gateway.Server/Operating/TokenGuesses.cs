namespace Gateway.Server.Operating;

/// <summary>
/// Bounds how often somebody may show a wrong token: some at once, then one a second. The right one is heard at any time, so that nobody
/// locks the operator out.
/// </summary>
internal sealed class TokenGuesses(TimeProvider time)
{
    /* An operator who pastes the wrong file a few times, and no more. */
    private const int Burst = 10;
    private const double PerSecond = 1;

    private readonly Lock _lock = new();
    private double _left = Burst;
    private long _at = time.GetTimestamp();

    /// <summary>Takes one guess; false: there were too many. <paramref name="isFirst"/> is true when it is worth a line of the log.</summary>
    public bool TryTake(out bool isFirst)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _left = Math.Min(Burst, _left + time.GetElapsedTime(_at, now).TotalSeconds * PerSecond);
            _at = now;
            isFirst = _left >= Burst;
            if (_left < 1) return false;
            _left--;
            return true;
        }
    }
}

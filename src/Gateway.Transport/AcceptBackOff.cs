namespace Gateway.Transport;

/// <summary>
/// How long an accept waits that failed for want of descriptors or memory, the same for every loop that accepts. A short wait lets
/// running visits return theirs; longer than a second would look like an outage.
/// </summary>
internal struct AcceptBackOff
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Last = TimeSpan.FromSeconds(1);

    private TimeSpan _last;

    /// <summary>The next wait: twice the one before.</summary>
    public TimeSpan Next()
    {
        _last *= 2;
        if (_last < First) _last = First;
        if (_last > Last) _last = Last;
        return _last;
    }

    /// <summary>Somebody was accepted.</summary>
    public void Reset() => _last = default;
}

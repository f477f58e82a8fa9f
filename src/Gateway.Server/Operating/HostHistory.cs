namespace Gateway.Server.Operating;

/// <summary>What one host moved: now, and minute by minute over the last hour.</summary>
internal sealed class HostHistory
{
    /// <summary>Minutes that are kept.</summary>
    public const int Minutes = 60;

    private readonly long[] _bytes = new long[Minutes];
    private readonly long[] _visits = new long[Minutes];
    private long _lastBytes;
    private long _lastVisits;
    private long _minute;

    /// <summary>Bytes per second since the sample before.</summary>
    public double Rate { get; private set; }

    /// <summary>Visitors present at the last sample.</summary>
    public int Present { get; private set; }

    /// <summary>Bytes of the last hour.</summary>
    public long Bytes => _bytes.Sum();

    /// <summary>Visits of the last hour.</summary>
    public long Visits => _visits.Sum();

    /// <summary>Bytes of each minute, the oldest first.</summary>
    public IEnumerable<long> Series => Enumerable.Range(1, Minutes).Select(i => _bytes[(_minute + i) % Minutes]);

    /// <summary>Takes the totals as they stand.</summary>
    /// <param name="minute">Minutes since some beginning; never goes back.</param>
    /// <param name="bytes">All bytes so far.</param>
    /// <param name="visits">All visits so far.</param>
    /// <param name="present">Visitors now.</param>
    /// <param name="seconds">Since the sample before.</param>
    public void Take(long minute, long bytes, long visits, int present, double seconds)
    {
        _minute = Math.Max(_minute, minute - Minutes);
        for (; _minute < minute; _minute++) _bytes[(_minute + 1) % Minutes] = _visits[(_minute + 1) % Minutes] = 0;
        _bytes[minute % Minutes] += bytes - _lastBytes;
        _visits[minute % Minutes] += visits - _lastVisits;
        (Rate, Present) = ((bytes - _lastBytes) / seconds, present);
        (_lastBytes, _lastVisits) = (bytes, visits);
    }
}

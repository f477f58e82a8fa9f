namespace Gateway.Model;

/// <summary>
/// Growing pauses between attempts, each a random part of its bound ("full jitter"), so that many who lost the same peer do not
/// come back in step.
/// </summary>
public static class BackOff
{
    /* 30 doublings reach any bound, and are far from overflow. */
    private const int MaxDoublings = 30;

    /// <summary>The pause after a failed attempt.</summary>
    /// <param name="failures">Failures in a row, 1 or more.</param>
    /// <param name="first">The bound of the first pause; it doubles with each failure.</param>
    /// <param name="longest">Where it stops to double.</param>
    /// <param name="jitter">Random, from 0 up to 1.</param>
    public static TimeSpan Pause(int failures, TimeSpan first, TimeSpan longest, double jitter)
    {
        var bound = first * (1L << Math.Clamp(failures - 1, 0, MaxDoublings));
        return (bound < longest ? bound : longest) * jitter;
    }
}

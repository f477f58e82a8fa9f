namespace Gateway.Transport;

/// <summary>A direction of bytes whose reader may be slow.</summary>
public interface IDelivering
{
    /// <summary>Something waits that the reader's end does not take.</summary>
    bool IsHeldUp { get; }

    /// <summary>Bytes that the reader's end has taken, as far as can be known; counted from anywhere.</summary>
    long Delivered { get; }
}

/// <summary>
/// Finds out a reader that takes next to nothing of what waits for it. One that has nothing to read may be silent for as long as
/// the idle deadline allows; and one that takes a little all the time is slow, and no harm. It exists while a direction is held up.
/// </summary>
public sealed class StallWatch
{
    /// <summary>Bytes in a second below which a reader is as good as gone.</summary>
    private const int LeastRate = 128;

    private long _since;
    private long _delivered;

    private StallWatch(IDelivering direction, TimeProvider time) => (_since, _delivered) = (time.GetTimestamp(), direction.Delivered);

    /// <summary>
    /// Looks at a direction, now and then. True when it was held up at each look for as long as <paramref name="patience"/>, and less
    /// than 128 bytes a second were delivered meanwhile.
    /// </summary>
    /// <param name="watch">The direction's own; null at first.</param>
    public static bool IsStalled(ref StallWatch? watch, IDelivering direction, TimeSpan patience, TimeProvider time)
    {
        if (!direction.IsHeldUp) watch = null;
        else if (watch is null) watch = new StallWatch(direction, time);
        else if (time.GetElapsedTime(watch._since) >= patience) return watch.IsTooLittle(direction, patience, time);
        return false;
    }

    private bool IsTooLittle(IDelivering direction, TimeSpan patience, TimeProvider time)
    {
        var before = _delivered;
        (_since, _delivered) = (time.GetTimestamp(), direction.Delivered);
        return _delivered - before < LeastRate * patience.TotalSeconds;
    }
}

using System.Collections.Concurrent;

namespace Gateway.Server.Logs;

/// <summary>
/// Bounds how many lines of one kind are written in a second, so that whoever makes the node say something cannot fill its disk. What is
/// left out is counted, and told in a line of its own. The kinds are bounded by the code that says them.
/// </summary>
/// <param name="perSecond">Lines of one kind in a second, and at once; 0: no bound.</param>
/// <param name="time">The clock.</param>
internal sealed class LogLimit(int perSecond, TimeProvider time)
{
    private readonly ConcurrentDictionary<(string Category, int Event), Bucket> _buckets = new();

    /// <summary>True when the line may be written.</summary>
    public bool Admits(string category, int number)
    {
        if (perSecond == 0) return true;
        var bucket = _buckets.GetOrAdd((category, number), static (_, full) => new Bucket { Left = full }, perSecond);
        lock (bucket)
        {
            Refill(bucket);
            if (bucket.Left < 1)
            {
                bucket.LeftOut++;
                return false;
            }

            bucket.Left--;
            return true;
        }
    }

    /// <summary>How many lines of each kind were left out since the last call.</summary>
    public IReadOnlyList<(string Category, int Event, long Count)> TakeLeftOut()
    {
        var all = new List<(string, int, long)>();
        foreach (var ((category, number), bucket) in _buckets)
        {
            if (Volatile.Read(ref bucket.LeftOut) == 0) continue;
            all.Add((category, number, Interlocked.Exchange(ref bucket.LeftOut, 0)));
        }

        return all;
    }

    private void Refill(Bucket bucket)
    {
        var now = time.GetTimestamp();
        if (bucket.At != 0) bucket.Left = Math.Min(perSecond, bucket.Left + (time.GetElapsedTime(bucket.At, now).TotalSeconds * perSecond));
        bucket.At = now;
    }

    private sealed class Bucket
    {
        public double Left;
        public long At;
        public long LeftOut;
    }
}

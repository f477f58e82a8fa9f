namespace Gateway.Explorer.Http;

/// <summary>
/// A bucket of tokens for each of many askers, which fills again at a steady rate. Bounded: when too many askers come, full buckets
/// are forgotten first, and a forgotten asker starts with a full one.
/// </summary>
/// <param name="perSecond">Tokens that come back in a second; 0: as many as are wanted.</param>
internal sealed class TokenBuckets<TKey>(int perSecond) where TKey : notnull
{
    /* Seconds' worth of tokens in a full bucket: whoever was quiet may ask for several things at once. */
    private const double Burst = 4;

    /* 64 Ki askers are a few MiB; more at once are an attack on this table. */
    private const int MaxAskers = 65_536;

    private readonly Dictionary<TKey, Bucket> _buckets = [];
    private readonly Lock _lock = new();

    /// <summary>Takes one token at <paramref name="now"/> (milliseconds of a clock that never goes back); false when there is none.</summary>
    public bool Admit(TKey asker, long now)
    {
        if (perSecond == 0) return true;
        lock (_lock)
        {
            if (!_buckets.TryGetValue(asker, out var bucket))
            {
                if (_buckets.Count >= MaxAskers) Forget(now);
                bucket = new Bucket(Size, now);
            }

            var tokens = Refill(bucket, now);
            _buckets[asker] = new Bucket(tokens < 1 ? tokens : tokens - 1, now);
            return tokens >= 1;
        }
    }

    private double Size => perSecond * Burst;

    private double Refill(Bucket bucket, long now) => Math.Min(Size, bucket.Tokens + ((now - bucket.At) * perSecond / 1000.0));

    private void Forget(long now)
    {
        foreach (var (asker, bucket) in _buckets)
        {
            if (Refill(bucket, now) >= Size) _buckets.Remove(asker);
        }

        if (_buckets.Count >= MaxAskers) _buckets.Clear();
    }

    private readonly record struct Bucket(double Tokens, long At);
}

namespace Gateway.Transport;

/// <summary>Numbers of bytes that many connections add to while they run. Safe for any thread.</summary>
/// <param name="sum">What is added here is added there as well; null: nowhere.</param>
public sealed class ByteCount(ByteCount? sum = null)
{
    private long _toUpstream;
    private long _toVisitor;

    /// <summary>How many went to the upstream.</summary>
    public long ToUpstream => Interlocked.Read(ref _toUpstream);

    /// <summary>How many went to the visitor.</summary>
    public long ToVisitor => Interlocked.Read(ref _toVisitor);

    /// <summary>How many there were in both directions.</summary>
    public long Value => ToUpstream + ToVisitor;

    /// <summary>Adds some. Most additions are of one direction, and cost no more than that.</summary>
    public void Add(long toUpstream, long toVisitor)
    {
        if (toUpstream != 0) Interlocked.Add(ref _toUpstream, toUpstream);
        if (toVisitor != 0) Interlocked.Add(ref _toVisitor, toVisitor);
        sum?.Add(toUpstream, toVisitor);
    }
}

namespace Gateway.Transport;

/// <summary>A number of bytes that many connections add to while they run. Safe for any thread.</summary>
public sealed class ByteCount
{
    private long _value;

    /// <summary>How many there were.</summary>
    public long Value => Interlocked.Read(ref _value);

    /// <summary>Adds some.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _value, bytes);
}

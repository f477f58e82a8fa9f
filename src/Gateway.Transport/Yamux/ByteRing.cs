using System.Buffers;

namespace Gateway.Transport.Yamux;

/// <summary>Bytes in order, in one pooled array that grows with what is in it and is given back when it is empty.</summary>
internal struct ByteRing
{
    private const int Smallest = 4 * 1024;

    private byte[]? _bytes;
    private int _start;

    /// <summary>How many bytes wait.</summary>
    public int Count { get; private set; }

    /// <summary>Appends.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        if (_bytes is null || _bytes.Length - Count < bytes.Length) Grow(Count + bytes.Length);
        var end = (_start + Count) % _bytes!.Length;
        var first = Math.Min(bytes.Length, _bytes.Length - end);
        bytes[..first].CopyTo(_bytes.AsSpan(end));
        bytes[first..].CopyTo(_bytes);
        Count += bytes.Length;
    }

    /// <summary>Takes as many as there are and fit.</summary>
    public int Read(Span<byte> into)
    {
        var length = Math.Min(into.Length, Count);
        if (length == 0) return 0;
        CopyTo(into[..length]);
        _start = (_start + length) % _bytes!.Length;
        Count -= length;
        if (Count == 0) Clear();
        return length;
    }

    /// <summary>Copies as many as there are and fit, and leaves them.</summary>
    public readonly int Peek(Span<byte> into)
    {
        var length = Math.Min(into.Length, Count);
        CopyTo(into[..length]);
        return length;
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        if (_bytes is not null) ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, _start, Count) = (null, 0, 0);
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Smallest, needed));
        CopyTo(larger.AsSpan(0, Count));
        if (_bytes is not null) ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, _start) = (larger, 0);
    }

    private readonly void CopyTo(Span<byte> into)
    {
        if (into.IsEmpty) return;
        var first = Math.Min(into.Length, _bytes!.Length - _start);
        _bytes.AsSpan(_start, first).CopyTo(into);
        _bytes.AsSpan(0, into.Length - first).CopyTo(into[first..]);
    }
}

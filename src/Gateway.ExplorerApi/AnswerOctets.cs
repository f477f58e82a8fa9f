using System.Buffers;

namespace Gateway.ExplorerApi;

/// <summary>
/// The octets of an answer, in memory that the next one uses again: a page of workloads is a large object, and hundreds of them in
/// a row would keep the garbage collector busy. Whoever reads them keeps no part of them.
/// </summary>
internal sealed class AnswerOctets : IDisposable
{
    private const int FirstSize = 16 * 1024;

    private byte[] _octets = ArrayPool<byte>.Shared.Rent(FirstSize);

    /// <summary>How many there are so far.</summary>
    public int Length { get; private set; }

    /// <summary>Those that came so far; not to be used after <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Written => _octets.AsMemory(0, Length);

    /// <summary>Room for at least one more.</summary>
    public Memory<byte> Room()
    {
        if (Length == _octets.Length) Grow();
        return _octets.AsMemory(Length);
    }

    /// <summary>So many were written into <see cref="Room"/>.</summary>
    public void Advance(int count) => Length += count;

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_octets);
        _octets = [];
        Length = 0;
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(_octets.Length * 2);
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_octets);
        _octets = larger;
    }
}

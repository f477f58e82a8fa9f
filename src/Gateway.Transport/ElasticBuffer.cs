using System.Buffers;

namespace Gateway.Transport;

/// <summary>
/// A pooled read buffer: small while little flows, so that thousands of quiet connections cost little; a full read asks for the
/// large one, and a small read for the small one again.
/// </summary>
internal sealed class ElasticBuffer(int largest = ElasticBuffer.Large)
{
    public const int Small = 4 * 1024;
    public const int Large = 64 * 1024;

    private byte[] _bytes = [];

    /// <summary>Where the next read goes, behind what was kept.</summary>
    public Memory<byte> From(int kept)
    {
        if (_bytes.Length == 0) _bytes = ArrayPool<byte>.Shared.Rent(Small);
        return _bytes.AsMemory(kept);
    }

    /// <summary>What is there.</summary>
    public ReadOnlySpan<byte> Span(int length) => _bytes.AsSpan(0, length);

    /// <summary>What is there.</summary>
    public ReadOnlyMemory<byte> Memory(int length) => _bytes.AsMemory(0, length);

    /// <summary>Drops what was used of what is there, moves the rest to the front, fits the size; returns the length of the rest.</summary>
    public int Keep(int used, int there)
    {
        var wanted = there == _bytes.Length ? largest : there < Small / 2 ? Small : _bytes.Length;
        var rest = _bytes.AsSpan(used, there - used);
        if (wanted == _bytes.Length) rest.CopyTo(_bytes);
        else Resize(wanted, rest);
        return there - used;
    }

    /// <summary>Gives the buffer back to the pool.</summary>
    public void Free()
    {
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void Resize(int size, ReadOnlySpan<byte> rest)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(size);
        rest.CopyTo(bytes);
        Free();
        _bytes = bytes;
    }
}

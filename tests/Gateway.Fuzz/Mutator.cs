namespace Gateway.Fuzz;

/// <summary>Makes hostile messages of well-formed ones; the same seed makes the same ones.</summary>
/// <param name="seed">Any number.</param>
/// <param name="corpus">Messages to start from; at least one.</param>
internal sealed class Mutator(ulong seed, IReadOnlyList<byte[]> corpus)
{
    /// <summary>Octets of the longest message that is made: some more than UDP carries unfragmented.</summary>
    public const int Longest = 4_096;

    /// <summary>What a message may break at: label lengths, pointers, counts, and records that change how the rest is read.</summary>
    private static readonly byte[][] Fragments =
    [
        [0xC0, 0x0C], [0xC0, 0x00], [0xFF, 0xFF], [0x3F], [0x40], [0x80], [0], [0, 1], [0, 251], [0, 252], [0, 255], [0, 41], [0, 250], [1, 1, 42],
        [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0],
        [0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8],
        [0, 0, 41, 0, 0, 0, 1, 0, 0, 0, 4, 0, 3, 0, 0],
        [0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, (byte)'k', 0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 61, 11, .. "hmac-sha256"u8, 0, 0, 0, 0, 0, 0, 1, 1, 44, 0, 32, .. new byte[32], 0, 1, 0, 0, 0, 0],
    ];

    private readonly byte[] _octets = new byte[Longest];
    private ulong _state = seed;
    private int _length;

    /// <summary>The next message; it stands until the one after it is made.</summary>
    public ReadOnlySpan<byte> Next()
    {
        var start = corpus[Below(corpus.Count)];
        _length = Math.Min(start.Length, Longest);
        start.AsSpan(0, _length).CopyTo(_octets);
        // One change finds most; many at once find what needs two faults.
        for (var changes = 1 + Below(Below(8) + 1); changes > 0; changes--) Change();
        return _octets.AsSpan(0, _length);
    }

    /// <summary>A number from 0 to below the bound (splitmix64).</summary>
    public int Below(int bound)
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)bound);
    }

    private void Change()
    {
        var at = Below(_length + 1);
        switch (Below(9))
        {
            case 0 when at < _length: _octets[at] = (byte)Below(256); break;
            case 1 when at < _length: _octets[at] ^= (byte)(1 << Below(8)); break;
            case 2 when at < _length: _octets[at] = (byte)(_octets[at] + Below(9) - 4); break;
            // The header's counts and flags decide how everything else is read.
            case 3 when _length >= 12: _octets[2 + Below(10)] = (byte)Below(4); break;
            case 4: _length = at; break;
            case 5: Remove(at, Below(16)); break;
            case 6: Insert(at, Fragments[Below(Fragments.Length)]); break;
            case 7: Insert(at, _octets.AsSpan(Below(_length + 1)).ToArray().AsSpan(0, Math.Min(_length, Below(40)))); break;
            default: Splice(at, corpus[Below(corpus.Count)]); break;
        }
    }

    private void Remove(int at, int count)
    {
        count = Math.Min(count, _length - at);
        _octets.AsSpan(at + count, _length - at - count).CopyTo(_octets.AsSpan(at));
        _length -= count;
    }

    private void Insert(int at, ReadOnlySpan<byte> what)
    {
        what = what[..Math.Min(what.Length, Longest - _length)];
        _octets.AsSpan(at, _length - at).CopyTo(_octets.AsSpan(at + what.Length));
        what.CopyTo(_octets.AsSpan(at));
        _length += what.Length;
    }

    private void Splice(int at, ReadOnlySpan<byte> other)
    {
        other = other[Math.Min(Below(other.Length + 1), other.Length)..];
        _length = Math.Min(at + other.Length, Longest);
        other[..(_length - at)].CopyTo(_octets.AsSpan(at));
    }
}

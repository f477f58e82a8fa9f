using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Gateway.Model;

namespace Gateway.Dns.Wire;

/// <summary>
/// A name as a walk from the root down: lower-cased wire octets, where each label starts, and a hash of every suffix. Label 0 is
/// the leftmost; suffix <c>i</c> starts at label <c>i</c>, and suffix <see cref="Labels"/> is the root.
/// </summary>
internal readonly ref struct NamePath
{
    /// <summary>Octets that <see cref="TryRead"/> needs for the name: the longest one, and eight more so that hashing may read past its end.</summary>
    public const int WireSpace = DomainName.MaxLength + sizeof(ulong) + 1;

    /// <summary>The most labels of a name, and the root.</summary>
    public const int LabelSpace = 128;

    /// <summary>Secret of this process, so that nobody can choose names that fall into one bucket.</summary>
    private static readonly ulong Seed = MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(8)) | 1;

    private readonly ReadOnlySpan<byte> _starts;
    private readonly ReadOnlySpan<uint> _hashes;

    private NamePath(ReadOnlySpan<byte> wire, ReadOnlySpan<byte> starts, ReadOnlySpan<uint> hashes, int labels)
    {
        Wire = wire;
        _starts = starts;
        _hashes = hashes;
        Labels = labels;
    }

    /// <summary>The whole name, lower-cased, root octet included.</summary>
    public ReadOnlySpan<byte> Wire { get; }

    /// <summary>Labels before the root.</summary>
    public int Labels { get; }

    /// <summary>
    /// Reads an uncompressed name at the start of <paramref name="from"/> into the three buffers of the sizes above. False when
    /// it is cut short, longer than 255 octets, or holds a pointer or a reserved label type.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> from, Span<byte> wire, Span<byte> starts, Span<uint> hashes, out NamePath path)
    {
        path = default;
        int at = 0, labels = 0;
        while ((uint)at < (uint)from.Length && from[at] != 0)
        {
            // At most 127 labels fit below the limit on the next line.
            starts[labels++] = (byte)at;
            if (from[at] > DomainName.MaxLabelLength || (at += from[at] + 1) >= DomainName.MaxLength) return false;
        }

        if (at >= from.Length) return false;
        starts[labels] = (byte)at;
        Octets.CopyLower(from[..(at + 1)], wire);
        HashSuffixes(wire, starts, hashes, labels);
        path = new NamePath(wire[..(at + 1)], starts, hashes, labels);
        return true;
    }

    /// <summary>Where label <paramref name="label"/> starts in <see cref="Wire"/>.</summary>
    public int Start(int label) => _starts[label];

    /// <summary>Hash of the suffix that starts at <paramref name="label"/>.</summary>
    public uint Hash(int label) => _hashes[label];

    /// <summary>The labels from <paramref name="label"/> up to and without <paramref name="end"/>: a key below a zone.</summary>
    public ReadOnlySpan<byte> Between(int label, int end) => Wire[_starts[label].._starts[end]];

    /// <summary>The suffix that starts at <paramref name="label"/>, root octet included.</summary>
    public ReadOnlySpan<byte> Suffix(int label) => Wire[_starts[label]..];

    /// <summary>Hash of <c>*.</c> before the suffix that starts at <paramref name="label"/>.</summary>
    public uint WildcardHash(int label)
    {
        Span<byte> star = [1, (byte)'*', 0, 0, 0, 0, 0, 0, 0, 0];
        return HashLabel(star, 2, _hashes[label]);
    }

    private static void HashSuffixes(ReadOnlySpan<byte> wire, ReadOnlySpan<byte> starts, Span<uint> hashes, int labels)
    {
        hashes[labels] = (uint)Seed | 1;
        for (var i = labels - 1; i >= 0; i--) hashes[i] = HashLabel(wire[starts[i]..], starts[i + 1] - starts[i], hashes[i + 1]);
    }

    /// <summary>Mixes one label, length octet included. <paramref name="label"/> may be read up to eight octets past its end. Never 0.</summary>
    private static uint HashLabel(ReadOnlySpan<byte> label, int length, uint parent)
    {
        var hash = parent * Seed;
        var at = 0;
        for (; at + sizeof(ulong) <= length; at += sizeof(ulong)) hash = Mix(hash, MemoryMarshal.Read<ulong>(label[at..]));
        if (at < length)
        {
            var rest = (1UL << (8 * (length - at))) - 1;
            hash = Mix(hash, ReadTail(label[at..]) & rest);
        }

        var folded = (uint)(hash >> 32) ^ (uint)hash;
        return folded == 0 ? 1 : folded;
    }

    private static ulong ReadTail(ReadOnlySpan<byte> from) => BitConverter.IsLittleEndian
        ? MemoryMarshal.Read<ulong>(from)
        : System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(from);

    private static ulong Mix(ulong hash, ulong eight)
    {
        var product = Math.BigMul(hash ^ eight, Seed, out var low);
        return product ^ low;
    }
}

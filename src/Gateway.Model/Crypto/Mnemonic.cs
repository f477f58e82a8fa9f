using System.Security.Cryptography;

namespace Gateway.Model.Crypto;

/// <summary>
/// English words for entropy (BIP-39): 11 bits a word, the last bits a checksum. Here the entropy is itself the seed;
/// the key derivation of BIP-39 and its passphrase are not used (the provisioning contract, section 2.7).
/// </summary>
public static class Mnemonic
{
    private const int BitsPerWord = 11;

    private static readonly Dictionary<string, int> Indexes =
        EnglishWords.All.Select((word, index) => (word, index)).ToDictionary(pair => pair.word, pair => pair.index, StringComparer.Ordinal);

    /// <summary>12 to 24 words for 16, 20, 24, 28 or 32 octets.</summary>
    /// <exception cref="ArgumentException">Another number of octets.</exception>
    public static Secret Encode(ReadOnlySpan<byte> entropy)
    {
        if (entropy.Length is < 16 or > 32 || entropy.Length % 4 != 0)
            throw new ArgumentException("The entropy has 16, 20, 24, 28 or 32 octets.", nameof(entropy));
        byte[] bits = [.. entropy, Checksum(entropy)];
        var words = new string[entropy.Length * 3 / 4];
        for (var i = 0; i < words.Length; i++) words[i] = EnglishWords.All[ReadBits(bits, i * BitsPerWord)];
        return new Secret(string.Join(' ', words));
    }

    /// <summary>Reads 12, 15, 18, 21 or 24 words of either case between white space. The fault never repeats a word that was right.</summary>
    public static bool TryDecode(string text, out byte[] entropy, out string fault)
    {
        entropy = [];
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (!TryReadIndexes(words, out var indexes, out fault)) return false;
        var bits = new byte[33];
        for (var i = 0; i < indexes.Length; i++) WriteBits(bits, i * BitsPerWord, indexes[i]);
        var length = words.Length * 4 / 3;
        var checksumMask = (byte)(0xFF << (8 - (length / 4)));
        if (((Checksum(bits.AsSpan(0, length)) ^ bits[length]) & checksumMask) != 0)
        {
            fault = "the words do not belong together (wrong checksum): compare them with the original, in the same order";
            return false;
        }

        entropy = bits[..length];
        return true;
    }

    private static bool TryReadIndexes(string[] words, out int[] indexes, out string fault)
    {
        indexes = new int[words.Length];
        fault = words.Length is >= 12 and <= 24 && words.Length % 3 == 0 ? "" : $"{words.Length} words were given, 24 are needed";
        for (var i = 0; i < words.Length && fault.Length == 0; i++)
        {
            if (!Indexes.TryGetValue(words[i].ToLowerInvariant(), out indexes[i]))
                fault = $"word {i + 1} is not in the English BIP-39 list";
        }

        return fault.Length == 0;
    }

    private static byte Checksum(ReadOnlySpan<byte> entropy)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(entropy, hash);
        return hash[0];
    }

    private static int ReadBits(byte[] bits, int from)
    {
        var value = 0;
        for (var i = from; i < from + BitsPerWord; i++) value = (value << 1) | ((bits[i / 8] >> (7 - (i % 8))) & 1);
        return value;
    }

    private static void WriteBits(byte[] bits, int from, int value)
    {
        for (var i = 0; i < BitsPerWord; i++)
        {
            if (((value >> (BitsPerWord - 1 - i)) & 1) != 0) bits[(from + i) / 8] |= (byte)(1 << (7 - ((from + i) % 8)));
        }
    }
}

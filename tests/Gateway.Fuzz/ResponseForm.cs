using System.Buffers.Binary;

namespace Gateway.Fuzz;

/// <summary>Whether a response is well-formed, without help of the code under test.</summary>
internal static class ResponseForm
{
    private const int Header = 12;

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Broken(ReadOnlySpan<byte> message)
    {
        if (message.Length < Header) return "a response shorter than a header";
        var at = Header;
        for (int left = Read16(message, 4); left > 0; left--)
            if (!SkipName(message, ref at) || (at += 4) > message.Length) return "a malformed question";
        for (int left = Read16(message, 6) + Read16(message, 8) + Read16(message, 10); left > 0; left--)
            if (!SkipRecord(message, ref at)) return "a malformed record";
        if (at != message.Length) return "octets after the last record";
        return (message[2] & 2) != 0 && Read16(message, 6) + Read16(message, 8) > 0 ? "records in a truncated answer" : null;
    }

    private static bool SkipRecord(ReadOnlySpan<byte> message, ref int at)
    {
        if (!SkipName(message, ref at) || at + 10 > message.Length) return false;
        at += 10 + Read16(message, at + 8);
        return at <= message.Length;
    }

    /// <summary>Every pointer leads backwards, so a reader that follows them comes to an end.</summary>
    private static bool SkipName(ReadOnlySpan<byte> message, ref int at)
    {
        int end = -1, walk = at, octets = 0;
        while (walk < message.Length && message[walk] != 0)
        {
            int length = message[walk];
            if (length >= 0xC0)
            {
                if (walk + 1 >= message.Length) return false;
                var to = Read16(message, walk) & 0x3FFF;
                if (end < 0) end = walk + 2;
                if (to >= walk || to < Header) return false;
                walk = to;
                continue;
            }

            if (length > 63 || (octets += length + 1) > 254) return false;
            walk += length + 1;
        }

        at = end < 0 ? walk + 1 : end;
        return walk < message.Length;
    }

    private static int Read16(ReadOnlySpan<byte> message, int at) => BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
}

using Gateway.Dns.Wire;
using Gateway.Model.Records;

namespace Gateway.Dns;

/// <summary>What is sent in place of an answer that the rate limit holds back.</summary>
internal sealed partial class Responder
{
    /// <summary>
    /// Makes a response of our own into a truncated one without records, so that a real client asks again by TCP. Its OPT record stays
    /// (RFC 6891 section 6.1.1), and with it the cookie that frees the client from the limit. Returns the length.
    /// </summary>
    public static int Slip(Span<byte> response, int length)
    {
        var reader = new MessageReader(response[..length], Request.HeaderLength);
        if (Octets.Read16(response, 4) > 0)
        {
            reader.SkipPlainName();
            reader.ReadOctets(4);
        }

        var end = reader.Position;
        var opt = OptOf(ref reader, response[..length]);
        opt.CopyTo(response[end..]);
        response[2] |= 2;
        // Without its SOA a denial could be taken for one of a name server that knows no better.
        if ((response[3] & 15) == (int)Rcode.NxDomain) response[3] &= 0xF0;
        response[6..Request.HeaderLength].Clear();
        Octets.Write16(response, 10, opt.IsEmpty ? 0 : 1);
        return end + opt.Length;
    }

    /// <summary>The OPT record; empty when there is none.</summary>
    private static Span<byte> OptOf(ref MessageReader reader, Span<byte> response)
    {
        var left = Octets.Read16(response, 6) + Octets.Read16(response, 8) + Octets.Read16(response, 10);
        for (; left > 0; left--)
        {
            var start = reader.Position;
            reader.SkipRecord();
            // The owner of an OPT record is the root, and those of all others are pointers.
            if (reader.Ok && response[start] == 0 && Octets.Read16(response, start + 1) == (int)RecordType.Opt) return response[start..reader.Position];
        }

        return default;
    }
}

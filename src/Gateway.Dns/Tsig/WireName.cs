using Gateway.Dns.Wire;
using Gateway.Model;

namespace Gateway.Dns.Tsig;

/// <summary>Reads a name that may be compressed.</summary>
internal static class WireName
{
    /// <summary>
    /// Reads a name where the reader stands. Each pointer must point before the name it stands in, so that the walk ends (RFC 1035
    /// section 4.1.4: "a prior occurrence").
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> message, ref MessageReader reader, out DomainName name)
    {
        name = default;
        var at = reader.Position;
        reader.SkipName();
        if (!reader.Ok) return false;
        Span<byte> wire = stackalloc byte[DomainName.MaxLength];
        int length = 0, floor = at;
        while (at < message.Length && message[at] != 0)
        {
            int octet = message[at];
            if (octet >= 0xC0)
            {
                if (at + 1 >= message.Length) return false;
                at = Octets.Read16(message, at) & 0x3FFF;
                if (at >= floor || at < Request.HeaderLength) return false;
                floor = at;
                continue;
            }

            if (octet > DomainName.MaxLabelLength || at + 1 + octet >= message.Length || length + 1 + octet >= DomainName.MaxLength) return false;
            message.Slice(at, octet + 1).CopyTo(wire[length..]);
            length += octet + 1;
            at += octet + 1;
        }

        if (at >= message.Length) return false;
        wire[length] = 0;
        return DomainName.TryFromWire(wire[..(length + 1)], out name);
    }
}

using Gateway.Dns.Transfer;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model;
using Gateway.Model.Records;

namespace Gateway.Dns.Notify;

/// <summary>The messages of RFC 1996.</summary>
internal static class NotifyMessage
{
    /// <summary>Octets that <see cref="Write"/> and a signature need at most.</summary>
    public const int Longest = 2_048;

    // RFC 1996 section 4.5: the answer to a notification repeats all but QR.
    private const int RequestFlags = ((int)Opcode.Notify << 11) | 0x0400;

    /// <summary>Writes a notification with the new SOA as a hint (section 3.7). Returns its length.</summary>
    public static int Write(Span<byte> to, ushort id, DomainName zone, ZoneHead head)
    {
        to[..Request.HeaderLength].Clear();
        Octets.Write16(to, 0, id);
        Octets.Write16(to, 2, RequestFlags);
        Octets.Write16(to, 4, 1);
        Octets.Write16(to, 6, 1);
        zone.Wire.CopyTo(to[Request.HeaderLength..]);
        var at = Request.HeaderLength + zone.Wire.Length;
        Octets.Write16(to, at, (int)RecordType.Soa);
        Octets.Write16(to, at + 2, 1);
        Octets.Write16(to, at + 4, 0xC000 | Request.HeaderLength);
        var soa = TransferRecord.SoaOf(head).Body;
        soa.CopyTo(to[(at + 6)..]);
        return at + 6 + soa.Length;
    }

    /// <summary>Reads an answer to a notification: which one, about which zone. Any code will do: the secondary was reached (section 3.6).</summary>
    public static bool TryReadAnswer(ReadOnlySpan<byte> message, out ushort id, out DomainName zone)
    {
        (id, zone) = (0, default);
        if (message.Length < Request.HeaderLength || (message[2] & 0xF8) != (0x80 | ((int)Opcode.Notify << 3))) return false;
        var reader = new MessageReader(message, Request.HeaderLength);
        var length = Octets.Read16(message, 4) == 1 ? reader.SkipPlainName() : 0;
        id = Octets.Read16(message, 0);
        return length > 0 && (RecordType)reader.Read16() == RecordType.Soa && DomainName.TryFromWire(message.Slice(Request.HeaderLength, length), out zone);
    }
}

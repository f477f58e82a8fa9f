using System.Net;
using System.Text;
using Gateway.Model.Records;

namespace Gateway.Model.Replies;

/// <summary>A record of a reply, as far as a client needs it.</summary>
/// <param name="Owner">Whose it is.</param>
/// <param name="Type">Its type.</param>
/// <param name="Ttl">Seconds.</param>
/// <param name="Data">The RDATA's octets as they came; a name in it may be compressed.</param>
/// <param name="Name">The name in the RDATA of NS, CNAME and SOA (its primary server); the root otherwise.</param>
/// <param name="Minimum">SOA only: how long a negative answer may be remembered, in seconds (RFC 2308 section 4).</param>
public sealed record DnsRecord(DomainName Owner, RecordType Type, uint Ttl, byte[] Data, DomainName Name, uint Minimum)
{
    /// <summary>The address of A and AAAA; null otherwise.</summary>
    public IPAddress? Address => (Type, Data.Length) is (RecordType.A, 4) or (RecordType.Aaaa, 16) ? new IPAddress(Data) : null;

    /// <summary>The strings of TXT as one text, which they are (RFC 1035 section 3.3.14); null otherwise.</summary>
    public string? Text
    {
        get
        {
            if (Type != RecordType.Txt) return null;
            var text = new StringBuilder();
            for (ReadOnlySpan<byte> rest = Data; rest.Length > 0 && rest[0] < rest.Length; rest = rest[(rest[0] + 1)..])
                text.Append(Encoding.Latin1.GetString(rest.Slice(1, rest[0])));
            return text.ToString();
        }
    }
}

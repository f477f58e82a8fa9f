using System.Buffers.Binary;
using System.Net;
using System.Text;
using Gateway.Model;

namespace Gateway.Reconciler.Proving;

/// <summary>What a resolver said about one name and type.</summary>
/// <param name="Code">The response code: 0 for an answer, 3 for a name that does not exist (RFC 1035 section 4.1.1).</param>
/// <param name="IsTruncated">True when there is more, which has to be asked for by TCP.</param>
/// <param name="Addresses">Of the A and AAAA records.</param>
/// <param name="Aliases">Where the CNAME records lead.</param>
/// <param name="Texts">The TXT records, each as one text.</param>
internal sealed record DnsReply(int Code, bool IsTruncated, IReadOnlyList<IPAddress> Addresses, IReadOnlyList<DomainName> Aliases, IReadOnlyList<string> Texts)
{
    private const int HeaderLength = 12;

    /// <summary>The query for a name and type, with recursion desired (RFC 1035 section 4.1).</summary>
    public static byte[] Ask(ushort id, DomainName name, ushort type)
    {
        var query = new byte[HeaderLength + name.Wire.Length + 4];
        BinaryPrimitives.WriteUInt16BigEndian(query, id);
        query[2] = 1;
        query[5] = 1;
        name.Wire.CopyTo(query.AsSpan(HeaderLength));
        BinaryPrimitives.WriteUInt16BigEndian(query.AsSpan(query.Length - 4), type);
        query[^1] = 1;
        return query;
    }

    /// <summary>Reads the answer to a query; null when it is none, or cannot be read.</summary>
    public static DnsReply? Read(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query)
    {
        // The same number and the same question, and an answer: whoever forges one has to guess more than the port.
        if (message.Length < query.Length || message[0] != query[0] || message[1] != query[1] || (message[2] & 0x80) == 0) return null;
        if (!AreEqual(message[HeaderLength..query.Length], query[HeaderLength..])) return null;
        var (code, isTruncated) = (message[3] & 15, (message[2] & 2) != 0);
        List<IPAddress> addresses = [];
        List<DomainName> aliases = [];
        List<string> texts = [];
        var reader = new DnsReplyReader(message, query.Length);
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); left > 0; left--)
        {
            reader.SkipName();
            var type = reader.Number();
            reader.Skip(6);
            var length = reader.Number();
            var end = reader.Position + length;
            if (!reader.Ok || end > message.Length) return isTruncated ? new DnsReply(code, true, [], [], []) : null;
            if ((type == DnsTypes.A && length == 4) || (type == DnsTypes.Aaaa && length == 16)) addresses.Add(new IPAddress(message.Slice(reader.Position, length)));
            if (type == DnsTypes.Txt) texts.Add(Text(message.Slice(reader.Position, length)));
            if (type == DnsTypes.Cname && reader.Name() is { } alias) aliases.Add(alias);
            reader.Position = end;
        }

        return new DnsReply(code, isTruncated, addresses, aliases, texts);
    }

    // A resolver may answer in the case that it knows.
    private static bool AreEqual(ReadOnlySpan<byte> answered, ReadOnlySpan<byte> asked)
    {
        Span<byte> lower = stackalloc byte[DomainName.MaxLength + 4];
        var name = answered[..^4];
        DomainName.CopyLower(name, lower);
        return lower[..name.Length].SequenceEqual(asked[..^4]) && answered[^4..].SequenceEqual(asked[^4..]);
    }

    // RFC 1035 section 3.3.14: one or more strings of up to 255 octets, which belong together.
    private static string Text(ReadOnlySpan<byte> rdata)
    {
        var text = new StringBuilder();
        while (rdata.Length > 0 && rdata[0] < rdata.Length)
        {
            text.Append(Encoding.Latin1.GetString(rdata.Slice(1, rdata[0])));
            rdata = rdata[(rdata[0] + 1)..];
        }

        return text.ToString();
    }
}

/// <summary>Record types that a proof can consist of (RFC 1035 section 3.2.2, RFC 3596).</summary>
internal static class DnsTypes
{
    public const ushort A = 1;

    public const ushort Cname = 5;

    public const ushort Txt = 16;

    public const ushort Aaaa = 28;
}

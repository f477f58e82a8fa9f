using Gateway.Dns.Wire;

namespace Gateway.Dns.Forwarding;

/// <summary>The query that goes to an upstream: the client's question under our ID and with our OPT record, for EDNS goes from hop to hop (RFC 6891 section 6.1.1).</summary>
internal static class UpstreamQuery
{
    /// <summary>Octets of the longest one: header, the longest question, an OPT record without options.</summary>
    public const int Longest = Request.HeaderLength + 255 + 4 + OptLength;

    private const int OptLength = 11;
    private const int OptType = 41;
    private const int RecursionDesired = 0x0100;

    // RFC 6840 section 5.7 and RFC 4035 section 3.2.2: AD in a query and CD are wishes that concern the resolver.
    private const int PassedOn = 0x0030;

    /// <summary>Writes it and returns its length; 0 when the client's message is no query.</summary>
    /// <param name="to">At least <see cref="Longest"/> octets.</param>
    /// <param name="client">The client's message.</param>
    /// <param name="id">Random: whoever guesses it and the port can answer for the upstream (RFC 5452 section 9.2).</param>
    /// <param name="udpSize">Octets of a UDP answer that we take.</param>
    public static int Write(Span<byte> to, ReadOnlySpan<byte> client, ushort id, int udpSize)
    {
        if (!Request.TryRead(client, out var request) || request.NameLength == 0) return 0;
        client[..request.QuestionEnd].CopyTo(to);
        Octets.Write16(to, 0, id);
        Octets.Write16(to, 2, RecursionDesired | (request.Flags & PassedOn));
        Octets.Write16(to, 4, 1);
        Octets.Write32(to, 6, 0);
        Octets.Write16(to, 10, 1);
        var opt = to.Slice(request.QuestionEnd, OptLength);
        opt.Clear();
        Octets.Write16(opt, 1, OptType);
        Octets.Write16(opt, 3, udpSize);
        if (request.Edns.DnssecOk) Octets.Write32(opt, 5, 0x8000);
        return request.QuestionEnd + OptLength;
    }

    /// <summary>The question in a query of ours.</summary>
    public static ReadOnlySpan<byte> Question(ReadOnlySpan<byte> query) => query[Request.HeaderLength..^OptLength];
}

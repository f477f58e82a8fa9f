using Gateway.Dns.Transfer;
using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model.Records;

namespace Gateway.Dns;

/// <summary>What <see cref="Responder"/> did, for those who count and limit answers.</summary>
/// <param name="Rcode">The response code.</param>
/// <param name="Zone">The zone that answered; null when there is none.</param>
/// <param name="Trusted">The client proved its address: by a cookie or by using TCP.</param>
/// <param name="Forwardable">The client wants, and may have, recursion, and the name lies outside all zones.</param>
/// <param name="Type">What was asked for; 0: no question that could be read.</param>
internal readonly record struct Verdict(Rcode Rcode, Zone? Zone, bool Trusted, bool Forwardable = false, RecordType Type = 0);

/// <summary>
/// The whole name server as one function: a query in, a response out. It knows no socket and no clock, allocates nothing, and
/// never throws for what a peer sent.
/// </summary>
internal sealed partial class Responder(ResponderOptions options)
{
    /// <summary>The longest message of all: what TCP's length can say (RFC 1035 section 4.2.2).</summary>
    public const int LongestMessage = 65_535;

    /// <summary>What every client can take by UDP (RFC 1035 section 4.2.1).</summary>
    private const int PlainUdp = 512;

    private const int AuthoritativeFlag = 0x0400;
    private const ushort ClassIn = 1;

    /// <summary>Answers a query. Returns the length of the response; 0 means that none must be sent.</summary>
    public int Respond(ReadOnlySpan<byte> query, Span<byte> response, ZoneSet zones, in Client client) =>
        Respond(query, response, zones, client, out _);

    /// <summary>Answers a query and tells what it did. <paramref name="response"/> holds at least 512 octets.</summary>
    public int Respond(ReadOnlySpan<byte> query, Span<byte> response, ZoneSet zones, in Client client, out Verdict verdict)
    {
        verdict = default;
        if (!Request.TryRead(query, out var request)) return 0;
        if (request.IsSigned) return RespondSigned(request, response, zones, client, out verdict);
        if (request.Type == RecordType.Ixfr && TryRespondIncrement(request, response, zones, client, null, out var increment, out verdict)) return increment;
        Span<byte> cookie = stackalloc byte[Cookies.Length];
        var opt = OpenOpt(request, client, cookie, out var trusted);
        var writer = new MessageWriter(response, LimitOf(request, client), request);
        if (request.Edns.Present) writer.Reserve(opt.Length);

        // Opcode, RD and CD come back (RFC 1035 section 4.1.1, RFC 4035 section 3.1.6); QR is set; AD and the reserved bit are not.
        var flags = FlagsFor(request, client);
        Zone? zone = null;
        var rcode = Refusal(request, ref opt);
        if (rcode == Rcode.NoError && options.RequiresCookies && opt.Cookie.Length > 0 && !trusted && !client.OverTcp) rcode = Rcode.BadCookie;
        if (rcode == Rcode.NoError && request.NameLength > 0) rcode = Answer(request, ref writer, zones, ref flags, ref opt, out zone);
        if (!writer.Ok) writer.Truncate(ref flags);
        verdict = new Verdict(rcode, zone, trusted || client.OverTcp, rcode == Rcode.Refused && IsForwardable(request, client, opt), request.Type);
        return writer.Finish(request, flags, rcode, opt);
    }

    private OptReply OpenOpt(in Request request, in Client client, Span<byte> cookie, out bool trusted)
    {
        var opt = new OptReply { Size = (ushort)options.UdpSize, DnssecOk = request.Edns.DnssecOk, Error = ExtendedError.None };
        trusted = false;
        if (request.Edns.WantsNsid) opt.Nsid = options.Nsid;
        if (!request.Edns.HasCookie || options.Cookies is not { } cookies) return opt;
        trusted = cookies.Renew(request.Edns.Cookie, client, cookie);
        opt.Cookie = cookie;
        return opt;
    }

    private int LimitOf(in Request request, in Client client)
    {
        if (client.OverTcp) return LongestMessage;
        return request.Edns.Present ? Math.Clamp(request.Edns.Size, PlainUdp, options.UdpSize) : PlainUdp;
    }

    /// <summary>What is refused before any zone is looked at.</summary>
    private static Rcode Refusal(in Request request, ref OptReply opt)
    {
        if (request.Opcode != Opcode.Query) return request.Opcode == Opcode.Update ? Rcode.Refused : Rcode.NotImp;
        if (request.Fault != Rcode.NoError) return request.Fault;
        if (request.Edns.Version != 0) return Rcode.BadVers;
        if (request.NameLength == 0) return Rcode.NoError;
        if (request.Class != ClassIn) return Refuse(ref opt, ExtendedError.NotAuthoritative);
        return request.Type switch
        {
            RecordType.Opt or RecordType.Tsig => Rcode.FormErr,
            RecordType.Tkey or RecordType.Maila or RecordType.Mailb => Rcode.NotImp,
            RecordType.Axfr or RecordType.Ixfr => Refuse(ref opt, ExtendedError.Prohibited),
            _ => Rcode.NoError,
        };
    }

    private static Rcode Refuse(ref OptReply opt, ExtendedError why)
    {
        opt.Error = why;
        return Rcode.Refused;
    }
}

/// <summary>What a <see cref="Responder"/> needs to know.</summary>
internal sealed record ResponderOptions
{
    /// <summary>Octets, 512 to 4096: the longest UDP answer. 1232 passes every network (DNS flag day 2020).</summary>
    public int UdpSize { get; init; } = 1232;

    /// <summary>Who we are, for clients that ask; empty for none.</summary>
    public byte[] Nsid { get; init; } = [];

    /// <summary>Makes and checks cookies; null for none.</summary>
    public Cookies? Cookies { get; init; }

    /// <summary>UDP clients that know cookies are answered only when theirs is valid (RFC 7873 section 5.2.3); the others as ever.</summary>
    public bool RequiresCookies { get; init; }

    /// <summary>The keys that queries may be signed with.</summary>
    public TsigKeys Keys { get; init; } = new([]);

    /// <summary>Gives the changes of zones; null for to nobody.</summary>
    public Transfers? Transfers { get; init; }
}

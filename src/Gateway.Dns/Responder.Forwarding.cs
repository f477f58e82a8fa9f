using Gateway.Dns.Forwarding;
using Gateway.Dns.Wire;

namespace Gateway.Dns;

/// <summary>Answers that others gave us for the operator's own clients.</summary>
internal sealed partial class Responder
{
    private const int RecursionDesired = 0x0100;
    private const int RecursionAvailable = 0x0080;

    /// <summary>
    /// Writes the answer of an upstream as the response to a query: its code and records, our flags and our OPT record. Returns the
    /// length; 0 when the query is none.
    /// </summary>
    public int Relay(ReadOnlySpan<byte> query, in UpstreamAnswer answer, Span<byte> response, in Client client)
    {
        if (!Request.TryRead(query, out var request)) return 0;
        Span<byte> cookie = stackalloc byte[Cookies.Length];
        var opt = OpenOpt(request, client, cookie, out _);
        var writer = new MessageWriter(response, LimitOf(request, client), request);
        if (request.Edns.Present) writer.Reserve(opt.Length);
        var flags = FlagsFor(request, client);
        writer.Foreign(answer.Records, answer.Answers, answer.Authorities, answer.Additional);
        if (!writer.Ok || answer.IsTruncated) writer.Truncate(ref flags);
        return writer.Finish(request, flags, answer.Rcode, opt);
    }

    /// <summary>Writes that no upstream gave an answer. Returns the length; 0 when the query is none.</summary>
    public int Fail(ReadOnlySpan<byte> query, Span<byte> response, in Client client)
    {
        if (!Request.TryRead(query, out var request)) return 0;
        Span<byte> cookie = stackalloc byte[Cookies.Length];
        var opt = OpenOpt(request, client, cookie, out _);
        opt.Error = ExtendedError.NetworkError;
        var writer = new MessageWriter(response, LimitOf(request, client), request);
        return writer.Finish(request, FlagsFor(request, client), Rcode.ServFail, opt);
    }

    private static int FlagsFor(in Request request, in Client client) =>
        0x8000 | (request.Flags & 0x7910) | (client.RecursionAvailable ? RecursionAvailable : 0);

    // Of all refusals only that of a name outside has this error and our class.
    private static bool IsForwardable(in Request request, in Client client, in OptReply opt) =>
        client.RecursionAvailable && (request.Flags & RecursionDesired) != 0 && request.Class == ClassIn && opt.Error == ExtendedError.NotAuthoritative;
}

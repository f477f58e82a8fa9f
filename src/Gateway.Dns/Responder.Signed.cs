using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;

namespace Gateway.Dns;

/// <summary>Queries with a TSIG record (RFC 8945): answered as if they had none, and the answer is signed. These allocate; nobody floods with a secret.</summary>
internal sealed partial class Responder
{
    /// <summary>Octets that the longest question, and an OPT record with all that it can hold, take.</summary>
    private const int SmallestAnswer = 400;

    private int RespondSigned(in Request request, Span<byte> response, ZoneSet zones, in Client client, out Verdict verdict)
    {
        verdict = new Verdict(Rcode.FormErr, null, client.OverTcp, Type: request.Type);
        if (!SignedRequest.TryRead(request.Message, options.Keys, client.Now, out var signed) || signed is null) return WriteError(request, response, Rcode.FormErr);
        // Names of such a length are nobody's key.
        if (response.Length < SmallestAnswer + signed.Overhead) return 0;
        verdict = new Verdict(Rcode.NotAuth, null, client.OverTcp, Type: request.Type);
        if (signed.Worth != SignatureWorth.Good) return signed.Refuse(request.Message, response, client.Now);
        if (TryRespondIncrement(request, response, zones, client, signed, out var increment, out verdict)) return increment;
        var room = Math.Max(LimitOf(request, client) - signed.Overhead, SmallestAnswer);
        var length = Respond(SignedRequest.WithoutSignature(request.Message), response[..Math.Min(room, response.Length - signed.Overhead)], zones, client, out verdict);
        // An upstream's answer could not be signed as ours.
        verdict = verdict with { Forwardable = false };
        return length == 0 ? 0 : signed.Sign(response, length, client.Now);
    }

    /// <summary>Writes a response that is a code, the question, and an OPT record if the request has one. Returns its length.</summary>
    public static int WriteError(in Request request, Span<byte> response, Rcode rcode)
    {
        var writer = new MessageWriter(response, LongestMessage, request);
        return writer.Finish(request, 0x8000 | (request.Flags & 0x7910), rcode, OptReply.Plain);
    }
}

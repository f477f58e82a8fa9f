using System.Net;
using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;
using Gateway.Dns.Zones;
using Gateway.Model.Records;

namespace Gateway.Dns;

/// <summary>IXFR by UDP. These allocate; only those who may transfer zones come here.</summary>
internal sealed partial class Responder
{
    /// <summary>Answers an IXFR in one datagram. False when it is to be refused like any stranger's, or came by TCP.</summary>
    private bool TryRespondIncrement(in Request request, Span<byte> response, ZoneSet zones, in Client client, SignedRequest? signature, out int length, out Verdict verdict)
    {
        (length, verdict) = (0, default);
        if (options.Transfers is not { } transfers || client.OverTcp || request.Type != RecordType.Ixfr || !Transfer.Transfers.Concerns(request)) return false;
        var address = new IPAddress(client.Address);
        if (!transfers.Allows(address, signature)) return false;
        var room = Math.Min(LimitOf(request, client), response.Length);
        length = transfers.AnswerDatagram(request, zones, address, signature, response[..room], client.Now, out var zone, out var rcode);
        verdict = new Verdict(rcode, zone, Trusted: false, Type: request.Type);
        return true;
    }
}

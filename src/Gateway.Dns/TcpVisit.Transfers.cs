using Gateway.Dns.Transfer;
using Gateway.Dns.Tsig;
using Gateway.Dns.Wire;

namespace Gateway.Dns;

/// <summary>Zone transfers over the connection: what was asked before is answered first, what is asked after waits until they are sent.</summary>
internal sealed partial class TcpVisit
{
    private Transfer.Transfer? _transfer;

    /// <summary>Opens the transfer that the query asks for; a refusal is an answer like any other. False when it asks for none that we could give.</summary>
    private bool TryTransfer(ReadOnlySpan<byte> query, uint now)
    {
        if (_answering.Transfers is not { } transfers || !Request.TryRead(query, out var request) || !Transfers.Concerns(request)) return false;
        SignedRequest? signature = null;
        // What is wrong with a signature is the responder's to say.
        if (request.IsSigned && !(SignedRequest.TryRead(query, transfers.Keys, now, out signature) && signature?.Key is not null)) return false;
        if (transfers.TryOpen(request, _answering.Zones, _client, signature, out _transfer, out var rcode)) return true;
        var response = _output.AsSpan(_written + LengthOctets);
        var length = Responder.WriteError(request, response, rcode);
        Frame(signature?.Sign(response, length, now) ?? length);
        return true;
    }

    private async Task SendTransferAsync()
    {
        if (_transfer is not { } transfer) return;
        while (transfer.Next(_output.AsSpan(LengthOctets), _answering.Time.GetUtcNow().ToUnixTimeSeconds()) is var length and > 0)
        {
            Frame(length);
            await SendAsync();
        }

        transfer.Dispose();
        _transfer = null;
    }
}

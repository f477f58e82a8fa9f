using Gateway.Dns.Wire;

namespace Gateway.Dns;

/// <summary>Queries over the connection that are forwarded: one at a time, so that a client cannot have more in flight than it has connections.</summary>
internal sealed partial class TcpVisit
{
    private TaskCompletionSource<byte[]>? _forwarded;

    /// <summary>Hands a query over. Returns the length of the failure that is to be sent now, or 0.</summary>
    private int Forward(ReadOnlySpan<byte> query, Span<byte> response, in Client client, ref Verdict verdict)
    {
        var answered = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_answering.Forwarder!.TryTake(query, client.Address, overTcp: true, answer => answered.TrySetResult(answer.ToArray())))
        {
            _forwarded = answered;
            return 0;
        }

        verdict = verdict with { Rcode = Rcode.ServFail };
        return _answering.Responder.Fail(query, response, client);
    }

    private async Task AwaitForwardedAsync()
    {
        if (_forwarded is not { } forwarded) return;
        _deadline.CancelAfter(_answering.Forwarder!.Patience + _limits.Stall);
        var answer = await forwarded.Task.WaitAsync(_deadline.Token);
        _forwarded = null;
        answer.CopyTo(_output.AsSpan(_written + LengthOctets));
        Frame(answer.Length);
        await SendAsync();
    }
}

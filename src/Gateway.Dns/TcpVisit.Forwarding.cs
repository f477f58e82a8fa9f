using System.Net.Sockets;
using Gateway.Dns.Wire;

namespace Gateway.Dns;

/// <summary>
/// Queries over the connection that are forwarded. Each one's answer goes out when it comes, whatever was asked before or after
/// it (RFC 7766 section 6.2.1.1): only the sending takes turns.
/// </summary>
internal sealed partial class TcpVisit
{
    /// <summary>Queries of one connection that wait for resolvers; with so many no more is read.</summary>
    private const int MostForwarded = 100;

    private readonly SemaphoreSlim _sending = new(1, 1);
    private List<Task>? _forwarded;

    private bool IsFull => _forwarded is { Count: >= MostForwarded };

    /// <summary>How long a client may say nothing while resolvers are at work for it, beyond what it may otherwise.</summary>
    private TimeSpan Patience => _forwarded is { Count: > 0 } ? _answering.Forwarder!.Patience : TimeSpan.Zero;

    /// <summary>Hands a query over. Returns the length of the failure that is to be sent now, or 0.</summary>
    private int Forward(ReadOnlySpan<byte> query, Span<byte> response, in Client client, ref Verdict verdict)
    {
        var answered = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_answering.Forwarder!.TryTake(query, client.Address, overTcp: true, answer => answered.TrySetResult(Framed(answer))))
        {
            (_forwarded ??= []).Add(RelayAsync(answered.Task));
            return 0;
        }

        verdict = verdict with { Rcode = Rcode.ServFail };
        return _answering.Responder.Fail(query, response, client);
    }

    private async Task RelayAsync(Task<byte[]> answered)
    {
        using var deadline = new CancellationTokenSource(_answering.Forwarder!.Patience + _limits.Stall, _answering.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _deadline.Token);
        try
        {
            await SendAsync(await answered.WaitAsync(either.Token), either.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Nobody reads, or an answer never came: the connection has no use any more, and its client asks again.
            await _deadline.CancelAsync();
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> frame, CancellationToken deadline)
    {
        await _sending.WaitAsync(deadline);
        try
        {
            for (var at = 0; at < frame.Length;) at += await _socket.SendAsync(frame[at..], deadline);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Waits until there is room for more forwarded queries.</summary>
    private async Task AwaitRoomAsync()
    {
        if (_forwarded is not { } forwarded) return;
        if (IsFull) await Task.WhenAny(forwarded).WaitAsync(_deadline.Token);
        forwarded.RemoveAll(relay => relay.IsCompleted);
    }

    /// <summary>Waits for every answer that is still owed; after the deadline only for the relays' end.</summary>
    private Task AwaitForwardedAsync() => Task.WhenAll(_forwarded ?? []);

    private static byte[] Framed(ReadOnlySpan<byte> answer)
    {
        var frame = new byte[LengthOctets + answer.Length];
        Octets.Write16(frame, 0, answer.Length);
        answer.CopyTo(frame.AsSpan(LengthOctets));
        return frame;
    }
}

using Gateway.Transport.Yamux.Frames;

namespace Gateway.Transport.Yamux;

/// <summary>
/// The three loops of a session: one reads the carrier, one writes it, one counts the time. Each ends when the session is over,
/// and each may be what ends it.
/// </summary>
internal sealed class SessionLoops(Duplex carrier, Outbox outbox, Inbox inbox, Heartbeat heartbeat, Action<YamuxEndReason, string> end, CancellationToken over)
{
    // A few whole frames at once, where a peer sends so fast.
    private const int Largest = 256 * 1024;

    /// <summary>Reads frames until the carrier ends or the peer breaks a rule.</summary>
    public async Task ReadAsync()
    {
        var buffer = new ElasticBuffer(Largest);
        try
        {
            await ReadAsync(buffer);
        }
        catch (IOException e)
        {
            end(YamuxEndReason.CarrierBroke, e.Message);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The session is over.
        }
        finally
        {
            buffer.Free();
        }
    }

    /// <summary>Writes what the outbox has, until it is closed and empty.</summary>
    public async Task WriteAsync()
    {
        try
        {
            while (await outbox.TakeAsync() is { Count: > 0 } batch)
            {
                heartbeat.BeginWrite();
                await carrier.WriteAsync(batch, over);
                heartbeat.EndWrite();
                outbox.GiveBack(batch);
            }
        }
        catch (IOException e)
        {
            end(YamuxEndReason.CarrierBroke, e.Message);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The session is over.
        }
    }

    /// <summary>Asks for signs of life until there are none.</summary>
    public async Task BeatAsync()
    {
        try
        {
            end(YamuxEndReason.PeerSilent, await heartbeat.RunAsync(over));
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The session is over.
        }
    }

    private async Task ReadAsync(ElasticBuffer buffer)
    {
        var kept = 0;
        while (true)
        {
            var read = await carrier.ReadAsync(buffer.From(kept), over);
            if (read == 0)
            {
                end(kept == 0 ? YamuxEndReason.PeerEnded : YamuxEndReason.CarrierBroke, "the peer closed the connection");
                return;
            }
            heartbeat.Heard();
            var there = kept + read;
            var used = inbox.Read(buffer.Span(there), out var fault);
            if (fault != FrameFault.None)
            {
                end(YamuxEndReason.PeerMisbehaved, fault.Phrase);
                return;
            }
            kept = buffer.Keep(used, there);
            await outbox.WaitForRoomAsync();
        }
    }
}

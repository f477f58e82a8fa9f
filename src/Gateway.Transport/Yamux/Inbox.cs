using Gateway.Transport.Yamux.Frames;

namespace Gateway.Transport.Yamux;

/// <summary>What the peer's frames mean. Owned by the session's reader; it never waits and never throws for what the peer sent.</summary>
internal sealed class Inbox(YamuxSession session, StreamTable streams, Heartbeat heartbeat, YamuxOptions options)
{
    private uint _payloadLeft;
    private YamuxStream? _current;
    private bool _currentEnds;
    private bool _showsThatItHears;

    /// <summary>Works through what has come; the rest, less than a header, is to be shown again with what follows.</summary>
    public int Read(ReadOnlySpan<byte> bytes, out FrameFault fault)
    {
        fault = FrameFault.None;
        var reader = new FrameReader(bytes, _payloadLeft);
        while (fault == FrameFault.None)
        {
            if (reader.PayloadLeft > 0)
            {
                var payload = reader.ReadPayload();
                if (payload.IsEmpty) break;
                fault = OnPayload(payload, reader.PayloadLeft == 0);
            }
            else if (reader.TryReadHeader(out var header)) fault = OnFrame(header);
            else break;
        }
        if (_showsThatItHears) heartbeat.HeardUs();
        _showsThatItHears = false;
        _payloadLeft = reader.PayloadLeft;
        if (fault == FrameFault.None) fault = reader.Fault;
        return reader.Position;
    }

    private FrameFault OnFrame(FrameHeader header) => header.Kind switch
    {
        FrameKind.Ping => OnPing(header),
        FrameKind.GoAway => OnGoAway(header),
        _ => OnStreamFrame(header),
    };

    private FrameFault OnPing(FrameHeader ping)
    {
        if (ping.Has(FrameFlags.Syn)) session.Outbox.Send(FrameKind.Ping, FrameFlags.Ack, 0, ping.Length);
        else if (ping.Has(FrameFlags.Ack)) heartbeat.Answered(ping.Length);
        return FrameFault.None;
    }

    private FrameFault OnGoAway(FrameHeader goAway)
    {
        session.OnGoAway(goAway.Length);
        return FrameFault.None;
    }

    private FrameFault OnStreamFrame(FrameHeader header)
    {
        if (header.Has(FrameFlags.Syn) && OnSyn(header.Stream) is not FrameFault.None and var refused) return refused;
        var stream = streams.Find(header.Stream);
        stream?.Acknowledge();
        var fault = header.Kind == FrameKind.Data ? OnData(stream, header) : OnWindowUpdate(stream, header);
        if (fault == FrameFault.None && header.Has(FrameFlags.Rst)) stream?.BreakByPeer();
        return fault;
    }

    private FrameFault OnSyn(uint id)
    {
        if (!streams.IsPeers(id)) return FrameFault.Parity;
        if (streams.Find(id) is not null) return FrameFault.DuplicateSyn;
        session.Offer(id);
        return FrameFault.None;
    }

    private FrameFault OnData(YamuxStream? stream, FrameHeader header)
    {
        // A stream that is gone may still be sent to, but never more than the largest credit it can have had.
        if (stream is null ? header.Length > options.MaxWindow : !stream.TrySpend(header.Length)) return FrameFault.CreditOverrun;
        (_current, _currentEnds) = (stream, header.Has(FrameFlags.Fin));
        return header.Length == 0 ? OnPayloadEnd() : FrameFault.None;
    }

    private FrameFault OnWindowUpdate(YamuxStream? stream, FrameHeader header)
    {
        if (stream is null) return FrameFault.None;
        if (!stream.TryAddCredit(header.Length)) return FrameFault.CreditOverflow;
        _showsThatItHears |= header.Length > 0;
        return header.Has(FrameFlags.Fin) && !stream.TryEndByPeer() ? FrameFault.UnexpectedFin : FrameFault.None;
    }

    private FrameFault OnPayload(ReadOnlySpan<byte> payload, bool isLast)
    {
        if (_current is { } stream)
        {
            _showsThatItHears = true;
            stream.Deliver(payload);
            session.Budget.Relieve();
        }
        return isLast ? OnPayloadEnd() : FrameFault.None;
    }

    private FrameFault OnPayloadEnd()
    {
        var (stream, ends) = (_current, _currentEnds);
        (_current, _currentEnds) = (null, false);
        return ends && stream is not null && !stream.TryEndByPeer() ? FrameFault.UnexpectedFin : FrameFault.None;
    }
}

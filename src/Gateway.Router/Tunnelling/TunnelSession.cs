using System.Net;
using Gateway.Model;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;

namespace Gateway.Router.Tunnelling;

/// <summary>One connected tunnel client, after it proved its secret. <see cref="TunnelListener"/> owns the session beneath.</summary>
internal sealed class TunnelSession(long id, TunnelOffer offer, EndPoint? remote, bool isTls, YamuxSession session)
{
    /// <summary>What we make use of when a client offers it.</summary>
    public const TunnelFeatures Known = TunnelFeatures.HandsOnAddresses;

    private int _expected;

    /// <summary>Numbers sessions since the start, so that nothing kept for one is used for another.</summary>
    public long Id { get; } = id;

    /// <summary>What it proved.</summary>
    public Secret Secret => offer.Secret;

    /// <summary>What it calls itself, fit for a log line; empty: nothing.</summary>
    public string Name { get; } = offer.Hello?.Name ?? "";

    /// <summary>Which visitors it takes.</summary>
    public ServedTraffic Serves { get; } = offer.Hello?.Serves ?? ServedTraffic.Any;

    /// <summary>What was agreed on.</summary>
    public TunnelFeatures Features { get; } = (offer.Hello?.Features ?? TunnelFeatures.None) & Known;

    /// <summary>True: each visitor's bytes are preceded by a <see cref="VisitorHeader"/>.</summary>
    public bool Announces { get; } = offer.Hello is not null;

    /// <summary>Where it came from.</summary>
    public EndPoint? Remote { get; } = remote;

    /// <summary>How it is spoken to, for people.</summary>
    public string Protocol { get; } = (offer.Hello is null ? "1" : "2") + (isTls ? " over TLS" : "");

    /// <summary>How log lines name it.</summary>
    public string Label { get; } = $"tunnel {id}";

    /// <summary>Visitors in it now, and those who are about to come.</summary>
    public int Streams => session.Streams + Volatile.Read(ref _expected) - (offer.Control is null ? 0 : 1);

    /// <summary>True while it takes visitors.</summary>
    public bool IsOpen => session.IsOpen;

    /// <summary>Cancelled to make room for a newer session of the same secret.</summary>
    public CancellationTokenSource Displaced { get; } = new();

    /// <summary>Counts a visitor before his stream is open; <see cref="OpenExpectedAsync"/> has to follow.</summary>
    public void Expect() => Interlocked.Increment(ref _expected);

    /// <summary>A stream for the visitor who was expected; null when the session is over or full.</summary>
    public async ValueTask<YamuxStream?> OpenExpectedAsync(CancellationToken stop)
    {
        try
        {
            return await session.OpenAsync(stop);
        }
        finally
        {
            Interlocked.Decrement(ref _expected);
        }
    }

    /// <summary>
    /// Tells the client that the session closes after this time, so that it takes another; visitors still come through this one
    /// until then.
    /// </summary>
    public async Task GoAwayAsync(TimeSpan closes, CancellationToken stop)
    {
        try
        {
            if (offer.Control is { } control) await control.WriteAsync(TunnelNotice.GoingAway(closes).Encode(), stop);
            await session.GoAwayAsync(0, stop);
        }
        catch (IOException)
        {
            // It is gone already.
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It does not even read; its end comes with the end of the node.
        }
    }
}

using System.Net;
using Gateway.Model;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;

namespace Gateway.Router.Tunnelling;

/// <summary>One connected tunnel client, after it proved its secret. <see cref="TunnelListener"/> owns the session beneath.</summary>
internal sealed class TunnelSession(long id, TunnelOffer offer, TunnelFeatures features, EndPoint? remote, bool isTls, DateTimeOffset since, YamuxSession session)
{
    /* A visitor who is gone holds a session that is leaving so much longer. */
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private int _expected;
    private volatile bool _isLeaving;

    /// <summary>Numbers sessions since the start, so that nothing kept for one is used for another.</summary>
    public long Id { get; } = id;

    /// <summary>What it proved.</summary>
    public Secret Secret => offer.Secret;

    /// <summary>What it calls itself, fit for a log line; empty: nothing.</summary>
    public string Name { get; } = offer.Hello?.Name ?? "";

    /// <summary>Which visitors it takes.</summary>
    public ServedTraffic Serves { get; } = offer.Hello?.Serves ?? ServedTraffic.Any;

    /// <summary>What was agreed on.</summary>
    public TunnelFeatures Features { get; } = features;

    /// <summary>Tells the client something on the first stream; null with a client of the old protocol.</summary>
    public NoticeWriter? Notices { get; } = offer.Control is { } control ? new NoticeWriter(control) : null;

    /// <summary>The connections that the client keeps ready; null when that was not agreed on.</summary>
    public DirectPool? Direct { get; init; }

    /// <summary>True: each visitor's bytes are preceded by a <see cref="VisitorHeader"/>.</summary>
    public bool Announces { get; } = offer.Hello is not null;

    /// <summary>Where it came from.</summary>
    public EndPoint? Remote { get; } = remote;

    /// <summary>How it is spoken to, for people.</summary>
    public string Protocol { get; } = (offer.Hello is null ? "1" : "2") + (isTls ? " over TLS" : "");

    /// <summary>When it came.</summary>
    public DateTimeOffset Since { get; } = since;

    /// <summary>As the operator may see it.</summary>
    public TunnelFacts Facts => new(RedisSchema.TunnelId(Secret), Id, Remote?.ToString() ?? "", Name, Protocol, Math.Max(0, Streams), Direct?.Ready ?? 0, session.RoundTrip, Since);

    /// <summary>How log lines name it.</summary>
    public string Label { get; } = $"tunnel {id}";

    /// <summary>Visitors in it now, and those who are about to come.</summary>
    public int Streams => session.Streams + Volatile.Read(ref _expected) + (Direct?.Visitors ?? 0) - (offer.Control is null ? 0 : 1);

    /// <summary>How long ago the last sign of life came.</summary>
    public TimeSpan Silence => session.Silence;

    /// <summary>True while it takes visitors.</summary>
    public bool IsOpen => session.IsOpen;

    /// <summary>True once <see cref="LeaveAsync"/> was called: visitors take another session where there is one.</summary>
    public bool IsLeaving => _isLeaving;

    /// <summary>Ends when it has had nearly as many visitors as the protocol counts: it should be followed by another.</summary>
    public Task RunsOut => session.RunsOut;

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

    /// <summary>A connection of his own for the visitor who was expected. Null: there is none, and he is still expected.</summary>
    public async ValueTask<SocketDuplex?> TakeDirectAsync(CancellationToken stop)
    {
        if (Direct is null || await Direct.TakeAsync(stop) is not { } connection) return null;
        Interlocked.Decrement(ref _expected);
        return connection;
    }

    /// <summary>
    /// Tells the client to take another session, and waits until this one may be closed: its visitors have left, as a rule. It returns
    /// at the stop too, and throws nothing.
    /// </summary>
    public async Task LeaveAsync(Func<bool> mayClose, TimeProvider time, CancellationToken stop)
    {
        _isLeaving = true;
        await session.GoAwayAsync(0, CancellationToken.None);
        while (!stop.IsCancellationRequested && !mayClose()) await Task.Delay(LookAgain, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Tells the client that the session closes after this time, so that it takes another; visitors still come through this one
    /// until then.
    /// </summary>
    public ValueTask GoAwayAsync(TimeSpan closes, CancellationToken stop)
    {
        Notices?.TryTell(TunnelNotice.GoingAway(closes));
        return session.GoAwayAsync(0, stop);
    }
}

using System.Net;
using Gateway.Router.Routing;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Tls;
using Gateway.Transport.Yamux;
using Microsoft.Extensions.Logging;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// The port of the tunnel clients, who speak TLS or, where the operator lets them, yamux at once: the first byte says which. Only
/// a secret that some route names is accepted; everybody else hears a go-away and no other word, so that a stranger learns nothing but
/// that its guess was wrong, and holds a descriptor for the handshake's deadline, as a rule.
/// </summary>
internal sealed class TunnelListener(
    RouteTable routes, Tunnels tunnels, Func<TunnelCertificate?> certificate, RouterOptions options, RouterMetrics metrics, TimeProvider time, ILogger log)
{
    /// <summary>Bytes that all tunnel clients together may have buffered here.</summary>
    private const long MaxBuffered = 1L << 30;

    /// <summary>A refused client need not ask more often: a reservation takes a moment to arrive, and a node to start.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly AddressBudget _guests = new(options.TunnelsPerAddress);
    private readonly YamuxOptions _session = YamuxOptions.Default.Beating(options.TunnelHeartbeat) with { Shared = new ByteBudget(MaxBuffered), FirstId = options.FirstStream };
    private readonly HandshakePace _pace = new(options.TunnelHandshakesPerSecond, options.TunnelHandshakesPerAddress, options.TunnelsPerAddress, time);
    private readonly DirectTokens _tokens = new(options.MaxTunnels);
    private long _lastId;

    /// <summary>The story of one tunnel client: prove, join, carry visitors, leave.</summary>
    public async Task VisitAsync(SocketDuplex carrier, CancellationToken stop)
    {
        await using var owned = carrier;
        if (!_guests.TryTake(carrier.Remote, 1))
        {
            await SendAwayAsync(carrier, "crowded", stop);
            return;
        }

        var isGuest = true;
        try
        {
            if (await FirstByteAsync(carrier, stop) is not { } first) return;
            if (first == DirectPreamble.FirstByte)
            {
                if (await RedeemAsync(carrier, stop) is not { } pool) return;

                // A visitor's from now on, or ready to be: it counts as a guest no more.
                isGuest = false;
                _guests.Give(carrier.Remote, 1);
                await pool.KeepAsync(carrier, stop);
                return;
            }

            if (_pace.Take(carrier.Remote) is not { } wait || tunnels.Count >= options.MaxTunnels)
            {
                await SendAwayAsync(carrier, "paced", stop);
                return;
            }

            // Off the poller: a TLS handshake is more than one thread's other visitors should wait for.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, stop);
            using var deadline = new Deadline(options.HandshakeTimeout, time, stop);
            if (await OpenAsync(carrier, first, deadline) is { } opened) await ServeAsync(opened, deadline, stop);
        }
        finally
        {
            if (isGuest) _guests.Give(carrier.Remote, 1);
        }
    }

    private async ValueTask<byte?> FirstByteAsync(SocketDuplex carrier, CancellationToken stop)
    {
        // As a rule it came with the connection.
        var first = new byte[1];
        if (carrier.Peek(first) > 0) return first[0];
        using var deadline = new Deadline(options.HandshakeTimeout, time, stop);
        try
        {
            if (await carrier.PeekAsync(first, deadline.Token) > 0) return first[0];
            Refuse(carrier.Remote, "left");
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            Refuse(carrier.Remote, "too slow");
            if (options.TunnelPlain) await SayGoAwayAsync(carrier);
        }
        catch (IOException)
        {
            Refuse(carrier.Remote, "left");
        }

        return null;
    }

    /// <summary>To one that had its time: a few bytes to an empty socket, and nobody waits until it hangs up.</summary>
    private static async ValueTask SayGoAwayAsync(SocketDuplex carrier)
    {
        try
        {
            await carrier.WriteAsync(YamuxSession.GoAwayFrame, CancellationToken.None);
        }
        catch (IOException)
        {
            // It left just now.
        }
    }

    /// <summary>The pool in which it is now, for it is a direct connection with a token of ours; null: it is turned away.</summary>
    private async ValueTask<DirectPool?> RedeemAsync(SocketDuplex carrier, CancellationToken stop)
    {
        var isStolen = false;
        if (await TokenAsync(carrier, stop) is { } token && _tokens.Redeem(token, carrier.Remote, out isStolen) is { } pool && pool.Arrived(token, carrier)) return pool;
        Refuse(carrier.Remote, isStolen ? "token of another address" : "unknown token");
        return null;
    }

    private async ValueTask<UInt128?> TokenAsync(SocketDuplex carrier, CancellationToken stop)
    {
        var preamble = new byte[DirectPreamble.Length];
        try
        {
            // A piece of it is rare enough to wait with a deadline; what is whole needs none.
            if (carrier.Peek(preamble) == preamble.Length) await carrier.ReadAsync(preamble, stop);
            else if (!await IsReadAsync(preamble, carrier, stop)) return null;
        }
        catch (IOException)
        {
            return null;
        }

        return DirectPreamble.TryDecode(preamble, out var token) ? token : null;
    }

    private async Task<bool> IsReadAsync(byte[] preamble, SocketDuplex carrier, CancellationToken stop)
    {
        using var deadline = new Deadline(options.HandshakeTimeout, time, stop);
        try
        {
            for (var there = 0; there < preamble.Length;)
            {
                var read = await carrier.ReadAsync(preamble.AsMemory(there), deadline.Token);
                if (read == 0) return false;
                there += read;
            }

            return true;
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            return false;
        }
    }

    /// <summary>
    /// Turned away before anything was read. The go-away tells a newer client that this is no server of the old protocol which did
    /// not understand it.
    /// </summary>
    private async Task SendAwayAsync(SocketDuplex carrier, string reason, CancellationToken stop)
    {
        Refuse(carrier.Remote, reason);
        if (options.TunnelPlain) await Farewell.SayAsync(carrier, YamuxSession.GoAwayFrame, time, stop);
    }

    /// <summary>What the session runs over: the connection itself, or TLS over it. Null: it is turned away.</summary>
    private async Task<Duplex?> OpenAsync(SocketDuplex carrier, byte first, Deadline deadline)
    {
        try
        {
            if (first == TlsDuplex.FirstByte && certificate() is { } current) return await TlsDuplex.AcceptAsync(carrier, current.Context, deadline.Token);
            return options.TunnelPlain ? carrier : Refuse(carrier.Remote, "not TLS");
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            return Refuse(carrier.Remote, "too slow");
        }
        catch (IOException)
        {
            return Refuse(carrier.Remote, "left");
        }
    }

    private async Task ServeAsync(Duplex carrier, Deadline deadline, CancellationToken stop)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(stop);
        TunnelOffer? offer = null;
        TunnelSession? tunnel = null;
        await using var session = new YamuxSession(carrier, YamuxRole.Server, _session, time);
        var running = session.RunAsync(life.Token);
        try
        {
            offer = await ReceiveAsync(session, carrier.Remote, deadline);
            if (offer is null) return;
            var id = Interlocked.Increment(ref _lastId);
            if (!await AnswerAsync(offer, carrier.Remote, id, deadline)) return;
            using var pool = Features(offer).HasFlag(TunnelFeatures.DirectConnections) ? new DirectPool(_tokens, carrier.Remote, () => session.RoundTrip, notice => tunnel!.Notices!.TryTell(notice), time) : null;
            tunnel = new TunnelSession(id, offer, Features(offer), carrier.Remote, carrier is TlsDuplex, time.GetUtcNow(), session) { Direct = pool };
            await JoinAsync(tunnel, session, running, life);
        }
        finally
        {
            if (offer?.Control is { } control) await control.DisposeAsync();
            await life.CancelAsync();
            await running;
        }
    }

    /// <summary>What the client proves, when it came in time.</summary>
    private async Task<TunnelOffer?> ReceiveAsync(YamuxSession session, EndPoint? remote, Deadline deadline)
    {
        try
        {
            var offer = await TunnelHandshake.ReceiveAsync(session, deadline.Token);
            if (offer is null) Refuse(remote, "no handshake");
            return offer;
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            Refuse(remote, "too slow");
            return null;
        }
    }

    /// <summary>Says to a newer client how it is decided; one of the old protocol learns it from what follows.</summary>
    private async Task<bool> AnswerAsync(TunnelOffer offer, EndPoint? remote, long id, Deadline deadline)
    {
        var refusal = Judge(offer);
        if (refusal != TunnelRefusal.None) Refuse(remote, refusal switch { TunnelRefusal.Unknown => "unknown secret", TunnelRefusal.Stopping => "stopping", _ => "unsupported" });
        if (offer.Control is not { } control) return refusal == TunnelRefusal.None;
        var answer = refusal == TunnelRefusal.None ? TunnelAnswer.Accept(id, Features(offer)) : TunnelAnswer.Refuse(refusal, RetryAfter);
        try
        {
            await control.WriteAsync(answer.Encode(), deadline.Token);
            if (refusal == TunnelRefusal.None) return true;
            await control.EndAsync(deadline.Token);
            // The client hangs up when it has read why; if we did first, it might lose the answer with the session.
            await control.ReadAsync(new byte[1], deadline.Token);
            return false;
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            return false;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>What we agree on: what the client offers, known here, and allowed by the operator.</summary>
    private TunnelFeatures Features(TunnelOffer offer) =>
        (offer.Hello?.Features ?? TunnelFeatures.None) & (options.TunnelDirect ? TunnelFeatures.HandsOnAddresses | TunnelFeatures.DirectConnections : TunnelFeatures.HandsOnAddresses);

    private TunnelRefusal Judge(TunnelOffer offer)
    {
        if (offer.InsistsOnUnknown) return TunnelRefusal.Unsupported;
        if (tunnels.IsLeaving) return TunnelRefusal.Stopping;
        return routes.Knows(offer.Secret, out _) ? TunnelRefusal.None : TunnelRefusal.Unknown;
    }

    private async Task JoinAsync(TunnelSession tunnel, YamuxSession session, Task<YamuxEnd> running, CancellationTokenSource life)
    {
        // Asked again, both: the last route may have gone since the proof, and the stop may have begun.
        if (!routes.Knows(tunnel.Secret, out var naming)) return;
        var began = time.GetTimestamp();
        using var displaced = tunnel.Displaced.Token.UnsafeRegister(static it => ((CancellationTokenSource)it!).Cancel(), life);
        await using var departure = new Departure(tunnel, naming, life, time);
        if (!tunnels.TryAdd(tunnel)) return;
        try
        {
            metrics.Handshake("accepted");
            if (routes.NoteCame(tunnel.Secret)) metrics.TunnelCameBack();
            RouterLog.TunnelUp(log, tunnel.Label, tunnel.Remote, tunnel.Protocol, tunnel.Name);
            tunnel.Direct?.Start();
            var telling = tunnel.Notices?.RunAsync(life.Token) ?? Task.CompletedTask;
            var retiring = RetireAsync(tunnel, life);
            await RefuseStreamsAsync(session, life.Token);
            tunnel.Notices?.Close();
            await telling;
            var end = await running;
            await life.CancelAsync();
            var hasRetired = await retiring;
            var reason = departure.Reason ?? (tunnel.Displaced.IsCancellationRequested ? "Displaced" : hasRetired ? "Retired" : end.Reason.ToString());
            metrics.SessionEnded(reason);
            RouterLog.TunnelDown(log, tunnel.Label, tunnel.Remote, (long)time.GetElapsedTime(began).TotalMilliseconds, reason, end.Detail);
        }
        finally
        {
            tunnels.Remove(tunnel);
            routes.NoteLeft(tunnel.Secret);
            await life.CancelAsync();
        }
    }

    private async Task<bool> RetireAsync(TunnelSession tunnel, CancellationTokenSource life)
    {
        await new Retirement(tunnel, tunnels, time).RunAsync(life.Token);
        if (life.IsCancellationRequested) return false;
        await life.CancelAsync();
        return true;
    }

    /// <summary>A client takes visitors and opens nothing itself after the handshake. Returns when the session is over.</summary>
    private static async Task RefuseStreamsAsync(YamuxSession session, CancellationToken stop)
    {
        try
        {
            while (await session.AcceptAsync(stop) is { } stream) stream.Reset();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The session is ending; its own task says why.
        }
    }

    private Duplex? Refuse(EndPoint? remote, string reason)
    {
        metrics.Handshake(reason);
        RouterLog.TunnelRefused(log, remote, reason);
        return null;
    }
}

using System.Net;
using System.Net.Sockets;
using Gateway.Model;
using Gateway.Router.Routing;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Tls;
using Gateway.Transport.Yamux;
using Microsoft.Extensions.Logging;

namespace Gateway.Router.Tunnelling;

/// <summary>
/// The port of the tunnel clients, who speak TLS or, where the operator lets them, yamux at once: the first byte says which. Only
/// a secret that some route names is accepted; everybody else is closed without a word, so that a stranger learns nothing but
/// that its guess was wrong, and holds a descriptor for the handshake's deadline at most.
/// </summary>
internal sealed class TunnelListener(
    RouteTable routes, Tunnels tunnels, TunnelCertificate? certificate, RouterOptions options, RouterMetrics metrics, TimeProvider time, ILogger log)
{
    /// <summary>Bytes that all tunnel clients together may have buffered here.</summary>
    private const long MaxBuffered = 1L << 30;

    private readonly AddressBudget _guests = new(options.TunnelsPerAddress);
    private readonly YamuxOptions _session = YamuxOptions.Default with { Shared = new ByteBudget(MaxBuffered) };
    private long _lastId;

    /// <summary>The story of one tunnel client: prove, join, carry visitors, leave.</summary>
    public async Task VisitAsync(Socket socket, CancellationToken stop)
    {
        await using var carrier = new SocketDuplex(socket);
        if (!_guests.TryTake(carrier.Remote, 1))
        {
            Refuse(carrier.Remote, "crowded");
            return;
        }

        try
        {
            using var deadline = new Deadline(options.HandshakeTimeout, time, stop);
            if (await OpenAsync(carrier, deadline) is { } opened) await ServeAsync(opened, deadline, stop);
        }
        finally
        {
            _guests.Give(carrier.Remote, 1);
        }
    }

    /// <summary>What the session runs over: the connection itself, or TLS over it. Null: it is turned away.</summary>
    private async Task<Duplex?> OpenAsync(SocketDuplex carrier, Deadline deadline)
    {
        try
        {
            var first = new byte[1];
            if (await carrier.PeekAsync(first, deadline.Token) == 0) return Refuse(carrier.Remote, "left");
            if (first[0] == TlsDuplex.FirstByte && certificate is not null) return await TlsDuplex.AcceptAsync(carrier, certificate.Context, deadline.Token);
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
        await using var session = new YamuxSession(carrier, YamuxRole.Server, _session, time);
        var running = session.RunAsync(life.Token);
        try
        {
            if (await ProveAsync(session, carrier.Remote, deadline) is not { } secret) return;
            await JoinAsync(new TunnelSession(Interlocked.Increment(ref _lastId), secret, carrier.Remote, session), session, running, life);
        }
        finally
        {
            await life.CancelAsync();
            await running;
        }
    }

    /// <summary>The secret, when it came in time and a route names it.</summary>
    private async Task<Secret?> ProveAsync(YamuxSession session, EndPoint? remote, Deadline deadline)
    {
        try
        {
            if (await TunnelHandshake.ReceiveAsync(session, deadline.Token) is not { } secret) return Refused(remote, "no handshake");
            return routes.Knows(secret, out _) ? secret : Refused(remote, "unknown secret");
        }
        catch (OperationCanceledException) when (deadline.Passed)
        {
            return Refused(remote, "too slow");
        }
        catch (IOException)
        {
            return Refused(remote, "left");
        }
    }

    private async Task JoinAsync(TunnelSession tunnel, YamuxSession session, Task<YamuxEnd> running, CancellationTokenSource life)
    {
        // Asked again: the last route may have gone since the proof.
        if (!routes.Knows(tunnel.Secret, out var forgotten)) return;
        var began = time.GetTimestamp();
        using var displaced = tunnel.Displaced.Token.UnsafeRegister(static it => ((CancellationTokenSource)it!).Cancel(), life);
        using var unnamed = forgotten.UnsafeRegister(static it => ((CancellationTokenSource)it!).Cancel(), life);
        tunnels.Add(tunnel);
        try
        {
            metrics.Handshake("accepted");
            RouterLog.TunnelUp(log, tunnel.Label, tunnel.Remote);
            await RefuseStreamsAsync(session, life.Token);
            var end = await running;
            var reason = forgotten.IsCancellationRequested ? "RouteDeleted" : tunnel.Displaced.IsCancellationRequested ? "Displaced" : end.Reason.ToString();
            RouterLog.TunnelDown(log, tunnel.Label, tunnel.Remote, (long)time.GetElapsedTime(began).TotalMilliseconds, reason, end.Detail);
        }
        finally
        {
            tunnels.Remove(tunnel);
        }
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

    private Secret? Refused(EndPoint? remote, string reason)
    {
        Refuse(remote, reason);
        return null;
    }

    private Duplex? Refuse(EndPoint? remote, string reason)
    {
        metrics.Handshake(reason);
        RouterLog.TunnelRefused(log, remote, reason);
        return null;
    }
}

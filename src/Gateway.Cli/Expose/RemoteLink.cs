using System.Security.Cryptography;
using Gateway.Transport;
using Gateway.Transport.Handshakes;
using Gateway.Transport.Tls;
using Gateway.Transport.Yamux;

namespace Gateway.Cli.Expose;

/// <summary>One gateway: dials it, proves the service, carries its visitors, and dials again when the session is over.</summary>
internal sealed class RemoteLink(TunnelRemote remote, TunnelClientOptions options, Dialer dialer, LocalApplication service, TimeProvider time, ClientLog log)
{
    private const string About = "link";

    /// <summary>Runs until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            var why = await ServeOnceAsync(stop);
            if (stop.IsCancellationRequested) break;
            // A session that held earns an immediate retry; one that is thrown out at once does not, or two clients with one
            // secret would chase each other without a pause.
            failures = time.GetElapsedTime(started) >= options.Settled ? 1 : failures + 1;
            await PauseAsync(why, ReconnectPause.After(failures, options.LongestPause, Jitter()), stop);
        }
        log.TellIfKnown(About, new ClientEvent("stopped", remote.At, "stopped"));
    }

    // Dials, serves until the session is over, and says why it is.
    private async Task<string> ServeOnceAsync(CancellationToken stop)
    {
        try
        {
            var carrier = await ConnectAsync(stop);
            await using var session = new YamuxSession(carrier, YamuxRole.Client, options.Yamux, time);
            var running = session.RunAsync(CancellationToken.None);
            await OfferAsync(session, stop);
            var connected = time.GetTimestamp();
            var isTaken = await CarryAsync(session, stop);
            var detail = (await running).Detail;
            if (!isTaken) return $"refused or lost right after the handshake: {detail}; the secret may not be that of a reservation at this gateway";
            var hint = time.GetElapsedTime(connected) < options.Settled ? " soon after the handshake; is the secret that of a reservation at this gateway?" : "";
            return $"lost: {detail}{hint}";
        }
        catch (IOException e)
        {
            return $"cannot connect: {e.Message}";
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return "stopped";
        }
    }

    private async Task<Duplex> ConnectAsync(CancellationToken stop)
    {
        var carrier = await dialer.DialAsync(remote.At, stop);
        if (!remote.IsTls) return carrier;
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return await TlsDuplex.ConnectAsync(carrier, remote.At.Host, remote.Pin, time, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new IOException($"no answer to the TLS handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s; is this a gateway's tunnel port?");
        }
    }

    // Serves until the session is over, and tells whether the gateway took it: the protocol has no word for that. A gateway that
    // does not know the secret closes the session at once; one that brings a visitor, or lets it stand, has taken it.
    private async Task<bool> CarryAsync(YamuxSession session, CancellationToken stop)
    {
        var taken = new Taken(() => log.Tell(About, new ClientEvent("connected", remote.At, remote.IsTls ? "connected over TLS" : "connected")));
        var serving = service.ServeAsync(session, taken.Set, stop);
        try
        {
            await serving.WaitAsync(options.Probation, time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            if (session.IsOpen) taken.Set();
            await serving;
        }
        return taken.IsSet;
    }

    private async Task OfferAsync(YamuxSession session, CancellationToken stop)
    {
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            await TunnelHandshake.OfferAsync(session, options.Secret, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new IOException($"no answer to the handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s; is this a gateway's tunnel port?");
        }
        catch (IOException e)
        {
            throw new IOException("the gateway ended the handshake; is this its tunnel port, and the secret that of a reservation?", e);
        }
    }

    private async Task PauseAsync(string why, TimeSpan pause, CancellationToken stop)
    {
        log.Tell(About, new ClientEvent("disconnected", remote.At, why, pause));
        try
        {
            await Task.Delay(pause, time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The loop sees it too.
        }
    }

    private static double Jitter() => RandomNumberGenerator.GetInt32(1_000_000) / 1_000_000.0;
}

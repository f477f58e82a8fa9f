using System.Net;
using System.Security.Cryptography;
using Gateway.Transport;
using Gateway.Transport.Tls;
using Gateway.Transport.Yamux;

namespace Gateway.Cli.Expose;

/// <summary>One gateway: dials it, proves the service, carries its visitors, and dials again when the session is over or about to be.</summary>
internal sealed class RemoteLink(
    TunnelRemote remote, TunnelClientOptions options, Dialer dialer, LocalApplication service, DirectConnections direct, LocalAddressWatch addresses,
    TimeProvider time, ClientLog log, ClientHealth? health)
{
    private const string About = "link";

    private readonly Introduction _introduction = new(remote, options, time);

    // Sessions whose gateway goes away: they carry the visitors they have to the end, beside the session that follows.
    private readonly List<Task> _leaving = [];

    // The line fell silent before: it may be one that drops large packets without a word.
    private volatile bool _isNarrow;

    /// <summary>Runs until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            var end = await ServeOnceAsync(stop);
            if (stop.IsCancellationRequested) break;
            if (end is null) continue;
            _isNarrow |= end.FellSilent;
            // A session that held earns an immediate retry, and soon when it was the line that broke; one that is thrown out at once
            // does not, or two clients with one secret would chase each other without a pause.
            failures = time.GetElapsedTime(started) >= (end.LineBroke ? options.Proven : options.Settled) ? 1 : failures + 1;
            var pause = ReconnectPause.After(failures, options.LongestPause, Jitter());
            await PauseAsync(end.Why, pause > end.AtLeast ? pause : end.AtLeast, stop);
        }
        await Task.WhenAll(_leaving);
        log.TellIfKnown(About, new ClientEvent("stopped", remote.At, "stopped"));
    }

    // Dials, serves until the session is over or the gateway goes away, and says why; null: try at once, without a word.
    private async Task<LinkEnd?> ServeOnceAsync(CancellationToken stop)
    {
        try
        {
            var (carrier, local) = await ConnectAsync(stop);
            using var watch = addresses.Watch(local, () => Lose(carrier));
            var session = new YamuxSession(carrier, YamuxRole.Client, options.Yamux, time);
            var running = session.RunAsync(CancellationToken.None);
            var serving = ServeAsync(session, running, stop);
            await Task.WhenAny(serving, session.GoingAway);
            return await IsLeavingAsync(session, serving) ? new LinkEnd("the gateway goes away; visitors who are here may finish") : await serving;
        }
        catch (SilentGatewayException e)
        {
            return new LinkEnd($"cannot connect: {e.Message}") { FellSilent = true };
        }
        catch (IOException e)
        {
            return new LinkEnd($"cannot connect: {e.Message}");
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return new LinkEnd("stopped");
        }
    }

    // A go-away before a close is no more than a close; one that leaves the session standing gives us time to take another.
    private async Task<bool> IsLeavingAsync(YamuxSession session, Task<LinkEnd?> serving)
    {
        if (!session.PeerGoesAway || await IsOverAsync(serving, options.Probation)) return false;
        _leaving.RemoveAll(task => task.IsCompleted);
        _leaving.Add(LeaveAsync(serving));
        return true;
    }

    private static async Task LeaveAsync(Task serving)
    {
        try
        {
            await serving;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // However it ends: the session that follows is what counts.
        }
    }

    /// <summary>The life of one session, which it owns.</summary>
    private async Task<LinkEnd?> ServeAsync(YamuxSession session, Task<YamuxEnd> running, CancellationToken stop)
    {
        await using var owned = session;
        switch (await _introduction.MakeAsync(session, running, stop))
        {
            case Welcome.NotUnderstood: return null;
            case Welcome.Refused refused: return new LinkEnd(refused.Why) { AtLeast = refused.Pause };
            case Welcome.In taken:
                Tell($"connected{(remote.IsTls ? " over TLS" : "")} as tunnel {taken.Answer.Session}");
                await ServeAsync(session, taken.Control, stop);
                var past = await running;
                return new LinkEnd($"lost: {past.Detail}") { LineBroke = !session.PeerGoesAway, FellSilent = past.Reason == YamuxEndReason.PeerSilent };
            default:
                return await CarryAsync(session, running, stop);
        }
    }

    private async Task ServeAsync(YamuxSession session, YamuxStream control, CancellationToken stop)
    {
        await using var owned = control;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var hearing = direct.RunAsync(control, _isNarrow, over.Token);
        await service.ServeAsync(session, announces: true, () => { }, stop);
        await over.CancelAsync();
        await hearing;
    }

    private async Task<(Duplex Carrier, EndPoint? Local)> ConnectAsync(CancellationToken stop)
    {
        var carrier = await dialer.DialAsync(remote.At, new ConnectOptions { IsNarrow = _isNarrow }, stop);
        var local = carrier.Local;
        if (!remote.IsTls) return (carrier, local);
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return (await TlsDuplex.ConnectAsync(carrier, remote.At.Host, remote.Pins, time, either.Token), local);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new SilentGatewayException($"no answer to the TLS handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s; is this a gateway's tunnel port?");
        }
    }

    // Serves until the session is over, and tells whether the gateway took it: the old protocol has no word for that. A gateway that
    // does not know the secret closes the session at once; one that brings a visitor, or lets it stand, has taken it.
    private async Task<LinkEnd?> CarryAsync(YamuxSession session, Task<YamuxEnd> running, CancellationToken stop)
    {
        var connected = time.GetTimestamp();
        var taken = new Taken(() => Tell("connected"));
        var serving = service.ServeAsync(session, announces: false, taken.Set, stop);
        if (!await IsOverAsync(serving, options.Probation) && session.IsOpen) taken.Set();
        await serving;
        var (reason, detail) = await running;
        if (!taken.IsSet) return new LinkEnd($"refused or lost right after the handshake: {detail}; the secret may not be that of a reservation at this gateway");
        var hint = time.GetElapsedTime(connected) < options.Settled ? " soon after the handshake; is the secret that of a reservation at this gateway?" : "";
        return new LinkEnd($"lost: {detail}{hint}") { FellSilent = reason == YamuxEndReason.PeerSilent };
    }

    // Another network may be another path.
    private void Lose(Duplex carrier)
    {
        _isNarrow = false;
        carrier.Reset();
    }

    private async Task<bool> IsOverAsync(Task task, TimeSpan within)
    {
        await Task.WhenAny(task, Task.Delay(within, time, CancellationToken.None));
        return task.IsCompleted;
    }

    private async Task PauseAsync(string why, TimeSpan pause, CancellationToken stop)
    {
        health?.Set(options.Service, remote.At, isUp: false, why);
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

    private void Tell(string connected)
    {
        health?.Set(options.Service, remote.At, isUp: true, connected);
        log.Tell(About, new ClientEvent("connected", remote.At, connected));
    }

    private static double Jitter() => RandomNumberGenerator.GetInt32(1_000_000) / 1_000_000.0;

    /// <summary>Why a session is over, and how long to stay away at least.</summary>
    private sealed record LinkEnd(string Why)
    {
        public TimeSpan AtLeast { get; init; }

        /// <summary>The gateway had let the session in, and did not end it: the line did, or the gateway's own end.</summary>
        public bool LineBroke { get; init; }

        /// <summary>Nothing came any more, and nobody said why.</summary>
        public bool FellSilent { get; init; }
    }
}

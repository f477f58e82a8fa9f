using Gateway.Transport;
using Gateway.Transport.Yamux;

namespace Gateway.Cli.Expose;

/// <summary>
/// The service behind the tunnel. Each visitor's stream has a task of its own that peeks, dials and carries; one that fails or
/// waits costs no other anything.
/// </summary>
internal sealed class LocalApplication(TunnelClientOptions options, Dialer dialer, TimeProvider time, ClientLog log, VisitLog? visitors = null)
{
    private const string About = "local";

    private readonly RelayOptions _relay = new() { Time = time };

    /// <summary>
    /// Carries the session's visitors until it is over; told to stop, it lets those that are here finish, with a bound.
    /// <paramref name="announces"/>: the gateway sends a header before each visitor. <paramref name="arrived"/> is called for each visitor, before anything else is done for him.
    /// </summary>
    public async Task ServeAsync(YamuxSession session, bool announces, Action arrived, CancellationToken stop)
    {
        var visits = new Visits();
        try
        {
            while (await session.AcceptAsync(stop) is { } stream)
            {
                arrived();
                visits.Start(() => VisitAsync(stream, announces));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await session.GoAwayAsync(0, CancellationToken.None);
            await visits.DrainAsync(options.Drain, time);
        }
        finally
        {
            await session.DisposeAsync();
            await visits.DrainAsync(options.Drain, time);
        }
    }

    private async Task VisitAsync(YamuxStream visitor, bool announces)
    {
        await using var owned = visitor;
        try
        {
            if (await HearAsync(visitor, announces) is { } opening) await CarryAsync(visitor, opening);
        }
        catch (IOException)
        {
            // The visitor left before his first byte.
        }
    }

    /// <summary>Carries one visitor, of whom this much is known, to his end.</summary>
    public async Task CarryAsync(Duplex visitor, VisitorOpening opening)
    {
        var began = time.GetTimestamp();
        var target = opening.IsTls ? options.LocalTls ?? options.Local : options.Local;
        await using var local = await DialAsync(target);
        RelayResult? carried = null;
        if (local is null) visitor.Reset();
        else carried = await Relay.RunAsync(visitor, opening.First, local, _relay, CancellationToken.None);
        visitors?.Tell(opening, target, time.GetElapsedTime(began), carried);
    }

    // With one target for both kinds and an old gateway there is nothing to look at, and nothing to wait for.
    private async ValueTask<VisitorOpening?> HearAsync(YamuxStream visitor, bool announces)
    {
        if (announces) return await ReadHeaderAsync(visitor);
        if (options.LocalTls is not { } tls || tls == options.Local) return VisitorOpening.Guess(default, options);
        return VisitorOpening.Guess(await PeekAsync(visitor), options);
    }

    private async ValueTask<VisitorOpening?> ReadHeaderAsync(YamuxStream visitor)
    {
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, time);
        try
        {
            return await VisitorOpening.ReadAsync(visitor, options, deadline.Token);
        }
        catch (OperationCanceledException)
        {
            // The gateway opened a stream and says nothing: nobody is there to be served.
            return null;
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> PeekAsync(YamuxStream visitor)
    {
        using var deadline = new CancellationTokenSource(options.PeekTimeout, time);
        var first = new byte[1];
        try
        {
            return first.AsMemory(0, await visitor.ReadAsync(first, deadline.Token));
        }
        catch (OperationCanceledException)
        {
            // He waits for the server to speak first; TLS clients never do.
            return default;
        }
    }

    private async ValueTask<Duplex?> DialAsync(HostPort target)
    {
        try
        {
            var local = await dialer.DialAsync(target, CancellationToken.None);
            log.TellIfKnown(About, new ClientEvent("local_up", target, "the local service answers"));
            return local;
        }
        catch (IOException e)
        {
            log.Tell(About, new ClientEvent("local_down", target, $"the local service does not answer: {e.Message}"));
            return null;
        }
    }
}

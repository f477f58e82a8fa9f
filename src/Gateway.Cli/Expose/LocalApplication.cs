using Gateway.Transport;
using Gateway.Transport.Yamux;

namespace Gateway.Cli.Expose;

/// <summary>
/// The service behind the tunnel. Each visitor's stream has a task of its own that peeks, dials and carries; one that fails or
/// waits costs no other anything.
/// </summary>
internal sealed class LocalApplication(TunnelClientOptions options, Dialer dialer, TimeProvider time, ClientLog log)
{
    // RFC 8446 section 5.1: the content type of a handshake record, the first byte of every TLS client.
    private const byte TlsHandshake = 0x16;
    private const string About = "local";

    private readonly RelayOptions _relay = new() { Time = time };

    /// <summary>
    /// Carries the session's visitors until it is over; told to stop, it lets those that are here finish, with a bound.
    /// <paramref name="arrived"/> is called for each visitor, before anything else is done for him.
    /// </summary>
    public async Task ServeAsync(YamuxSession session, Action arrived, CancellationToken stop)
    {
        var visits = new Visits();
        try
        {
            while (await session.AcceptAsync(stop) is { } stream)
            {
                arrived();
                visits.Start(() => VisitAsync(stream));
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

    private async Task VisitAsync(YamuxStream visitor)
    {
        await using var owned = visitor;
        try
        {
            var (peeked, target) = await ChooseAsync(visitor);
            await using var local = await DialAsync(target);
            if (local is null) visitor.Reset();
            else await Relay.RunAsync(visitor, peeked, local, _relay, CancellationToken.None);
        }
        catch (IOException)
        {
            // The visitor left before his first byte.
        }
    }

    // With one target for both kinds there is nothing to look at, and nothing to wait for.
    private async ValueTask<(ReadOnlyMemory<byte> Peeked, HostPort Target)> ChooseAsync(YamuxStream visitor)
    {
        if (options.LocalTls is not { } tls || tls == options.Local) return (default, options.Local);
        var first = await PeekAsync(visitor);
        return (first, first.Span is [TlsHandshake, ..] ? tls : options.Local);
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

using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;

namespace Gateway.Cli.Expose;

/// <summary>
/// The handshake with one gateway: the negotiated one first, the old one with a gateway that did not understand it. Over TLS there is no
/// old one, for no server of the old protocol speaks TLS.
/// </summary>
internal sealed class Introduction(TunnelRemote remote, TunnelClientOptions options, TimeProvider time)
{
    /// <summary>A connection that broke says little; one that breaks so often in a row may be an old gateway's way of saying no.</summary>
    private const int MostBroken = 3;

    private int _broken;
    private bool _speaksOld;

    /// <summary>Introduces us. <paramref name="running"/> is the session's own task.</summary>
    /// <exception cref="IOException">The gateway did not answer in time, or broke off.</exception>
    public async Task<Welcome> MakeAsync(YamuxSession session, Task<YamuxEnd> running, CancellationToken stop)
    {
        // After each session the newer handshake is tried again: the gateway may be a newer one by then.
        var old = _speaksOld;
        _speaksOld = false;
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
        try
        {
            return old ? await OfferOldAsync(session, either.Token) : await OfferAsync(session, running, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new SilentGatewayException($"no answer to the handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s; is this a gateway's tunnel port?");
        }
    }

    private async Task<Welcome> OfferAsync(YamuxSession session, Task<YamuxEnd> running, CancellationToken stop)
    {
        var (answer, control) = await TunnelHandshake.OfferAsync(session, Hello(), stop);
        if (answer is { Refusal: TunnelRefusal.None }) return new Welcome.In(answer, control);
        await control.DisposeAsync();
        if (answer is not null) return Welcome.Because(answer);
        if (remote.IsTls || session.PeerGoesAway) throw new IOException("the gateway ended the handshake; it may have too many clients from here");
        _broken = await WasClosedAsync(session, running, stop) ? MostBroken : _broken + 1;
        if (_broken < MostBroken) throw new IOException("the gateway broke off the handshake");
        (_broken, _speaksOld) = (0, true);
        return new Welcome.NotUnderstood();
    }

    private async Task<Welcome> OfferOldAsync(YamuxSession session, CancellationToken stop)
    {
        try
        {
            await TunnelHandshake.OfferAsync(session, options.Secret, stop);
            return new Welcome.Unsaid();
        }
        catch (IOException e)
        {
            throw new IOException("the gateway ended the handshake; is this its tunnel port, and the secret that of a reservation?", e);
        }
    }

    // A server of the old protocol closes the connection when it reads a magic that it does not know. One that resets the stream and
    // keeps the session does the same in another way.
    private static async Task<bool> WasClosedAsync(YamuxSession session, Task<YamuxEnd> running, CancellationToken stop) =>
        session.IsOpen || (await running.WaitAsync(stop)).Reason == YamuxEndReason.PeerEnded;

    private TunnelHello Hello() => new(
        options.Secret, options.Name, options.Serves,
        options.ProxyProtocol != 0 ? TunnelFeatures.HandsOnAddresses : options.Direct ? TunnelFeatures.DirectConnections : TunnelFeatures.None);
}

using Gateway.Transport.Relaying;

namespace Gateway.Transport;

/// <summary>Carries bytes both ways between a visitor and an upstream until both have ended, keeping half-closes and resets as they are.</summary>
public static class Relay
{
    /// <summary>
    /// Runs until both directions have ended. <paramref name="peeked"/> goes to the upstream first. A half-close is forwarded; an
    /// error one way resets the other. The caller still owns, and disposes, both ends. Never throws for what a peer did.
    /// </summary>
    public static Task<RelayResult> RunAsync(Duplex visitor, ReadOnlyMemory<byte> peeked, Duplex upstream, RelayOptions options, CancellationToken stop) =>
        visitor is SocketDuplex front && upstream is SocketDuplex back && KernelRelay.TryCreate(front, back, options) is { } relay
            ? relay.RunAsync(peeked, stop)
            : new CopyRelay(visitor, upstream, options).RunAsync(peeked, stop);
}

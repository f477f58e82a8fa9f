using Gateway.Transport.Handshakes;
using Gateway.Transport.Yamux;

namespace Gateway.Cli.Expose;

/// <summary>What a gateway made of our handshake.</summary>
internal abstract record Welcome
{
    private Welcome()
    {
    }

    /// <summary>We are in, and it said so.</summary>
    public sealed record In(TunnelAnswer Answer, YamuxStream Control) : Welcome;

    /// <summary>It speaks the old protocol, which has no word for that: what follows will tell.</summary>
    public sealed record Unsaid : Welcome;

    /// <summary>It does not know the negotiated handshake: try the old one.</summary>
    public sealed record NotUnderstood : Welcome;

    /// <summary>It turned us away, and does not want to see us again before the pause is over.</summary>
    public sealed record Refused(string Why, TimeSpan Pause) : Welcome;

    /// <summary>A refusal in words, with what to do.</summary>
    public static Refused Because(TunnelAnswer answer) => new(answer.Refusal switch
    {
        TunnelRefusal.Unknown => "refused: no reservation at this gateway has this secret; is it the right secret and the right gateway?",
        TunnelRefusal.Stopping => "the gateway is about to stop",
        TunnelRefusal.Unsupported => "refused: the gateway is too old for what this client insists on",
        _ => "the gateway is too busy to let more clients in",
    }, answer.RetryAfter);
}

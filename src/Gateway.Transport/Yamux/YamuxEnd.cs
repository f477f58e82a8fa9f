namespace Gateway.Transport.Yamux;

/// <summary>Why a session is over.</summary>
public enum YamuxEndReason
{
    /// <summary>The peer closed the connection between two frames.</summary>
    PeerEnded,

    /// <summary>The connection beneath broke.</summary>
    CarrierBroke,

    /// <summary>Nothing came from the peer for too long, or it read nothing for too long.</summary>
    PeerSilent,

    /// <summary>The peer broke a rule of the protocol.</summary>
    PeerMisbehaved,

    /// <summary>The peer said that we broke a rule, or that it failed (go-away with a code of 1 or more).</summary>
    PeerComplained,

    /// <summary>We were told to stop, or were disposed.</summary>
    Stopped,
}

/// <summary>How a session ended, with one phrase for the log; the phrase holds nothing that the peer wrote.</summary>
public readonly record struct YamuxEnd(YamuxEndReason Reason, string Detail);

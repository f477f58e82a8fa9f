namespace Gateway.Transport;

/// <summary>How a connection is dialled.</summary>
public sealed record ConnectOptions
{
    /// <summary>As the kernel does it.</summary>
    public static ConnectOptions Default { get; } = new();

    /// <summary>See <see cref="Duplex.StaysOnPoller"/>; for the dial too.</summary>
    public bool StaysOnPoller { get; init; }

    /// <summary>
    /// Only small segments, both ways: what fits through every path (RFC 8200 section 5: 1,280 octets, less the headers), also where a
    /// router drops what is larger and does not say so (RFC 2923 section 2.1).
    /// </summary>
    public bool IsNarrow { get; init; }

    /// <summary>
    /// Whoever dials has something to say at once: its first bytes end the handshake, which spares a packet and one waking of the peer.
    /// One that stays silent all the same is seen by its peer some 200 ms later.
    /// </summary>
    public bool SpeaksFirst { get; init; }
}

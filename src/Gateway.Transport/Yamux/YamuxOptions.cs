namespace Gateway.Transport.Yamux;

/// <summary>Which end we are: the client opens odd stream ids, the server even ones.</summary>
public enum YamuxRole
{
    /// <summary>The end that dialled.</summary>
    Client,

    /// <summary>The end that was dialled.</summary>
    Server,
}

/// <summary>The bounds of one session.</summary>
public sealed record YamuxOptions
{
    /// <summary>The defaults.</summary>
    public static YamuxOptions Default { get; } = new();

    /// <summary>Streams open at once, both peers' together; the peer's further ones are reset, ours are not opened. Default 1,024.</summary>
    public int MaxStreams { get; init; } = 1024;

    /// <summary>The id of the first stream that we open, of our parity; null: the first there is. Ids are not used again, so that this is how soon they end.</summary>
    public uint? FirstId { get; init; }

    /// <summary>Streams of the peer that nobody has accepted yet; further ones are reset. Default 256, which the peer counts with.</summary>
    public int Backlog { get; init; } = 256;

    /// <summary>Bytes received and not yet read, all streams together; above it the fullest stream is reset. Default 64 MiB.</summary>
    public long MaxBuffered { get; init; } = 64L << 20;

    /// <summary>The same bound over all sessions of the process; above it the fullest stream of the session that holds most is reset. None by default.</summary>
    public ByteBudget? Shared { get; init; }

    /// <summary>The largest receive window of a stream in bytes, reached only by streams that gain from it. Default 16 MiB.</summary>
    public uint MaxWindow { get; init; } = 16u << 20;

    /// <summary>How often the peer is asked for a sign of life. Default 10 s.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A peer from which nothing came for so long is dead. Default 24 s.</summary>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(24);

    /// <summary>A peer that takes nothing of what we write for so long is dead. Default 20 s.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a last go-away may take to leave when the session ends by our will. Default 1 s.</summary>
    public TimeSpan Farewell { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same with signs of life in these steps; the times after which a peer is dead are to them as the default ones are to 10 s.</summary>
    public YamuxOptions Beating(TimeSpan heartbeat)
    {
        var pace = heartbeat / Default.PingInterval;
        return this with { PingInterval = heartbeat, DeadAfter = pace * Default.DeadAfter, WriteTimeout = pace * Default.WriteTimeout };
    }
}

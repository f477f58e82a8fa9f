using Gateway.Transport.Relaying;

namespace Gateway.Transport;

/// <summary>How a relay ended.</summary>
public enum RelayEnd
{
    /// <summary>Both sides ended their direction and all bytes were carried.</summary>
    Finished,

    /// <summary>The visitor's connection broke; the upstream was reset.</summary>
    VisitorBroke,

    /// <summary>The upstream's connection broke; the visitor was reset.</summary>
    UpstreamBroke,

    /// <summary>Nothing moved for the idle deadline; both were reset.</summary>
    Idle,

    /// <summary>The visitor took next to nothing of what waited for it; both were reset.</summary>
    VisitorStalled,

    /// <summary>The upstream took next to nothing of what waited for it; both were reset.</summary>
    UpstreamStalled,

    /// <summary>We were told to stop; both were reset.</summary>
    Stopped,
}

/// <summary>What a relay carried, in bytes, peeked ones included, and how it ended.</summary>
public readonly record struct RelayResult(long ToUpstream, long ToVisitor, RelayEnd End);

/// <summary>The bounds of one relay.</summary>
public sealed record RelayOptions
{
    /// <summary>The defaults.</summary>
    public static RelayOptions Default { get; } = new();

    /// <summary>Both directions silent for this long end the relay. Default one hour.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// A side that takes less than 128 bytes a second of what waits for it, for this long, ends the relay. Default five minutes.
    /// </summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Small pieces, of this relay and others on its thread, that are read and sent together at most: 1 to 64, default 64. Many save
    /// CPU; few wake their readers one after the other, which on a busy machine shows in the slowest answers.
    /// </summary>
    public int PiecesTogether { get; init; } = PieceBatch.MostPieces;

    /// <summary>Counts what is carried, while it is; null: nobody asks.</summary>
    public ByteCount? Count { get; init; }

    /// <summary>Who holds the peeked bytes: disposed of as soon as they are through, long before the relay ends; null: nobody has to know.</summary>
    public IDisposable? HeldBy { get; init; }

    /// <summary>The clock of the idle deadline.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

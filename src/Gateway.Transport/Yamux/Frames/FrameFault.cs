namespace Gateway.Transport.Yamux.Frames;

/// <summary>The rules whose breach ends a session. Each is answered with go-away 1 (protocol error).</summary>
internal enum FrameFault
{
    None,

    /// <summary>A version other than 0.</summary>
    Version,

    /// <summary>A kind above 3.</summary>
    Kind,

    /// <summary>Data or a window update for stream 0, or a ping or go-away for another.</summary>
    StreamId,

    /// <summary>The peer opened a stream with an id that is ours to open.</summary>
    Parity,

    /// <summary>The peer opened a stream that is open.</summary>
    DuplicateSyn,

    /// <summary>More payload than the credit we gave.</summary>
    CreditOverrun,

    /// <summary>Credit that adds up to more than 32 bits.</summary>
    CreditOverflow,

    /// <summary>A second end of the same direction.</summary>
    UnexpectedFin,
}

/// <summary>The faults in words.</summary>
internal static class FrameFaults
{
    extension(FrameFault fault)
    {
        /// <summary>One phrase for the log.</summary>
        public string Phrase => fault switch
        {
            FrameFault.None => "no fault",
            FrameFault.Version => "a frame of another version",
            FrameFault.Kind => "a frame of an unknown kind",
            FrameFault.StreamId => "a frame of this kind on this stream id",
            FrameFault.Parity => "a stream opened with an id of ours",
            FrameFault.DuplicateSyn => "a stream opened twice",
            FrameFault.CreditOverrun => "more data than its credit",
            FrameFault.CreditOverflow => "more credit than 32 bits hold",
            FrameFault.UnexpectedFin => "a stream ended twice",
            _ => "a broken rule",
        };
    }
}

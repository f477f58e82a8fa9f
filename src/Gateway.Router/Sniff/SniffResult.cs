namespace Gateway.Router.Sniff;

/// <summary>What the first bytes of a connection say.</summary>
internal enum SniffResult
{
    /// <summary>A prefix of something that may still become a ClientHello.</summary>
    NeedMore,

    /// <summary>A whole ClientHello that names a host.</summary>
    Found,

    /// <summary>A whole ClientHello without a server name.</summary>
    NoName,

    /// <summary>No TLS record of the handshake kind at all.</summary>
    NotTls,

    /// <summary>TLS, but not a ClientHello that a server could accept: too long, broken, or with two names.</summary>
    Malformed,
}

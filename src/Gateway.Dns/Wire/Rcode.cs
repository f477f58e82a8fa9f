namespace Gateway.Dns.Wire;

/// <summary>Response codes (RFC 6895 section 2.3). Those above 15 need an OPT record.</summary>
internal enum Rcode
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,

    /// <summary>A DNAME made the name too long (RFC 6672 section 2.2).</summary>
    YxDomain = 6,

    NotAuth = 9,

    /// <summary>An EDNS version that nobody defined yet (RFC 6891 section 6.1.3).</summary>
    BadVers = 16,

    /// <summary>A missing or wrong server cookie (RFC 7873 section 5.2.3).</summary>
    BadCookie = 23,
}

/// <summary>What a message asks for (RFC 6895 section 2.2).</summary>
internal enum Opcode
{
    Query = 0,
    Notify = 4,
    Update = 5,
}

/// <summary>Extended DNS errors (RFC 8914 section 4).</summary>
internal enum ExtendedError : ushort
{
    /// <summary>There is nothing to add.</summary>
    None = 0xFFFF,

    Prohibited = 18,

    NotAuthoritative = 20,

    /// <summary>No upstream answered.</summary>
    NetworkError = 23,
}

namespace Gateway.Model.Records;

/// <summary>The record and query types that the gateway knows by name (the IANA registry of DNS parameters); any other number is legal.</summary>
public enum RecordType : ushort
{
    /// <summary>IPv4 address, RFC 1035.</summary>
    A = 1,

    /// <summary>Name server, RFC 1035.</summary>
    Ns = 2,

    /// <summary>Alias, RFC 1035.</summary>
    Cname = 5,

    /// <summary>Start of authority, RFC 1035.</summary>
    Soa = 6,

    /// <summary>Pointer, RFC 1035.</summary>
    Ptr = 12,

    /// <summary>Host information; the answer to ANY, RFC 8482.</summary>
    Hinfo = 13,

    /// <summary>Mail exchanger, RFC 1035.</summary>
    Mx = 15,

    /// <summary>Text, RFC 1035.</summary>
    Txt = 16,

    /// <summary>IPv6 address, RFC 3596.</summary>
    Aaaa = 28,

    /// <summary>Service location, RFC 2782.</summary>
    Srv = 33,

    /// <summary>Naming authority pointer, RFC 3403.</summary>
    Naptr = 35,

    /// <summary>Alias of a whole subtree, RFC 6672.</summary>
    Dname = 39,

    /// <summary>EDNS pseudo record, RFC 6891.</summary>
    Opt = 41,

    /// <summary>Delegation signer, RFC 4034.</summary>
    Ds = 43,

    /// <summary>SSH key fingerprint, RFC 4255.</summary>
    Sshfp = 44,

    /// <summary>Certificate association, RFC 6698.</summary>
    Tlsa = 52,

    /// <summary>Service binding, RFC 9460.</summary>
    Svcb = 64,

    /// <summary>Service binding of HTTP, RFC 9460.</summary>
    Https = 65,

    /// <summary>Key agreement, RFC 2930; never a question for us.</summary>
    Tkey = 249,

    /// <summary>Transaction signature, RFC 8945.</summary>
    Tsig = 250,

    /// <summary>Incremental transfer, RFC 1995.</summary>
    Ixfr = 251,

    /// <summary>Whole transfer, RFC 5936.</summary>
    Axfr = 252,

    /// <summary>Obsolete mailbox query, RFC 1035.</summary>
    Mailb = 253,

    /// <summary>Obsolete mail agent query, RFC 973.</summary>
    Maila = 254,

    /// <summary>All types, answered by RFC 8482.</summary>
    Any = 255,

    /// <summary>Certification authority authorization, RFC 8659.</summary>
    Caa = 257,
}

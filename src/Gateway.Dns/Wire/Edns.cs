namespace Gateway.Dns.Wire;

/// <summary>What a query's OPT record says (RFC 6891). Options that we do not know are passed over and never sent back.</summary>
internal ref struct Edns
{
    /// <summary>Octets of a client cookie (RFC 7873 section 4).</summary>
    public const int ClientCookieLength = 8;

    /// <summary>Octets of the longest cookie option: ours and eight to thirty-two of a server.</summary>
    public const int LongestCookie = 40;

    private const int NsidOption = 3;
    private const int CookieOption = 10;

    /// <summary>True when there was an OPT record.</summary>
    public bool Present;

    /// <summary>Octets of a UDP answer that the client says it can take; below 512 means 512.</summary>
    public ushort Size;

    /// <summary>Version; only 0 exists.</summary>
    public byte Version;

    /// <summary>The DNSSEC OK bit (RFC 3225).</summary>
    public bool DnssecOk;

    /// <summary>True when the client asks who answers (RFC 5001).</summary>
    public bool WantsNsid;

    /// <summary>The cookie option: eight octets of the client, and what a server gave it before.</summary>
    public ReadOnlySpan<byte> Cookie;

    /// <summary>True when there was a well-formed cookie option.</summary>
    public readonly bool HasCookie => Cookie.Length > 0;

    /// <summary>Reads the fields of an OPT record. False when its options do not fill it exactly, or a cookie has a forbidden length.</summary>
    public static bool TryRead(ushort size, uint extended, ReadOnlySpan<byte> rdata, out Edns edns)
    {
        edns = new Edns { Present = true, Size = size, Version = (byte)(extended >> 16), DnssecOk = (extended & 0x8000) != 0 };
        // RFC 6891 section 6.1.3: what a later version puts here is not ours to judge.
        return edns.Version != 0 || edns.TryReadOptions(rdata);
    }

    private bool TryReadOptions(ReadOnlySpan<byte> rdata)
    {
        while (rdata.Length >= 4)
        {
            int code = Octets.Read16(rdata, 0), length = Octets.Read16(rdata, 2);
            rdata = rdata[4..];
            if (length > rdata.Length || !TryTake(code, rdata[..length])) return false;
            rdata = rdata[length..];
        }

        return rdata.IsEmpty;
    }

    private bool TryTake(int code, ReadOnlySpan<byte> value)
    {
        if (code == NsidOption) WantsNsid = true;
        if (code != CookieOption || HasCookie) return true;
        // RFC 7873 section 5.2.2: 8 octets, or 16 to 40; anything else is FORMERR.
        if (value.Length is not (ClientCookieLength or (>= 16 and <= LongestCookie))) return false;
        Cookie = value;
        return true;
    }
}
